"""A result whose webhook Koji gave up is fetched."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from common.ledger.ticks import TICKED_AT
from common.queues import TaskNames, broker_list
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


def test_it_waits_behind_all_starts_and_does_not_pile_up_without_a_worker(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        routes=f"{ROUTES}reconcile_after_hours = 0.0002\n",
        environ={"KOJI_RATE_LIMIT": "6000/minute"},
        sandbox_options={"interview_delay_seconds": 600, "rate_limit": 0},
    )
    assert bridge.supervised is not None
    with bridge.redis() as redis:
        bridge.send_cohort(sample_members(3))
        wait_until(lambda: read_progress(redis, "demo").started == 3, 20, "all three are started")
        bridge.supervised.kill("worker-koji", signal.SIGSTOP)
        waiting = broker_list(TaskNames.RECONCILE)
        wait_until(lambda: redis.llen(waiting) == 1, 20, "somebody is to be asked for")
        for _ in range(3):
            before = redis.get(TICKED_AT)
            wait_until(lambda: redis.get(TICKED_AT) != before, 20, "the clock goes on")  # noqa: B023
            assert redis.llen(waiting) == 1
        log = bridge.supervised.log("worker-inbox") + bridge.supervised.log("worker-mixpanel")
        assert "reconciled" not in log, "no clock thread waits for Koji"
        bridge.supervised.kill("worker-koji", signal.SIGCONT)
        wait_until(
            lambda: '"reconciled"' in bridge.supervised.log("worker-koji"),  # type: ignore[union-attr]
            20,
            "Koji is asked",
        )
