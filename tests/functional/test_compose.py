"""Every service of docker-compose.yml, run by hand as compose would, without a Docker engine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from ops.local.progress import arrived, read_progress
from ops.local.supervised import procfile_programs
from ops.local.waiting import wait_until
from tests.functional.compose.containers import Containers
from tests.functional.compose.isolation import expected_user
from tests.functional.compose.running import MEMBERS, Running

if TYPE_CHECKING:
    from collections.abc import Iterator

# Its first test also waits until a dozen processes have started.
pytestmark = pytest.mark.timeout(300)
PYTHON_SERVICES = [
    *("ingress", "worker-inbox", "worker-koji", "worker-mixpanel"),
    *("beat", "flower", "console", "sandbox"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    services = Running()
    try:
        wait_until(services.ready, 120, f"all is ready ({services.containers.run_folder})")
        yield services
    finally:
        services.supervised.stop()
        shutil.rmtree(services.containers.run_folder, ignore_errors=True)


@pytest.fixture(scope="module")
def looped(running: Running) -> Running:
    """Return the services after a cohort went all the way round."""
    assert running.send_cohort().json() == {"action": "members", "status": "success"}
    with running.redis("ops") as redis:
        wait_until(
            lambda: (now := read_progress(redis, "demo")).completed == MEMBERS and not now.owed,
            120,
            "everybody came back",
        )
    return running


def test_each_process_of_the_procfile_is_a_service_with_its_command() -> None:
    containers = Containers(Path(tempfile.mkdtemp(prefix="bridge-compose-")))
    try:
        services = containers.compose["services"]
        for program in procfile_programs():
            assert services[program.name]["command"] == ["python", *program.command[1:]]
    finally:
        shutil.rmtree(containers.run_folder)


def test_a_cohort_goes_to_koji_and_comes_back_into_mixpanel(looped: Running) -> None:
    with looped.redis("ops") as redis:
        progress = read_progress(redis, "demo")
    events, koji = arrived(looped.containers.sandbox)
    assert koji["started"] == MEMBERS
    assert koji["double_started"] == 0
    assert len(events) == MEMBERS - progress.skipped > 0
    assert {event["event"] for event in events} == {"Koji Interview Completed"}
    assert progress.dead == 0


def test_nobody_was_denied_what_they_need(looped: Running) -> None:
    metrics = requests.get(f"{looped.url('ingress')}/metrics", timeout=30).text
    with looped.admin() as admin:
        denied = admin.execute_command("ACL", "LOG")
    assert [(one[b"username"], one[b"object"]) for one in denied] == []
    assert f'bridge_route_started_total{{route="demo"}} {MEMBERS}' in metrics
    for service, secret in (("console", "console_credentials"), ("flower", "flower_basic_auth")):
        login = tuple(looped.secret(secret).split(":", 1))
        page = "/" if service == "console" else "/api/workers?refresh=1"
        assert requests.get(looped.url(service) + page, timeout=20).status_code == 401
        assert requests.get(looped.url(service) + page, auth=login, timeout=20).ok
    doctor = looped.containers.run("ops", ["python", "-m", "ops", "doctor", "--json"])
    assert '"appendonly yes, appendfsync always"' in doctor.stdout, doctor.stderr
    with looped.admin() as admin:
        denied = admin.execute_command("ACL", "LOG")
    assert denied == []


@pytest.mark.parametrize(
    ("user", "command"),
    [
        ("ingress", ("HGETALL", "bridge:{invitations}:entries")),
        ("ingress", ("HGETALL", "bridge:{invitations}:aliases")),
        ("ingress", ("HGETALL", "bridge:{writes}:profiles")),
        ("ingress", ("HINCRBY", "bridge:{invitations}:counters", "started:demo", 1)),
        ("ingress", ("ZADD", "bridge:{invitations}:pending:demo", 1, "somebody")),
        ("ingress", ("FLUSHALL",)),
        ("ingress", ("KEYS", "*")),
        ("ingress", ("CONFIG", "SET", "appendonly", "no")),
        ("flower", ("HGETALL", "bridge:{inbox}:entries")),
        ("flower", ("ZCARD", "bridge:{inbox}:pending")),
        ("worker", ("CONFIG", "SET", "appendonly", "no")),
        ("worker", ("FLUSHALL",)),
        ("worker", ("SET", "elsewhere", 1)),
        ("ops", ("ACL", "LIST")),
        ("ops", ("SHUTDOWN",)),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(map(str, value)),
)
def test_a_user_of_redis_is_denied(running: Running, user: str, command: tuple[Any, ...]) -> None:
    with running.redis(user) as redis, pytest.raises(NoPermissionError):
        redis.execute_command(*command)
    with running.admin() as admin:
        admin.execute_command("ACL", "LOG", "RESET")


def test_a_script_of_ingress_cannot_read_invitations(running: Running) -> None:
    script = "return redis.call('HGETALL', 'bridge:{invitations}:entries')"
    with running.redis("ingress") as redis, pytest.raises(ResponseError, match=r"permission|ACL"):
        redis.eval(script, 0)
    with running.admin() as admin:
        admin.execute_command("ACL", "LOG", "RESET")


def test_without_a_name_redis_lets_nobody_in(running: Running) -> None:
    port = running.containers.ports["redis"]
    with Redis(port=port) as redis, pytest.raises(AuthenticationError):
        redis.execute_command("GET", "anything")


@pytest.mark.parametrize("service", PYTHON_SERVICES)
def test_a_service_has_the_user_and_no_rights_and_cannot_write(
    running: Running, service: str
) -> None:
    expected = expected_user(10001)
    script = (
        "import os, pathlib; print(os.getuid(), pathlib.Path('/proc/self/status').read_text()"
        ".split('CapEff:')[1].split()[0]); pathlib.Path('written').write_text('x')"
    )
    done = running.containers.run(service, ["python", "-c", script])
    user, rights = done.stdout.split()
    assert int(user) == expected
    assert int(rights, 16) == 0
    assert "Read-only file system" in done.stderr or "Permission denied" in done.stderr
    pid = running.supervised.pid(service)
    assert Path(f"/proc/{pid}").stat().st_uid == expected


@pytest.mark.parametrize("service", ["ingress", "worker-inbox", "worker-koji", "worker-mixpanel"])
def test_the_health_check_of_a_service_passes(looped: Running, service: str) -> None:
    check = looped.containers.compose["services"][service]["healthcheck"]["test"]
    assert check[0] == "CMD"
    done = looped.containers.run(service, check[1:])
    assert done.returncode == 0, done.stderr


def test_a_health_check_tells_a_worker_that_is_not_there(looped: Running) -> None:
    looped.supervised.stop_one("worker-mixpanel")
    try:
        probe = ["python", "-m", "ops.probe", "worker-mixpanel"]
        assert looped.containers.run("worker-mixpanel", probe).returncode == 1
    finally:
        looped.supervised.start_one("worker-mixpanel")


def test_secrets_are_closed_to_others_and_never_in_the_environment(running: Running) -> None:
    assert running.containers.secrets.stat().st_mode & 0o077 == 0
    password = running.secret("redis_url_worker").split(":")[2].split("@")[0]
    for service in PYTHON_SERVICES:
        assert password not in str(running.containers.environment(service))
