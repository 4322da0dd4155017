"""A result whose webhook Koji gave up is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.local.local_bridge import ROUTES
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge


def test_results_that_koji_could_not_deliver_are_read_and_written(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        routes=f"{ROUTES}reconcile_after_hours = 0.0005\n",
        environ={"KOJI_SIGNATURE_HEADER": "X-Not-What-Koji-Sends"},
        sandbox_options={"interview_delay_seconds": 0.2, "webhook_retry_seconds": "0.1,0.1,0.1"},
    )
    bridge.send_cohort(sample_members(6))
    wait_until(
        lambda: bridge.sandbox.get("koji", "summary")["webhooks"]["given_up"] == 6,
        30,
        "Koji gave up all six webhooks",
    )
    with bridge.redis() as redis:

        def through() -> bool:
            now = read_progress(redis, "demo")
            return now.completed == 6 and now.owed == 0

        wait_until(through, 30, "all six results are in")
        assert redis.zcard("bridge:{invitations}:awaiting") == 0
        written = read_progress(redis, "demo").written
    assert bridge.sandbox.get("mixpanel", "summary")["events"] == written > 0
    log = bridge.supervised.log("ingress") if bridge.supervised else ""
    assert "X-Koji-Signature" in log, "the log names the header that really came"
