"""The ledger in a Redis Cluster: every script in one slot, and a master that dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from ops.local.embedded_redis import EmbeddedRedis
from ops.local.ports import free_port
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.support.commands import ops
from tests.support.redis_cluster import LANES, redis_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from ops.local.local_bridge import LocalBridge
    from tests.support.redis_cluster import Nodes


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with redis_cluster(tmp_path / "cluster") as found:
        yield found


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "broker") as server:
        yield server


def test_the_loop_runs_on_three_nodes_and_outlives_one_of_them(
    nodes: Nodes, broker: EmbeddedRedis, start_bridge: Callable[..., LocalBridge]
) -> None:
    console_port = free_port()
    environ = {
        "REDIS_URL": nodes.url,
        "BROKER_URL": broker.url,
        "CONSOLE_CREDENTIALS": "ann:pw",
        "CONSOLE_PORT": str(console_port),
    }
    bridge = start_bridge(
        environ=environ,
        sandbox_options={"interview_delay_seconds": 0.2},
        processes=("ingress", "worker-inbox", "worker-koji", "worker-mixpanel", "beat", "console"),
    )
    people = sample_members(20)
    assert bridge.send_cohort(people[:8]).status_code == 200
    with nodes.client() as client:

        def through(count: int) -> bool:
            now = read_progress(client, "demo")
            return now.completed >= count and now.owed == 0

        wait_until(lambda: through(8), 40, "eight are through")
        homes = {client.get_node_from_key(lane.key("entries")).name for lane in LANES}
        assert len(homes) == 3
        with broker.client() as queues:
            assert all(key.startswith(b"bridge:celery:") for key in queues.scan_iter())

        lanes = ops(bridge, "status")[1]["lanes"]
        assert (lanes["inbox"]["done"], lanes["invitations"]["done"]) == (1 + 8, 8)
        checks = {one["name"]: one for one in ops(bridge, "doctor")[1]["checks"]}
        assert checks["redis-persistence"]["ok"]
        assert all(f":{node.port}" in checks["redis"]["detail"] for node in nodes.masters)
        assert 'bridge_route_started_total{route="demo"} 8' in _get(bridge.url, "/metrics").text
        console = f"http://127.0.0.1:{console_port}"
        for page in ("/", "/dead-letters", "/audit", "/routes"):
            assert _get(console, page, auth=("ann", "pw")).status_code == 200, page
        assert ops(bridge, "erase", people[0]["email"])[1]["found"]

        nodes.of_invitations.kill()
        with nodes.replica.client() as replica:
            wait_until(lambda: replica.info("replication")["role"] == "master", 20, "a failover")
        wait_until(lambda: bridge.send_cohort(people[1:]).status_code == 200, 20, "accepted again")
        wait_until(lambda: read_progress(client, "demo").started == 20, 40, "all are started")
        wait_until(lambda: through(20), 40, "all are through")
    koji = bridge.sandbox.get("koji", "summary")
    assert (koji["started"], koji["double_started"]) == (20, 0)


def _get(url: str, path: str, **options: Any) -> requests.Response:
    return requests.get(f"{url}{path}", timeout=10, **options)
