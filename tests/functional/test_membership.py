"""Who belongs to a cohort over time, and whose interview it is."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import requests

from common.config import load_config
from common.identity import email_hash, study_hash
from common.ledger import INBOX, Ledger, invitations
from common.ledger.pauses import Pauses
from common.messages import CohortPage
from ops.local.local_bridge import COHORT_ID
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from ops.signing import sign
from tests.functional.conftest import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

    from ops.local.local_bridge import LocalBridge

ROUTES = f"""\
[[routes]]
name = "demo"
cohort_id = "{COHORT_ID}"
study_id = "st_demo"
properties = ["plan"]

[[routes]]
name = "private"
cohort_id = "2"
study_id = "st_private"
join_key = "respondent_id"
properties = ["plan", "contact"]
"""
TOKEN = "members-token"
LANE = invitations("demo")


@pytest.fixture(scope="module")
def bridge() -> Iterator[LocalBridge]:
    """Interviews that end when a test says so."""
    environ = {"MEMBERS_API_TOKENS": TOKEN, "COPY_SETTLE_SECONDS": "2"}
    options = {"interview_delay_seconds": 600}
    with running(routes=ROUTES, environ=environ, sandbox_options=options) as local:
        yield local


@pytest.fixture
def redis(bridge: LocalBridge) -> Iterator[Redis]:
    with bridge.redis() as client:
        yield client


@pytest.fixture
def waiting(redis: Redis) -> Pauses:
    """A route on which everybody waits until it is resumed."""
    pauses = Pauses(redis)
    pauses.pause("demo", "a test looks at who waits")
    return pauses


def post_members(bridge: LocalBridge, *members: dict[str, Any], route: str = "demo") -> None:
    answer = requests.post(
        f"{bridge.url}/members",
        json=[{**member, "route": route} for member in members],
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    )
    assert answer.json()["accepted"] == len(members)


def unpacked(redis: Redis, pages: int) -> None:
    wait_until(
        lambda: redis.zcard(INBOX.key("done")) == pages, 20, f"{pages} payloads are unpacked"
    )


def who_waits(redis: Redis) -> int:
    return int(redis.zcard(LANE.own_key("pending")))


def started(bridge: LocalBridge) -> set[str]:
    return {one["email"] for one in bridge.sandbox.get("koji", "interviews")}


def test_a_whole_copy_takes_out_who_is_missing_whatever_the_order_of_its_pages(
    bridge: LocalBridge, redis: Redis, waiting: Pauses
) -> None:
    people = sample_members(10)
    bridge.send_cohort(people[:8], action="add_members")
    post_members(bridge, {"email": "by.hand@example.com", "distinct_id": "by-hand"})
    unpacked(redis, 2)
    pages = {1: people[:2], 2: people[2:4], 3: people[8:]}
    # It begins, breaks off, and starts over; its pages come twice and out of order.
    for number, page in enumerate((1, 3, 1, 3)):
        info = {"total_pages": 3, "page_count": page}
        bridge.send_cohort(pages[page], session_id="export", page_info=info)
        unpacked(redis, 3 + number)
    assert who_waits(redis) == 8 + 1 + 2, "a copy that is not whole takes out nobody"
    bridge.send_cohort(pages[2], session_id="export", page_info={"total_pages": 3, "page_count": 2})
    wait_until(lambda: who_waits(redis) == 4 + 1 + 2, 10, "who is missing is taken out")
    assert redis.hget(LANE.key("counters"), "cancelled:left_cohort") == b"4"
    waiting.resume("demo")
    wait_until(lambda: len(started(bridge)) == 7, 20, "the others are started")
    stay = [one["email"] for one in (*people[:4], *people[8:])]
    assert started(bridge) == {*stay, "by.hand@example.com"}


def test_a_copy_that_does_not_tell_its_pages_is_whole_once_no_more_come(
    bridge: LocalBridge, redis: Redis, waiting: Pauses
) -> None:
    del waiting
    people = sample_members(5)
    bridge.send_cohort(people[:3], action="add_members")
    unpacked(redis, 1)
    for page in (people[1:2], people[4:]):
        answer = requests.post(
            f"{bridge.url}/webhooks/mixpanel/cohorts",
            json={
                "action": "members",
                "parameters": {"mixpanel_cohort_id": COHORT_ID, "members": page},
            },
            auth=bridge.credentials,
            timeout=10,
        )
        assert answer.ok
    wait_until(lambda: who_waits(redis) == 2, 15, "who is missing is taken out")


def test_who_was_removed_is_considered_anew_and_no_older_page_undoes_a_newer(
    bridge: LocalBridge, redis: Redis, waiting: Pauses
) -> None:
    ann, bob = sample_members(2)
    before_ms = round(time.time() * 1000)
    bridge.send_cohort([ann, bob], action="add_members")
    unpacked(redis, 1)
    bridge.send_cohort([ann, bob], action="remove_members")
    wait_until(lambda: who_waits(redis) == 0, 10, "both are out")
    # A worker that was slow comes with a page that was received before all that.
    late = CohortPage("add_members", "demo", COHORT_ID, [ann, bob], received_at_ms=before_ms)
    Ledger(redis).add(INBOX, [(f"page:{uuid.uuid4().hex}", late.encode())])
    unpacked(redis, 3)
    assert redis.hget(INBOX.key("counters"), "outdated:demo") == b"2"
    assert who_waits(redis) == 0
    bridge.send_cohort([ann], action="add_members")
    wait_until(lambda: who_waits(redis) == 1, 10, "one is back")
    older = CohortPage("remove_members", "demo", COHORT_ID, [ann], received_at_ms=before_ms)
    Ledger(redis).add(INBOX, [(f"page:{uuid.uuid4().hex}", older.encode())])
    unpacked(redis, 5)
    assert who_waits(redis) == 1
    waiting.resume("demo")
    wait_until(lambda: started(bridge) == {ann["email"]}, 15, "who is back is started")
    bridge.send_cohort([ann], action="remove_members")
    bridge.send_cohort([ann], action="add_members")
    unpacked(redis, 7)
    assert bridge.sandbox.get("koji", "summary")["calls"] == 1, "nobody is started again"


def send_result(bridge: LocalBridge, interview_id: str, **respondent: str) -> None:
    """Deliver the result of an interview that the bridge did not start."""
    body = requests.Request(
        "POST",
        "http://koji",
        json={
            "event": "interview.analysis_ready",
            "interview_id": interview_id,
            "study_id": "st_private",
            "respondent": respondent,
            "quality_score": 4,
            "sentiment": "positive",
            "themes": ["Price"],
        },
    ).prepare()
    assert isinstance(body.body, bytes)
    settings = load_config(bridge.settings()).settings
    now_seconds = int(time.time())
    headers = sign(settings, body.body, now_seconds=now_seconds, delivery_id=interview_id)
    answer = requests.post(
        f"{bridge.url}/webhooks/koji",
        data=body.body,
        headers={"Content-Type": "application/json", **headers},
        timeout=10,
    )
    assert answer.json() == {"status": "accepted"}


def test_a_result_of_somebody_unidentified_is_written_once_their_cohort_comes(
    bridge: LocalBridge, redis: Redis
) -> None:
    lost = f"{email_hash('lost@example.com')}.{study_hash('st_private')}"
    send_result(bridge, "by-address", email="Cohort@example.com")
    send_result(bridge, "by-id", external_id=lost)
    send_result(bridge, "nobody", email="never@example.com")
    unpacked(redis, 3)
    metrics = requests.get(f"{bridge.url}/metrics", timeout=10).text
    assert "bridge_unmatched_results{} 3\n" in metrics
    assert 'bridge_skipped_total{reason="unidentified"} 3\n' in metrics
    member = {"email": "cohort@example.com", "mixpanel_distinct_id": "u-cohort", "plan": "pro"}
    bridge.send_cohort([member], cohort_id="2")
    post_members(bridge, {"email": "lost@example.com", "distinct_id": "u-lost"}, route="private")

    def written() -> dict[str, str]:
        events = [one["properties"] for one in bridge.sandbox.get("mixpanel", "events")]
        return {one["interview_id"]: one["distinct_id"] for one in events}

    wait_until(lambda: len(written()) == 2, 15, "both results are written")
    assert written() == {"by-address": "u-cohort", "by-id": "u-lost"}
    assert bridge.sandbox.get("koji", "summary")["calls"] == 0, "they were interviewed already"
    assert redis.hkeys(INBOX.key("unmatched")) == [b"nobody"]


def test_no_address_reaches_koji_where_people_are_known_by_their_id(bridge: LocalBridge) -> None:
    people = [
        {**one, "contact": f"write to {one['email']}", "first_name": one["email"]}
        for one in sample_members(5)
    ]
    people.append({"email": "self@example.com", "mixpanel_distinct_id": "self@example.com"})
    bridge.send_cohort(people, cohort_id="2")
    wait_until(lambda: bridge.sandbox.get("koji", "summary")["started"] == 6, 20, "all are started")
    bodies = bridge.sandbox.get("koji", "bodies")
    starts = bridge.sandbox.get("koji", "starts")
    assert len(bodies) == len(starts) == 6
    assert "user-003" in str(bodies)
    assert "@" not in str(bodies)
    assert "%40" not in str(bodies)
    assert "@" not in str([(one["idempotency_key"], one["external_id"]) for one in starts])
