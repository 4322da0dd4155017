"""Mixpanel refuses whatever comes: told once, and given up only when somebody says so."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.support.commands import ops_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge


def test_a_refused_batch_pauses_the_writes_and_a_resume_makes_dead_letters(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(sandbox_options={"interview_delay_seconds": 600})
    assert bridge.supervised is not None
    bridge.send_cohort(sample_members(12))
    with bridge.redis() as redis:
        wait_until(lambda: read_progress(redis, "demo").started == 12, 20, "all are started")
        bridge.supervised.kill("worker-mixpanel", signal.SIGSTOP)
        bridge.sandbox.post("mixpanel", "faults", {"status": 404})
        analysis = {"quality_score": 5, "anonymous": False}
        bridge.sandbox.post("koji", "complete", {"all": True, "analysis": analysis})
        wait_until(lambda: redis.zcard("bridge:{writes}:pending") == 12, 20, "all are to write")
        bridge.supervised.kill("worker-mixpanel", signal.SIGCONT)
        paused = "bridge:{invitations}:paused"
        wait_until(lambda: redis.hexists(paused, "mixpanel"), 20, "writes are paused")
        assert b"nothing was given up" in redis.hget(paused, "mixpanel")
        assert ops_json(bridge, "dead-letters", "list") == []
        ops_json(bridge, "resume", "mixpanel")
        wait_until(lambda: redis.zcard("bridge:{writes}:dead") == 12, 20, "all are dead letters")
        assert not redis.hexists(paused, "mixpanel")
        letters = ops_json(bridge, "dead-letters", "list", "--route", "demo")
        assert {(one["lane"], one["status"]) for one in letters} == {("writes", 404)}
        bridge.sandbox.post("mixpanel", "faults", {"status": None})
        assert ops_json(bridge, "dead-letters", "replay", "--all", "--yes")["replayed"] == 12
        wait_until(lambda: read_progress(redis, "demo").written == 12, 20, "all are written")
