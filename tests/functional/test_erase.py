"""Somebody who wishes to be forgotten is gone from the bridge and from Mixpanel."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.support.commands import ops
from tests.support.loop import hold_interviews

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

    from ops.local.local_bridge import LocalBridge


def everything(redis: Redis) -> bytes:
    kinds = {
        b"hash": lambda key: b"".join(b"".join(pair) for pair in redis.hgetall(key).items()),
        b"zset": lambda key: b"".join(redis.zrange(key, 0, -1)),
        b"list": lambda key: b"".join(redis.lrange(key, 0, -1)),
    }
    read = {key: kinds.get(redis.type(key)) for key in redis.scan_iter()}
    return b"".join(how(key) for key, how in read.items() if how)


def test_a_person_is_erased_everywhere_and_mixpanel_is_asked(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        environ={"MIXPANEL_GDPR_TOKEN": "oauth"},
        sandbox_options={"interview_delay_seconds": 600},
    )
    assert bridge.supervised is not None
    members = sample_members(3)
    with bridge.redis() as redis:
        hold_interviews(bridge, redis, members)
        # One page more waits in the inbox while the person is erased.
        bridge.supervised.kill("worker-inbox", signal.SIGSTOP)
        bridge.send_cohort(members)
        code, plan = ops(bridge, "erase", "member0@example.com", "--dry-run")
        assert (code, plan["removed"]["cohort_pages"], plan["removed"]["invitations"]) == (0, 1, 1)
        assert b"user-000" in everything(redis)
        code, report = ops(bridge, "erase", "MEMBER0@example.com")
        assert (code, report["removed"]) == (0, plan["removed"])
        assert report["mixpanel"]["distinct_ids"] == ["user-000"]
        rest = everything(redis)
        assert b"user-000" not in rest
        assert b"member0" not in rest
        assert b"user-001" in rest
        bridge.supervised.kill("worker-inbox", signal.SIGCONT)
        bridge.send_cohort(members)
        wait_until(lambda: redis.zcard("bridge:{inbox}:done") == 3 + 3, 20, "pages are unpacked")
        assert b"member0" not in everything(redis)
    assert bridge.sandbox.get("koji", "summary")["calls"] == 3, "nobody is asked again"
    kept = {e["properties"]["distinct_id"] for e in bridge.sandbox.get("mixpanel", "events")}
    assert kept == {"user-001", "user-002"}
    code, told = ops(bridge, "erase-status", report["mixpanel"]["task_id"])
    assert (code, told["status"], told["compliance_type"]) == (0, "SUCCESS", "GDPR")
