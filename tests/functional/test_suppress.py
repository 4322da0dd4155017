"""Who is put on the suppression list is not asked, not even where they wait already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.local.local_bridge import ROUTES
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.support.commands import ops_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge


def test_suppressed_people_are_not_asked_also_where_they_wait(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(routes=ROUTES, sandbox_options={"no_auto_interview": True})
    ops_json(bridge, "suppress", "add", "member0@example.com")
    ops_json(bridge, "pause", "demo")
    bridge.send_cohort(sample_members(6))
    with bridge.redis() as redis:
        pending = "bridge:{invitations}:pending:demo"
        wait_until(lambda: redis.zcard(pending) == 5, 20, "five wait, one is on the list")
        ops_json(bridge, "suppress", "add", "user-003", "--reason", "asked by phone")
        ops_json(bridge, "resume", "demo")
        wait_until(lambda: read_progress(redis, "demo").owed == 0, 20, "nobody waits any more")
        counters = redis.hgetall("bridge:{invitations}:counters")
    assert counters[b"cancelled:suppressed"] == b"2"
    asked = sorted(start["email"] for start in bridge.sandbox.get("koji", "starts"))
    assert asked == [f"member{n}@example.com" for n in (1, 2, 4, 5)]
    assert [one["reason"] for one in ops_json(bridge, "suppress", "list")] == [
        *("by the operator", "asked by phone")
    ]
