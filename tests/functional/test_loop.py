"""The two ways of the loop, over real processes and the sandbox's Koji and Mixpanel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from ops.local.progress import Progress, read_progress
from ops.local.sample_members import sample_members
from ops.local.supervised import SUPERVISOR
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from ops.local.local_bridge import LocalBridge


@pytest.fixture(scope="module")
def supervisor() -> str:
    return SUPERVISOR


def progress(bridge: LocalBridge) -> Progress:
    with bridge.redis() as redis:
        return read_progress(redis, "demo")


def wait_for_results(bridge: LocalBridge, count: int) -> Progress:
    def through() -> bool:
        now = progress(bridge)
        return now.completed >= count and now.owed == 0

    wait_until(through, 30, f"{count} interviews are through")
    return progress(bridge)


def test_25_members_go_to_koji_once_and_come_back_into_mixpanel(bridge: LocalBridge) -> None:
    assert bridge.send_cohort(sample_members(25)).json() == {
        "action": "members",
        "status": "success",
    }
    now = wait_for_results(bridge, 25)
    koji = bridge.sandbox.get("koji", "summary")
    assert (koji["started"], koji["people"], koji["double_started"]) == (25, 25, 0)
    events = bridge.sandbox.get("mixpanel", "events")
    analyses = bridge.sandbox.get("koji", "interviews")
    assert len(events) == now.written == sum(one["quality_score"] >= 3 for one in analyses)
    assert now.skipped == 25 - now.written
    assert now.dead == 0
    for event in events:
        properties = event["properties"]
        assert event["event"] == "Koji Interview Completed"
        assert re.fullmatch(r"[A-Za-z0-9-]{1,36}", properties["$insert_id"])
        assert properties["quality_score"] >= 3
        assert properties["route"] == "demo"
        assert properties["study_id"] == "st_demo"
        assert properties["cohort_id"] == "5167408"
        assert properties["interview_mode"] == "text"
        assert properties["plan"] in {"free", "pro", "team"}
        assert "city" in properties
        assert properties["theme_top_1"]
        kinds = {name: type(v) for name, v in properties.items() if name.startswith("answer_")}
        assert {str, bool, list} <= set(kinds.values()), kinds
        assert int in kinds.values() or float in kinds.values()


def test_profiles_hold_what_the_newest_interview_said(bridge: LocalBridge) -> None:
    bridge.send_cohort(sample_members(5))
    wait_for_results(bridge, 5)
    events = {e["properties"]["distinct_id"]: e["properties"] for e in events_of(bridge)}
    assert events
    for distinct_id, properties in events.items():
        profile = bridge.sandbox.get("mixpanel", f"profiles/{distinct_id}")["$properties"]
        assert profile["last_interview_sentiment"] == properties["sentiment"]
        assert profile["last_interview_quality"] == properties["quality_score"]
        assert profile["last_interview_themes"][0] == properties["theme_top_1"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", profile["last_interview_at"])


def events_of(bridge: LocalBridge) -> list[dict[str, Any]]:
    return bridge.sandbox.get("mixpanel", "events")


def test_the_same_cohort_again_starts_nobody_again(bridge: LocalBridge) -> None:
    members = sample_members(10)
    bridge.send_cohort(members)
    wait_for_results(bridge, 10)
    shouting = [{**one, "email": f" {one['email'].upper()} "} for one in members]
    second_id = [{**one, "mixpanel_distinct_id": f"other-{n}"} for n, one in enumerate(members)]
    changed_address = [{**one, "email": f"new{n}@example.com"} for n, one in enumerate(members)]
    with bridge.redis() as redis:
        for page in (members, shouting, second_id, changed_address):
            bridge.send_cohort(page)
        for action in ("add_members", "members"):
            bridge.send_cohort(shouting, action=action)
        wait_until(
            lambda: redis.zcard("bridge:{inbox}:done") == 1 + 10 + 6, 20, "all pages are unpacked"
        )
    wait_for_results(bridge, 10)
    assert bridge.sandbox.get("koji", "summary")["calls"] == 10


def test_a_webhook_that_comes_again_is_a_duplicate_and_changes_nothing(bridge: LocalBridge) -> None:
    bridge.send_cohort(sample_members(3))
    wait_for_results(bridge, 3)
    before = bridge.sandbox.get("mixpanel", "summary")
    for interview in bridge.sandbox.get("koji", "interviews"):
        for fresh in (False, True):
            again = {"interview_id": interview["interview_id"], "new_delivery_id": fresh}
            bridge.sandbox.post("koji", "deliver", again)

    def delivered() -> bool:
        webhooks = bridge.sandbox.get("koji", "summary")["webhooks"]
        return bool(webhooks["delivered"] == 9 and webhooks["attempts"] == 9)

    wait_until(delivered, 20, "six webhooks were delivered once more")
    assert progress(bridge).completed == 3
    with bridge.redis() as redis:
        assert redis.zcard("bridge:{inbox}:done") == 1 + 3
        assert redis.zcard("bridge:{inbox}:pending") == 0
    assert bridge.sandbox.get("mixpanel", "summary") == before


def test_no_log_line_holds_an_email_address(bridge: LocalBridge) -> None:
    bridge.send_cohort(sample_members(5))
    wait_for_results(bridge, 5)
    bridge.send_cohort([{"email": "member1@example.com", "mixpanel_distinct_id": 7, "plan": []}])
    assert bridge.supervised is not None
    for name in bridge.processes:
        log = bridge.supervised.log(name)
        assert "example.com" not in log
        assert not re.search(r"[\w.+-]+@[\w-]+\.\w+", log.replace("@localhost", "")), name
    assert "page_unpacked" in bridge.supervised.log("worker-inbox")
