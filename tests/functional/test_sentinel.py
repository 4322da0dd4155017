"""A failover of Redis: the address changes, and the work goes on."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from redis.exceptions import RedisError

from ops.local.embedded_redis import EmbeddedRedis, redis_server_binary
from ops.local.ports import free_port
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ops.local.local_bridge import LocalBridge


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[tuple[int, EmbeddedRedis, EmbeddedRedis]]:
    """A master, its replica and one sentinel; returns the sentinel's port and both servers."""
    with EmbeddedRedis(tmp_path / "a") as master, EmbeddedRedis(tmp_path / "b") as replica:
        with replica.client() as client:
            client.replicaof("127.0.0.1", master.port)
            wait_until(
                lambda: client.info("replication")["master_link_status"] == "up", 20, "replicating"
            )
        port = free_port()
        config = tmp_path / "sentinel.conf"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n"
            f"sentinel monitor ours 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds ours 1000\n"
            "sentinel failover-timeout ours 5000\n"
        )
        process = subprocess.Popen(
            [redis_server_binary(), str(config), "--sentinel"], stdout=subprocess.DEVNULL
        )
        with Redis(port=port) as client:
            wait_until(lambda: _knows_replica(client), 20, "the sentinel knows the replica")
        yield port, master, replica
        process.terminate()
        process.wait(10)


def _knows_replica(client: Redis) -> bool:
    try:
        return client.sentinel_master("ours")["num-slaves"] == 1
    except (RedisError, KeyError):
        return False


def test_work_goes_on_at_the_new_master(
    sentinel: tuple[int, EmbeddedRedis, EmbeddedRedis], start_bridge: Callable[..., LocalBridge]
) -> None:
    port, master, replica = sentinel
    bridge = start_bridge(environ={"REDIS_URL": f"sentinel://127.0.0.1:{port}/ours"})
    assert bridge.send_cohort(sample_members(5)).status_code == 200
    with master.client() as client:
        wait_until(lambda: read_progress(client, "demo").started == 5, 30, "five are started")
    master.kill()
    wait_until(
        lambda: bridge.send_cohort(sample_members(12)).status_code == 200, 30, "accepted again"
    )
    with replica.client() as client:
        wait_until(lambda: read_progress(client, "demo").started == 12, 40, "all are started")
    assert bridge.sandbox.get("koji", "summary")["double_started"] == 0
