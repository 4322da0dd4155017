"""How entries end: done, put back, dead, cancelled; and how the dead come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.errors import LaterError, TransientError
from common.ledger import INBOX, invitations
from common.ledger.lanes import INVITATIONS
from common.ledger.ledger import ERROR_CHARS
from tests.support.book import read_lane
from tests.support.clock import START_MS

if TYPE_CHECKING:
    from common.errors import PartnerError
    from common.ledger import Claimed, Ledger
    from tests.support.clock import FakeClock

LANE, OTHER = invitations("alpha"), invitations("beta")
LEASE_MS = 1000
KEY = "ann.study"


def claim(ledger: Ledger, *keys: str, begins: bool = True) -> list[Claimed]:
    ledger.add(LANE, [(key, b"value") for key in keys])
    claims, _ = ledger.claim(LANE, most=10, lease_ms=LEASE_MS, begins=begins)
    return claims


def bury(ledger: Ledger, key: str = KEY, reason: str = "rejected") -> None:
    for one in claim(ledger, key):
        assert ledger.bury(LANE, [(key, one.token, reason, 400, "no such study")]) == [True]


# --- done ---


def test_each_of_several_is_finished_for_itself(ledger: Ledger) -> None:
    one, two = claim(ledger, "a", "b")
    done = [("a", one.token, b"kept", {"n": 2}), ("b", one.token, b"", {"n": 5})]
    assert ledger.complete(LANE, done) == [True, False]
    page = read_lane(ledger.redis, [LANE])
    assert (page.state_of("a"), page.state_of("b")) == (("done", ""), ("in_flight", "alpha"))
    assert page.entries == {"a": b"kept", "b": b"value"}
    assert page.counters["n"] == 2
    assert set(page.meta) == {"b"}
    assert page.meta["b"]["token"] == two.token


def test_what_is_done_is_done_once(ledger: Ledger) -> None:
    ((one,)) = claim(ledger, "a")
    assert ledger.complete(LANE, [("a", one.token, b"", {"n": 1})]) == [True]
    assert ledger.complete(LANE, [("a", one.token, b"", {"n": 1})]) == [False]
    assert read_lane(ledger.redis, [LANE]).counters["n"] == 1


def test_an_accepted_start_leads_back_to_the_person(ledger: Ledger, clock: FakeClock) -> None:
    ((one,)) = claim(ledger, KEY, begins=False)
    clock.advance(ms=7)
    assert ledger.complete_start(
        LANE, KEY, one.token, value=b"kept", interview_id="iv", counters={"started:alpha": 1}
    )
    page = read_lane(ledger.redis, [LANE])
    assert ledger.find_interview("iv") == KEY
    assert ledger.value(LANE, KEY) == b"kept"
    assert page.states["done", ""] == {KEY: START_MS + 7}
    assert page.counters["started:alpha"] == 1
    assert ledger.redis.hgetall(LANE.key("people")) == {b"ann": b"%d" % (START_MS + 7)}


def test_an_accepted_start_ends_a_row_of_refusals_of_its_route_alone(ledger: Ledger) -> None:
    refused = LANE.key("refused_in_a_row")
    ledger.redis.hset(refused, mapping={"alpha": 4, "beta": 2})
    ((one,)) = claim(ledger, KEY, begins=False)
    ledger.complete_start(LANE, KEY, one.token, value=b"", interview_id="", counters={})
    assert ledger.redis.hgetall(refused) == {b"beta": b"2"}


def test_a_start_without_an_interviews_id_is_a_start(ledger: Ledger) -> None:
    ((one,)) = claim(ledger, KEY, begins=False)
    assert ledger.complete_start(LANE, KEY, one.token, value=b"", interview_id="", counters={})
    assert ledger.redis.hlen(LANE.key("interviews")) == 0


@pytest.mark.parametrize("state", ["pending", "in_flight", "dead"])
def test_a_result_finishes_a_start_that_nobody_confirmed(ledger: Ledger, state: str) -> None:
    if state == "dead":
        bury(ledger, reason="ambiguous")
    elif state == "in_flight":
        claim(ledger, KEY, begins=False)
    else:
        ledger.add(LANE, [(KEY, b"value")])
    how = {"value": b"kept", "interview_id": "iv", "counters": {"started:alpha": 1}}
    assert ledger.confirm_start(LANE, KEY, **how)
    assert not ledger.confirm_start(LANE, KEY, **how)
    page = read_lane(ledger.redis, [LANE])
    assert page.state_of(KEY) == ("done", "")
    assert page.entries[KEY] == b"kept"
    assert page.counters["started:alpha"] == 1
    assert page.meta == {}
    assert ledger.find_interview("iv") == KEY


@pytest.mark.parametrize("claimed", [False, True])
def test_a_result_finishes_what_waits_in_another_route_of_the_study(
    ledger: Ledger, *, claimed: bool
) -> None:
    other = invitations("beta")
    ledger.add(other, [(KEY, b"value")])
    if claimed:
        ledger.claim(other, most=1, lease_ms=LEASE_MS, begins=False)
    how = {"value": b"kept", "interview_id": "iv", "counters": {"started:alpha": 1}}
    assert ledger.confirm_start(LANE, KEY, others=[other], **how)
    page = read_lane(ledger.redis, [LANE, other])
    assert page.state_of(KEY) == ("done", "")
    assert page.counters["started:alpha"] == 1


@pytest.mark.parametrize("reason", ["left_cohort", "cooldown", "dropped"])
def test_a_result_finishes_what_was_cancelled_meanwhile(ledger: Ledger, reason: str) -> None:
    ledger.add(LANE, [(KEY, b"value")])
    ledger.cancel(LANE, [KEY], reason)
    assert ledger.confirm_start(LANE, KEY, value=b"kept", interview_id="iv", counters={})
    assert read_lane(ledger.redis, [LANE]).state_of(KEY) == ("done", "")


def test_a_confirmed_start_is_taken_from_whoever_works_on_it(ledger: Ledger) -> None:
    ((one,)) = claim(ledger, KEY, begins=False)
    ledger.confirm_start(LANE, KEY, value=b"kept", interview_id="iv", counters={"n": 1})
    assert not ledger.complete_start(
        LANE, KEY, one.token, value=b"other", interview_id="iv", counters={"n": 1}
    )
    assert ledger.value(LANE, KEY) == b"kept"
    assert read_lane(ledger.redis, [LANE]).counters["n"] == 1


def test_a_result_of_somebody_unknown_finishes_nothing(ledger: Ledger) -> None:
    assert not ledger.confirm_start(LANE, KEY, value=b"", interview_id="iv", counters={"n": 1})
    page = read_lane(ledger.redis, [LANE])
    assert (page.entries, page.counters) == ({}, {})


# --- put back ---


def test_what_is_put_back_is_due_after_its_delay(ledger: Ledger, clock: FakeClock) -> None:
    ((one,)) = claim(ledger, "a")
    assert ledger.retry(LANE, [("a", one.token, 500, True, False, None)]) == [True]
    clock.advance(ms=499)
    assert claim(ledger) == []
    clock.advance(ms=1)
    ((again,)) = claim(ledger)
    assert (again.attempts, again.value) == (1, b"value")


def test_waiting_spends_no_attempt_and_is_no_part_of_the_story(ledger: Ledger) -> None:
    ((one,)) = claim(ledger, "a")
    ledger.retry(LANE, [("a", one.token, 0, False, False, LaterError("wait", status=429))])
    assert claim(ledger)[0].attempts == 0
    assert "story" not in read_lane(ledger.redis, [LANE]).meta["a"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TransientError("HTTP 503", status=503), ("transient", 503, "HTTP 503")),
        (TransientError("no answer"), ("transient", None, "no answer")),
        (TransientError("é" * 999), ("transient", None, "é" * ERROR_CHARS)),
        (TransientError('"\\\x00\n€'), ("transient", None, '"\\\x00\n€')),
        (None, ("", None, "")),
    ],
    ids=["status", "none", "long", "odd", "unknown"],
)
def test_a_failure_is_told_in_the_story(
    ledger: Ledger, clock: FakeClock, error: PartnerError | None, told: tuple[str, int | None, str]
) -> None:
    ((one,)) = claim(ledger, "a")
    clock.advance(ms=3)
    ledger.retry(LANE, [("a", one.token, 1500, True, False, error)])
    meta = read_lane(ledger.redis, [LANE]).meta["a"]
    [step] = meta["story"]
    assert (step["outcome"], step.get("status"), step["error"]) == told
    assert (step["at"], step["delay_ms"]) == (START_MS + 3, 1500)
    assert meta["first_at"] == meta["last_at"] == START_MS + 3


def test_the_story_keeps_the_last_twenty_steps_and_the_first_time(
    ledger: Ledger, clock: FakeClock
) -> None:
    claim(ledger, "a")
    for n in range(25):
        clock.advance(ms=LEASE_MS)
        ledger.expire(LANE, max_deliveries=99)
        ((one,)) = claim(ledger)
        ledger.retry(LANE, [("a", one.token, n, True, False, TransientError("down"))])
        clock.advance(ms=n)
        claim(ledger)
    meta = read_lane(ledger.redis, [LANE]).meta["a"]
    assert [step["delay_ms"] for step in meta["story"]] == list(range(5, 25))
    assert meta["first_at"] == START_MS + LEASE_MS
    assert meta["last_at"] == meta["story"][-1]["at"]
    assert meta["attempts"] == 25


# --- dead ---


def test_a_dead_letter_says_why(ledger: Ledger, clock: FakeClock) -> None:
    ((one,)) = claim(ledger, KEY)
    clock.advance(ms=9)
    dead = [(KEY, one.token, "rejected", 422, "x" * 999), ("nobody", 1, "rejected", None, "")]
    assert ledger.bury(LANE, dead) == [True, False]
    page = read_lane(ledger.redis, [LANE])
    assert page.states["dead", ""] == {KEY: START_MS + 9}
    assert page.counters["dead:rejected"] == 1
    meta = page.meta[KEY]
    assert (meta["reason"], meta["status"], meta["route"]) == ("rejected", 422, "alpha")
    assert (meta["error"], meta["attempts"]) == ("x" * ERROR_CHARS, 1)
    assert page.entries[KEY] == b"value"


def test_a_dead_letter_without_a_status_or_a_route_has_none(ledger: Ledger) -> None:
    ledger.add(INBOX, [("a", b"")])
    ((one,), _) = ledger.claim(INBOX, most=1, lease_ms=LEASE_MS)
    ledger.bury(INBOX, [("a", one.token, "bug", None, "")])
    meta = read_lane(ledger.redis, [INBOX]).meta["a"]
    assert "status" not in meta
    assert "route" not in meta


def test_a_dead_letter_comes_back_with_a_fresh_budget_and_its_story(
    ledger: Ledger, clock: FakeClock
) -> None:
    bury(ledger)
    clock.advance(ms=5)
    assert ledger.revive(LANE, [KEY, "nobody"])[0] == [True, False]
    page = read_lane(ledger.redis, [LANE])
    assert page.states["pending", "alpha"] == {KEY: START_MS + 5}
    meta = page.meta[KEY]
    assert (meta["attempts"], meta["deliveries"]) == (0, 0)
    assert not {"reason", "status", "error", "sent", "token"} & set(meta)
    assert [step["outcome"] for step in meta["story"]] == ["dead", "replayed"]
    assert ledger.revive(LANE, [KEY])[0] == [False]


def test_letters_come_back_one_after_the_other(ledger: Ledger) -> None:
    for key in "abc":
        bury(ledger, key)
    revived, _ = ledger.revive(LANE, ["a", "nobody", "b", "c"], spacing_ms=100)
    assert revived == [True, False, True, True]
    pending = read_lane(ledger.redis, [LANE]).states["pending", "alpha"]
    assert pending == {"a": START_MS, "b": START_MS + 100, "c": START_MS + 200}


def test_what_comes_back_asks_for_a_wake_up_once(ledger: Ledger) -> None:
    for key in "ab":
        bury(ledger, key)
    assert not ledger.revive(LANE, ["nobody"])[1]
    assert ledger.revive(LANE, ["a"])[1]
    assert not ledger.revive(LANE, ["b"])[1]


def test_a_held_start_that_comes_back_counts_as_not_sent(ledger: Ledger) -> None:
    ((one,)) = claim(ledger, KEY, begins=False)
    ledger.begin(LANE, KEY, one.token, lease_ms=LEASE_MS)
    ledger.bury(LANE, [(KEY, one.token, "ambiguous", None, "no answer")])
    ledger.revive(LANE, [KEY])
    ((again,)) = claim(ledger, begins=False)
    begun = ledger.begin(LANE, KEY, again.token, lease_ms=LEASE_MS)
    assert begun
    assert not begun.sent_before


@pytest.mark.parametrize("reason", ["exhausted", "poison", "rejected"])
def test_only_the_question_whether_it_was_sent_is_answered_by_a_replay(
    ledger: Ledger, reason: str
) -> None:
    ((one,)) = claim(ledger, KEY, begins=False)
    ledger.begin(LANE, KEY, one.token, lease_ms=LEASE_MS)
    ledger.bury(LANE, [(KEY, one.token, reason, None, "")], sent=True)
    ledger.revive(LANE, [KEY])
    ((again,)) = claim(ledger, begins=False)
    begun = ledger.begin(LANE, KEY, again.token, lease_ms=LEASE_MS)
    assert begun
    assert begun.sent_before


# --- cancelled ---


@pytest.mark.parametrize(
    ("state", "expected"),
    [("pending", True), ("dead", True), ("in_flight", False), ("done", False), ("none", False)],
)
def test_only_what_waits_or_is_dead_can_be_cancelled(
    ledger: Ledger, state: str, *, expected: bool
) -> None:
    if state == "pending":
        ledger.add(LANE, [(KEY, b"value")])
    elif state == "dead":
        bury(ledger)
    elif state != "none":
        ((one,)) = claim(ledger, KEY)
        if state == "done":
            ledger.complete(LANE, [(KEY, one.token, b"kept", {})])
    assert ledger.cancel(LANE, [KEY], "dropped") == [expected]
    if expected:
        page = read_lane(ledger.redis, [LANE])
        assert page.state_of(KEY) == ("cancelled", "")
        assert page.entries[KEY] == b""
        assert page.counters["cancelled:dropped"] == 1
        assert "story" not in page.meta[KEY]


def test_what_waits_in_another_sub_lane_is_not_cancelled(ledger: Ledger) -> None:
    ledger.add(OTHER, [(KEY, b"")])
    assert ledger.cancel(LANE, [KEY], "dropped") == [False]


# --- looking up ---


def test_an_entry_waits_in_its_own_sub_lane_until_it_ends(ledger: Ledger) -> None:
    assert not ledger.waits_in(LANE, KEY)
    ledger.add(LANE, [(KEY, b"")])
    assert ledger.waits_in(LANE, KEY)
    assert not ledger.waits_in(OTHER, KEY)
    ((one,)) = claim(ledger)
    assert ledger.waits_in(LANE, KEY)
    ledger.complete(LANE, [(KEY, one.token, b"", {})])
    assert not ledger.waits_in(LANE, KEY)


def test_a_sub_lane_has_work_until_its_last_entry_has_ended(ledger: Ledger) -> None:
    assert not ledger.has_work(LANE)
    ledger.add(LANE, [(KEY, b"")])
    assert ledger.has_work(LANE)
    assert not ledger.has_work(OTHER)
    ((one,)) = claim(ledger)
    assert ledger.has_work(LANE)
    ledger.complete(LANE, [(KEY, one.token, b"", {})])
    assert not ledger.has_work(LANE)


def test_something_is_due_when_its_time_has_come(ledger: Ledger, clock: FakeClock) -> None:
    assert not ledger.due(INBOX)
    ledger.add(INBOX, [("a", b"")], delay_ms=1)
    assert not ledger.due(INBOX)
    clock.advance(ms=1)
    assert ledger.due(INBOX)


def test_what_is_not_there_is_none(ledger: Ledger) -> None:
    assert ledger.value(INBOX, "a") is None
    assert ledger.find_interview("iv") is None
    assert ledger.names([]) == ledger.names(["", ""]) == []
    assert ledger.names(["id"]) == ["id"]


def test_the_first_address_of_an_id_is_its_alias(ledger: Ledger) -> None:
    ledger.invite(LANE, "study", [("ann@", "phone", b"", ""), ("new@", "phone", b"", "")])
    assert ledger.names(["phone"]) == ["phone", "ann@", "new@"]
    assert set(ledger.names(["", "new@"])) == {"new@", "phone", "ann@"}
    assert ledger.redis.hlen(INVITATIONS.key("aliases")) == 1
