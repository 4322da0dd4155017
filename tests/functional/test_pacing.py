"""The limit is used, and never overrun, by however many workers there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.supervised import Program, procfile_programs
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge

MEMBERS = 300
LIMIT_PER_MINUTE = 600


def test_300_members_at_600_a_minute_by_two_workers(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    (koji,) = procfile_programs(["worker-koji"])
    bridge = start_bridge(
        further=(Program("worker-koji-2", koji.command),),
        sandbox_options={"rate_limit": LIMIT_PER_MINUTE, "interview_delay_seconds": 0.2},
    )
    bridge.send_cohort(sample_members(MEMBERS))
    with bridge.redis() as redis:
        wait_until(lambda: read_progress(redis, "demo").started == MEMBERS, 60, "all are started")
    summary = bridge.sandbox.get("koji", "summary")
    assert summary["refused_429"] == 0
    assert summary["double_started"] == 0
    at = sorted(start["at"] for start in bridge.sandbox.get("koji", "starts"))
    rate_per_minute = (len(at) - 1) / (at[-1] - at[0]) * 60
    assert rate_per_minute >= 0.9 * LIMIT_PER_MINUTE
    assert bridge.supervised is not None
    for name in ("worker-koji", "worker-koji-2"):
        assert '"event":"started"' in bridge.supervised.log(name), f"{name} took its share"
