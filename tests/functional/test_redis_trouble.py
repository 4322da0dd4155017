"""A Redis that answers, but not with yes: full, read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops.local.ports import free_port
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

    from ops.local.local_bridge import LocalBridge


def fill(redis: Redis) -> None:
    redis.config_set("maxmemory", "1mb")


def make_room(redis: Redis) -> None:
    redis.config_set("maxmemory", "0")


def make_read_only(redis: Redis) -> None:
    redis.replicaof("127.0.0.1", free_port())


def make_writable(redis: Redis) -> None:
    redis.replicaof("NO", "ONE")


@pytest.mark.parametrize(
    ("trouble", "mend"),
    [(fill, make_room), (make_read_only, make_writable)],
    ids=["OOM", "READONLY"],
)
def test_the_sender_is_told_to_come_again_and_workers_wait(
    bridge: LocalBridge, trouble: Callable[[Redis], None], mend: Callable[[Redis], None]
) -> None:
    bridge.send_cohort(sample_members(3))
    with bridge.redis() as redis:
        wait_until(lambda: read_progress(redis, "demo").started == 3, 30, "three are started")
        trouble(redis)
        try:
            refused = bridge.send_cohort(sample_members(6))
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) > 0
        finally:
            mend(redis)
        wait_until(lambda: bridge.send_cohort(sample_members(6)).ok, 15, "accepted again")
        wait_until(lambda: read_progress(redis, "demo").started == 6, 60, "all are started")
        assert read_progress(redis, "demo").dead == 0
    assert bridge.sandbox.get("koji", "summary")["double_started"] == 0
