"""Broker and ledger apart: each Redis holds what is its own, and either may go away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from ops.local.embedded_redis import EmbeddedRedis
from ops.local.ports import free_port
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ops.local.local_bridge import LocalBridge

PROCESSES = ("ingress", "worker-inbox", "worker-koji", "worker-mixpanel", "beat", "flower")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "broker") as server:
        yield server


def test_each_redis_holds_its_own_and_a_broker_that_dies_loses_nobody(
    broker: EmbeddedRedis, start_bridge: Callable[..., LocalBridge]
) -> None:
    flower_port = free_port()
    bridge = start_bridge(
        environ={
            "BROKER_URL": broker.url,
            "FLOWER_BASIC_AUTH": "ann:pw",
            "FLOWER_PORT": str(flower_port),
            "LEASE_SECONDS": "3",
        },
        sandbox_options={"interview_delay_seconds": 0.2},
        processes=PROCESSES,
    )
    people = sample_members(30)
    assert bridge.send_cohort(people[:10]).status_code == 200

    def written(count: int) -> bool:
        with bridge.redis() as redis:
            now = read_progress(redis, "demo")
        return now.completed >= count and now.owed == 0

    wait_until(lambda: written(10), 40, "ten are through")
    with bridge.redis() as ledger, broker.client() as queues:
        assert [key for key in ledger.scan_iter() if key.startswith(b"bridge:celery:")] == []
        assert ledger.pubsub_numpat() == 0
        kept = list(queues.scan_iter())
        assert kept
        assert all(key.startswith(b"bridge:celery:") for key in kept)
    wait_until(lambda: _workers_in_flower(flower_port) == 3, 40, "Flower sees three workers")

    broker.kill()
    assert bridge.send_cohort(people).status_code == 200  # the ledger has it, and that is enough
    broker.start()
    wait_until(lambda: written(30), 60, "all are through")
    koji = bridge.sandbox.get("koji", "summary")
    assert (koji["started"], koji["double_started"]) == (30, 0)


def _workers_in_flower(port: int) -> int:
    try:
        page = requests.get(
            f"http://127.0.0.1:{port}/workers?json=1", auth=("ann", "pw"), timeout=5
        )
        return len(page.json()["data"]) if page.ok else 0
    except (requests.RequestException, ValueError):
        return 0
