"""The loop as far as a test needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.local.progress import read_progress
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from redis import Redis

    from ops.local.local_bridge import LocalBridge


def hold_interviews(bridge: LocalBridge, redis: Redis, members: list[dict[str, Any]]) -> None:
    """Invite people, end their interviews well, and wait until all of them are written.

    For a bridge whose interviews end when a test says so (`interview_delay_seconds`).
    """
    count = len(members)
    bridge.send_cohort(members)
    wait_until(lambda: read_progress(redis, "demo").started == count, 20, "all are started")
    analysis = {"quality_score": 5, "anonymous": False}
    bridge.sandbox.post("koji", "complete", {"all": True, "analysis": analysis})
    wait_until(lambda: read_progress(redis, "demo").written == count, 20, "all are written")
