"""A ticket that Celery loses costs time, never a person."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.supervised import ROOT
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge

# Long enough that a slow start of the dying worker does not see it run out.
LEASE_SECONDS = 15


def test_a_ticket_lost_between_pop_and_register_comes_again_with_its_lease(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        processes=("ingress", "worker-inbox", "worker-mixpanel", "beat"),
        environ={"LEASE_SECONDS": str(LEASE_SECONDS)},
    )
    bridge.send_cohort(sample_members(3))
    with bridge.redis() as redis:
        wait_until(lambda: redis.llen("bridge:celery:koji") == 3, 20, "three tickets wait")
        dying = subprocess.Popen(
            [sys.executable, "-m", "tests.functional.dying_worker"],
            env=bridge.settings(),
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        assert dying.wait(30) == -signal.SIGKILL
        assert redis.llen("bridge:celery:koji") < 3
        assert redis.hlen("bridge:celery:unacked") == 0, "the message is in no place of Celery's"
        died_at = time.monotonic()
        worker = subprocess.Popen(
            [sys.executable, "-m", "workers", "koji"],
            env=bridge.settings(),
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: read_progress(redis, "demo").started == 3, 60, "all are started")
        finally:
            worker.terminate()
            worker.wait(30)
        assert time.monotonic() - died_at < LEASE_SECONDS + 15
    koji = bridge.sandbox.get("koji", "summary")
    assert (koji["people"], koji["double_started"]) == (3, 0)
