"""What has served its purpose is forgotten, and still nobody is asked twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.support.loop import hold_interviews

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

    from ops.local.local_bridge import LocalBridge

DAY_MS = 86_400_000


def age(redis: Redis, lane: str, days: int) -> None:
    """Make everything done of a lane older."""
    key = f"bridge:{{{lane}}}:done"
    for entry in redis.zrange(key, 0, -1):
        redis.zincrby(key, -days * DAY_MS, entry)


def entries(redis: Redis, lane: str) -> dict[bytes, bytes]:
    return redis.hgetall(f"bridge:{{{lane}}}:entries")


def test_what_is_done_shrinks_to_what_keeps_people_from_being_asked_twice(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        environ={"KEEP_DONE_DAYS": "30,inbox=7"},
        sandbox_options={"interview_delay_seconds": 600},
    )
    members = sample_members(3)
    with bridge.redis() as redis:
        hold_interviews(bridge, redis, members)
        assert not any(b"example.com" in value for value in entries(redis, "invitations").values())
        for lane in ("inbox", "writes"):
            age(redis, lane, 8)
        wait_until(lambda: not entries(redis, "inbox"), 20, "payloads are forgotten after 7 days")
        assert len(entries(redis, "writes")) == 3, "writes are not, before 30"
        for lane in ("invitations", "writes"):
            age(redis, lane, 31)
        wait_until(lambda: not entries(redis, "writes"), 20, "writes are forgotten")
        wait_until(
            lambda: set(entries(redis, "invitations").values()) == {b'{"r":"demo"}'},
            20,
            "people are keys",
        )
        bridge.send_cohort(members)
        wait_until(lambda: redis.zcard("bridge:{inbox}:done") == 1, 20, "they came again")
    assert bridge.sandbox.get("koji", "summary")["calls"] == 3
