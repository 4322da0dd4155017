"""Redis by TLS only: CA, client certificate and an ACL user, for ledger and broker alike."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import trustme
from redis import Redis
from redis.exceptions import RedisError

from ops.local.embedded_redis import server_command
from ops.local.ports import free_port
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.support.commands import ops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ops.local.local_bridge import LocalBridge

# As docs/redis.md shows it.
ACL = "~bridge:* &* +@all -@dangerous +info +keys +config|get"


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, Path]:
    """A CA, a server's and a client's certificate, each in a PEM file."""
    ca, folder = trustme.CA(), tmp_path / "tls"
    folder.mkdir()
    files = {name: folder / f"{name}.pem" for name in ("ca", "cert", "key", "mine", "my_key")}
    server, client = ca.issue_cert("127.0.0.1"), ca.issue_cert("bridge")
    ca.cert_pem.write_to_path(files["ca"])
    server.cert_chain_pems[0].write_to_path(files["cert"])
    server.private_key_pem.write_to_path(files["key"])
    client.cert_chain_pems[0].write_to_path(files["mine"])
    client.private_key_pem.write_to_path(files["my_key"])
    return files


@pytest.fixture
def url(tmp_path: Path, certificates: dict[str, Path]) -> Iterator[str]:
    """The address of a server that speaks TLS alone and asks for a client certificate."""
    assert shutil.which("redis-server"), "install redis-server (`make redis-server`): it speaks TLS"
    port, folder = free_port(), tmp_path / "redis"
    folder.mkdir()
    options = {
        "port": 0,
        "tls-port": port,
        "tls-cert-file": certificates["cert"],
        "tls-key-file": certificates["key"],
        "tls-ca-cert-file": certificates["ca"],
        "tls-auth-clients": "yes",
    }
    config = folder / "users.conf"
    config.write_text(f"user default off\nuser bridge on >s3cret {ACL}\n")
    binary, *rest = server_command(0, folder, options)
    process = subprocess.Popen([binary, str(config), *rest], stdout=subprocess.DEVNULL)
    query = (
        f"ssl_ca_certs={certificates['ca']}&ssl_certfile={certificates['mine']}"
        f"&ssl_keyfile={certificates['my_key']}"
    )
    found = f"rediss://bridge:s3cret@127.0.0.1:{port}/0?{query}"
    try:
        wait_until(lambda: _answers(found), 20, "Redis answers by TLS")
        yield found
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        with Redis.from_url(url) as client:
            return bool(client.ping())
    except RedisError:
        return False


def test_the_loop_runs_by_tls_as_an_acl_user(
    url: str, start_bridge: Callable[..., LocalBridge]
) -> None:
    bridge = start_bridge(
        environ={"REDIS_URL": url}, sandbox_options={"interview_delay_seconds": 0.2}
    )
    assert bridge.send_cohort(sample_members(10)).status_code == 200
    with Redis.from_url(url) as client:

        def through() -> bool:
            now = read_progress(client, "demo")
            return now.completed >= 10 and now.owed == 0

        wait_until(through, 40, "ten are through")
        assert client.acl_whoami() == "bridge"
    _, report = ops(bridge, "doctor")
    checks = {one["name"]: one["ok"] for one in report["checks"]}
    assert (checks["redis"], checks["redis-persistence"], checks["workers"]) == (True, True, True)


def test_neither_side_goes_without_the_others_certificate(url: str) -> None:
    assert _answers(url)
    assert not _answers(url.split("?", maxsplit=1)[0])
    other = url.partition("?")[2].partition("&")[2]
    assert not _answers(f"{url.partition('?')[0]}?{other}")  # whose CA is not known
    assert not _answers(url.replace("s3cret", "wrong"))
