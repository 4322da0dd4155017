"""A month's credits: what is billed never exceeds them, and what is not billed lets others in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops.local.local_bridge import ROUTES
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge

BUDGET = 4


def test_no_more_is_billed_than_the_month_allows_and_nothing_less(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        routes=f"{ROUTES}monthly_credits = {BUDGET}\n",
        sandbox_options={"interview_delay_seconds": 0.2},
    )
    bridge.send_cohort(sample_members(40))
    month = f"credits:demo:{datetime.now(tz=UTC):%Y-%m}"
    with bridge.redis() as redis:

        def counter(name: str) -> int:
            return int(redis.hget("bridge:{invitations}:counters", name) or 0)

        def spent() -> bool:
            billed, reserved = counter(month), counter("reserved:demo")
            assert billed + reserved <= BUDGET
            return billed == BUDGET

        wait_until(spent, 30, "the month's credits are billed")
        assert counter("reserved:demo") == 0
        assert read_progress(redis, "demo").owed > 0, "the rest waits"
    analyses = bridge.sandbox.get("koji", "interviews")
    assert sum(one["quality_score"] >= 3 for one in analyses) == BUDGET
    assert bridge.sandbox.get("koji", "summary")["started"] == len(analyses) >= BUDGET
