"""What each policy of a route does to a cohort, over real processes; a route for each."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import figures
from common.ledger.ledger import Ledger
from common.policy import refusal
from common.routes import Route
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.functional.conftest import running
from tests.support.commands import ops_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.local.local_bridge import LocalBridge

NOW = datetime.now(tz=UTC)
SOON, BEFORE = (f"{NOW + timedelta(hours=n):%H:%M}" for n in (2, -2))
ROUTES = f"""
[[routes]]
name = "sampled"
cohort_id = "1"
study_id = "st_sampled"
sample = 0.5

[[routes]]
name = "excluding"
cohort_id = "2"
study_id = "st_excluding"
exclude = ["member0@example.com", "@example.org", "user-002"]

[[routes]]
name = "awake"
cohort_id = "3"
study_id = "st_awake"
send_between = "{BEFORE}-{SOON}"

[[routes]]
name = "asleep"
cohort_id = "4"
study_id = "st_asleep"
quiet_hours = "{BEFORE}-{SOON}"

[[routes]]
name = "capped"
cohort_id = "5"
study_id = "st_capped"
max_invites = "3/day"
timezone = "Asia/Tokyo"
"""


@pytest.fixture(scope="module")
def bridge() -> Iterator[LocalBridge]:
    with running(routes=ROUTES, sandbox_options={"no_auto_interview": True}) as local:
        yield local


def send(bridge: LocalBridge, cohort_id: str, members: list[dict[str, Any]]) -> None:
    assert bridge.send_cohort(members, cohort_id=cohort_id).status_code == 200


def starts(bridge: LocalBridge, study: str) -> list[str]:
    """Return whom Koji was asked to start on a study."""
    found = bridge.sandbox.get("koji", "starts")
    return sorted(start["email"] for start in found if start["study"] == study)


def wait_for(bridge: LocalBridge, route: str, started: int) -> None:
    with bridge.redis() as redis:
        wait_until(
            lambda: read_progress(redis, route).started == started, 20, f"{started} of {route}"
        )


def cancelled(bridge: LocalBridge) -> Counter[str]:
    with bridge.redis() as redis:
        return Counter(figures.reasons(Ledger(redis))["cancelled"])


def test_a_share_is_asked_and_the_same_people_whenever_they_come(bridge: LocalBridge) -> None:
    members = sample_members(40)
    route = Route("sampled", "st_sampled", sample=0.5)
    chosen = sorted(one["email"] for one in members if not refusal(route, one["email"], ""))
    assert 8 < len(chosen) < 32
    send(bridge, "1", members[:25])
    send(bridge, "1", members[::-1])
    wait_for(bridge, "sampled", len(chosen))
    assert starts(bridge, "st_sampled") == chosen
    assert cancelled(bridge)["not_sampled"] == 40 - len(chosen)


def test_excluded_addresses_domains_and_ids_are_not_asked(bridge: LocalBridge) -> None:
    staff = {"email": "Staff@Example.org", "mixpanel_distinct_id": "user-staff"}
    send(bridge, "2", [*sample_members(5), staff])
    wait_for(bridge, "excluding", 3)
    expected = [f"member{n}@example.com" for n in (1, 3, 4)]
    assert starts(bridge, "st_excluding") == expected
    assert cancelled(bridge)["excluded"] == 3


def test_a_plan_counts_each_policy_and_asks_nobody(bridge: LocalBridge) -> None:
    staff = {"email": "boss@example.org", "mixpanel_distinct_id": "user-boss"}
    fresh = [{"email": f"fresh{n}@example.com"} for n in range(3)]
    people = json.dumps([*fresh, *sample_members(1), staff])
    told = ops_json(bridge, "plan", "--route", "excluding", "-", text=people)
    assert (told["members"], told["new"], told["excluded"]) == (5, 3, 2)
    assert "fresh0@example.com" not in starts(bridge, "st_excluding")


def test_people_wait_while_their_route_sleeps(bridge: LocalBridge) -> None:
    send(bridge, "4", sample_members(3))
    send(bridge, "3", sample_members(3))
    wait_for(bridge, "awake", 3)
    with bridge.redis() as redis:
        key = "bridge:{invitations}:pending:asleep"
        wait_until(lambda: redis.zcard(key) == 3, 10, "all three wait")
    assert starts(bridge, "st_asleep") == []


def test_what_is_over_the_cap_waits(bridge: LocalBridge) -> None:
    send(bridge, "5", sample_members(8))
    wait_for(bridge, "capped", 3)
    with bridge.redis() as redis:
        assert redis.zcard("bridge:{invitations}:pending:capped") == 5
    assert len(starts(bridge, "st_capped")) == 3
