"""Cohorts are fetched by Mixpanel's Query API: on demand, by schedule, and on after a kill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.ledger import Ledger
from common.ledger.pulls import Pull, Pulls
from ops.local.local_bridge import COHORT_ID, ROUTES
from ops.local.waiting import wait_until
from tests.support.commands import ops_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

    from ops.local.local_bridge import LocalBridge

ACCOUNT = {"MIXPANEL_SERVICE_ACCOUNT": "bridge:secret", "MIXPANEL_PROJECT_ID": "1"}
PENDING = "bridge:{invitations}:pending:demo"


def load_cohort(bridge: LocalBridge, numbers: range) -> None:
    members = [
        {"distinct_id": f"u-{n}", "properties": {"$email": f"m{n}@example.com", "secret": "x"}}
        for n in numbers
    ]
    body = {"id": COHORT_ID, "name": "Activation drop-offs", "members": members}
    bridge.sandbox.post("mixpanel", "cohorts", body)


def pull_of(redis: Redis) -> Pull:
    found = Pulls(Ledger(redis)).get("demo")
    assert found is not None
    return found


def test_a_cohort_is_pulled_on_demand_and_is_a_whole_copy_each_time(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(routes=ROUTES, environ=ACCOUNT)
    ops_json(bridge, "pause", "demo")
    load_cohort(bridge, range(2100))
    done = ops_json(bridge, "cohort", "pull", "--route", "demo")
    assert done == {
        "route": "demo",
        "state": "done",
        "pages": 3,
        "total_pages": 3,
        "members": 2100,
        "error": "",
    }
    with bridge.redis() as redis:
        wait_until(lambda: redis.zcard(PENDING) == 2100, 20, "all of them wait")
        stored = b"".join(redis.hvals("bridge:{invitations}:entries"))
        assert b"secret" not in stored
        load_cohort(bridge, range(50, 60))
        assert ops_json(bridge, "cohort", "pull", "--route", "demo")["members"] == 10
        wait_until(lambda: redis.zcard(PENDING) == 10, 20, "who has left waits no more")


def test_a_time_missed_while_nothing_ran_is_made_up_for_and_a_kill_loses_no_page(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        routes=f'{ROUTES}pull = "daily 06:00 Europe/Berlin"\n',
        environ={**ACCOUNT, "LEASE_SECONDS": "3"},
    )
    assert bridge.supervised is not None
    load_cohort(bridge, range(2100))
    with bridge.redis() as redis:
        slots = "bridge:{pulls}:slots"
        wait_until(lambda: redis.hexists(slots, "demo"), 20, "the schedule has begun")
        assert not redis.hexists("bridge:{pulls}:state", "demo"), "it begins with its next time"
        ops_json(bridge, "pause", "demo")
        bridge.sandbox.post("mixpanel", "faults", {"latency_ms": 700})
        redis.hset(slots, "demo", 1)  # as if the last one had been long ago
        wait_until(
            lambda: redis.hexists("bridge:{pulls}:state", "demo") and pull_of(redis).page >= 1,
            20,
            "the first page is in",
        )
        bridge.supervised.kill("worker-mixpanel")
        wait_until(lambda: pull_of(redis).state == "done", 30, "it went on where it was")
        wait_until(lambda: redis.zcard(PENDING) == 2100, 20, "all of them wait")
        found = pull_of(redis)
    (told,) = ops_json(bridge, "status")["pulls"]
    assert (told["state"], told["schedule"]) == ("done", "daily 06:00 Europe/Berlin")
    assert told["next_at"] > told["started_at"]
    assert (found.page, found.members) == (3, 2100)
    assert bridge.sandbox.get("mixpanel", "summary")["queries"] in {3, 4}
