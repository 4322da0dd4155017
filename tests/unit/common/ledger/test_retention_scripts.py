"""What the ledger forgets, and which interviews it still awaits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from common.ledger import INBOX, WRITES, Lane, invitations
from common.ledger.lanes import INVITATIONS
from tests.support.book import read_lane

if TYPE_CHECKING:
    from redis import Redis

    from common.ledger import Ledger
    from tests.support.clock import FakeClock

LANE = invitations("activation")
STUDY = "study-01"
ANN, BOB = "ann-address", "bob-address"
ANNS, BOBS = f"{ANN}.{STUDY}", f"{BOB}.{STUDY}"
LEASE_MS = 1000


def invite(ledger: Ledger, *names: str, lane: Lane = LANE, refusal: str = "") -> None:
    ledger.invite(lane, STUDY, [(name, "", b'{"e":"x"}', refusal) for name in names])


def start(ledger: Ledger, name: str, interview_id: str) -> None:
    """Invite somebody and let Koji accept the start."""
    invite(ledger, name)
    ((claim,), _) = ledger.claim(LANE, most=1, lease_ms=LEASE_MS)
    ledger.complete_start(
        LANE, claim.key, claim.token, value=b"{}", interview_id=interview_id, counters={}
    )


def end(ledger: Ledger, lane: Lane, key: str, state: str) -> None:
    """Add an entry and bring it into a state."""
    ledger.add(lane, [(key, b"{}")])
    if state == "cancelled":
        ledger.cancel(lane, [key], "by_hand")
    elif state != "pending":
        ((claim,), _) = ledger.claim(lane, most=1, lease_ms=LEASE_MS)
        if state == "done":
            ledger.complete(lane, [(key, claim.token, b"{}", {})])
        elif state == "dead":
            ledger.bury(lane, [(key, claim.token, "rejected", 422, "no")])


# --- purge ---


@pytest.mark.parametrize("lane", [INBOX, WRITES], ids=["inbox", "writes"])
@pytest.mark.parametrize("state", ["done", "dead", "cancelled"])
def test_nothing_is_left_of_what_ended_long_ago(
    ledger: Ledger, redis: Redis, clock: FakeClock, lane: Lane, state: str
) -> None:
    end(ledger, lane, "a", state)
    assert read_lane(redis, [lane]).sizes() == {state: 1}
    assert ledger.purge(lane, state, clock()) == 1
    page = read_lane(redis, [lane])
    assert (page.entries, page.meta, page.sizes()) == ({}, {}, {})


@pytest.mark.parametrize(("before_ms", "forgotten"), [(-1, 0), (0, 1)])
def test_the_time_of_the_end_decides(
    ledger: Ledger, clock: FakeClock, before_ms: int, forgotten: int
) -> None:
    end(ledger, INBOX, "a", "done")
    ended_at_ms = clock()
    clock.advance(days=30)
    assert ledger.purge(INBOX, "done", ended_at_ms + before_ms) == forgotten
    assert (ledger.value(INBOX, "a") is None) is bool(forgotten)


def test_only_the_named_state_is_purged(ledger: Ledger, redis: Redis, clock: FakeClock) -> None:
    for state in ("done", "dead", "cancelled", "in_flight", "pending"):
        end(ledger, INBOX, state, state)
    ledger.purge(INBOX, "done", clock())
    assert set(read_lane(redis, [INBOX]).entries) == {"dead", "cancelled", "in_flight", "pending"}


def test_the_oldest_go_first_and_no_more_than_asked_for(ledger: Ledger, clock: FakeClock) -> None:
    for key in ("a", "b", "c"):
        end(ledger, INBOX, key, "done")
        clock.advance(seconds=1)
    assert ledger.purge(INBOX, "done", clock(), most=2) == 2
    assert [ledger.value(INBOX, key) for key in ("a", "b", "c")] == [None, None, b"{}"]
    assert ledger.purge(INBOX, "done", clock(), most=2) == 1
    assert ledger.purge(INBOX, "done", clock(), most=2) == 0


def test_what_was_forgotten_may_come_again(ledger: Ledger, clock: FakeClock) -> None:
    end(ledger, INBOX, "a", "done")
    ledger.purge(INBOX, "done", clock())
    assert ledger.add(INBOX, [("a", b"{}")])[0] == [True]


def test_the_figures_outlive_the_entries(ledger: Ledger, redis: Redis, clock: FakeClock) -> None:
    end(ledger, INBOX, "a", "dead")
    ledger.purge(INBOX, "dead", clock())
    assert read_lane(redis, [INBOX]).counters["dead:rejected"] == 1


def test_who_was_refused_by_policy_is_considered_anew(ledger: Ledger, clock: FakeClock) -> None:
    invite(ledger, ANN, refusal="excluded")
    assert ledger.purge(INVITATIONS, "cancelled", clock()) == 1
    assert ledger.value(INVITATIONS, ANNS) is None


@pytest.mark.parametrize("how", ["dropped", "erased"])
def test_who_was_cancelled_for_good_stays_so(ledger: Ledger, clock: FakeClock, how: str) -> None:
    invite(ledger, ANN)
    if how == "dropped":
        ledger.cancel(LANE, [ANNS], "dropped")
    else:
        ledger._run.erase(keys=LANE.keys(), args=[clock(), ANNS])
    clock.advance(days=31)
    assert ledger.purge(INVITATIONS, "cancelled", clock()) == 1
    assert ledger.value(INVITATIONS, ANNS) == b""
    assert ledger.invite(LANE, STUDY, [(ANN, "", b"{}", "")]) == {"known": 1}


def test_who_may_have_been_started_is_not_forgotten_as_a_dead_letter(
    ledger: Ledger, redis: Redis, clock: FakeClock
) -> None:
    invite(ledger, ANN)
    ((claim,), _) = ledger.claim(LANE, most=1, lease_ms=LEASE_MS)
    ledger.begin(LANE, claim.key, claim.token, lease_ms=LEASE_MS)
    ledger.bury(LANE, [(claim.key, claim.token, "ambiguous", None, "")])
    clock.advance(days=181)
    ledger.purge(INVITATIONS, "dead", clock())
    assert read_lane(redis, [LANE]).state_of(ANNS) == ("dead", "")


def test_who_was_refused_by_koji_was_not_started_and_is_forgotten(
    ledger: Ledger, redis: Redis, clock: FakeClock
) -> None:
    invite(ledger, ANN)
    ((claim,), _) = ledger.claim(LANE, most=1, lease_ms=LEASE_MS, begins=False)
    ledger.begin(LANE, claim.key, claim.token, lease_ms=LEASE_MS)
    ledger.bury(LANE, [(claim.key, claim.token, "rejected", 422, "")], sent=False)
    clock.advance(days=181)
    ledger.purge(INVITATIONS, "dead", clock())
    assert read_lane(redis, [LANE]).entries == {}


def test_what_stays_does_not_stand_in_the_way_of_what_may_go(
    ledger: Ledger, clock: FakeClock
) -> None:
    invite(ledger, ANN)
    ledger.cancel(LANE, [ANNS], "dropped")
    clock.advance(seconds=1)
    invite(ledger, BOB, refusal="excluded")
    clock.advance(days=31)
    before_ms = clock() - 1
    assert ledger.purge(INVITATIONS, "cancelled", before_ms, most=1) == 1
    assert ledger.purge(INVITATIONS, "cancelled", before_ms, most=1) == 1
    assert ledger.value(INVITATIONS, BOBS) is None
    assert ledger.purge(INVITATIONS, "cancelled", before_ms, most=1) == 0


# --- shrink ---


def test_of_somebody_started_less_is_kept(ledger: Ledger) -> None:
    start(ledger, ANN, "int-1")
    assert ledger.shrink(ANNS, b'{"d":"u-ann"}') is True
    assert ledger.value(INVITATIONS, ANNS) == b'{"d":"u-ann"}'


@pytest.mark.parametrize("state", ["pending", "in_flight", "cancelled"])
def test_who_was_not_started_keeps_what_the_start_needs(ledger: Ledger, state: str) -> None:
    invite(ledger, ANN)
    if state == "in_flight":
        ledger.claim(LANE, most=1, lease_ms=LEASE_MS)
    elif state == "cancelled":
        ledger.cancel(LANE, [ANNS], "by_hand")
    before = ledger.value(INVITATIONS, ANNS)
    assert ledger.shrink(ANNS, b"less") is False
    assert ledger.value(INVITATIONS, ANNS) == before


def test_shrinking_nobody_makes_nobody(ledger: Ledger, redis: Redis) -> None:
    assert ledger.shrink(ANNS, b"less") is False
    assert redis.keys() == []


# --- interviews without a result ---


def test_an_accepted_start_is_awaited_from_its_moment_on(ledger: Ledger, clock: FakeClock) -> None:
    start(ledger, ANN, "int-1")
    assert ledger.awaiting(clock() - 1, 5) == []
    assert ledger.awaiting(clock(), 5) == ["int-1"]


def test_a_start_without_an_interviews_id_is_not_awaited(ledger: Ledger, clock: FakeClock) -> None:
    start(ledger, ANN, "")
    assert ledger.awaiting(clock(), 5) == []


def test_those_who_wait_longest_come_first_and_no_more_than_asked_for(
    ledger: Ledger, clock: FakeClock
) -> None:
    for number, name in enumerate((BOB, ANN, "cyd-address")):
        start(ledger, name, f"int-{number}")
        clock.advance(seconds=1)
    assert ledger.awaiting(clock(), 2) == ["int-0", "int-1"]


def test_an_interview_whose_result_came_is_not_awaited(ledger: Ledger, clock: FakeClock) -> None:
    start(ledger, ANN, "int-1")
    ledger.result_came("int-1")
    assert ledger.awaiting(clock(), 5) == []


def test_a_result_of_an_unknown_interview_changes_nothing(ledger: Ledger, clock: FakeClock) -> None:
    start(ledger, ANN, "int-1")
    ledger.result_came("int-2")
    assert ledger.awaiting(clock(), 5) == ["int-1"]


def test_an_interview_that_was_asked_for_waits_its_turn_again(
    ledger: Ledger, clock: FakeClock
) -> None:
    start(ledger, ANN, "int-1")
    clock.advance(seconds=1)
    start(ledger, BOB, "int-2")
    clock.advance(seconds=1)
    ledger.ask_again_later("int-1", clock())
    assert ledger.awaiting(clock() - 1, 5) == ["int-2"]
    assert ledger.awaiting(clock(), 5) == ["int-2", "int-1"]


def test_asking_later_does_not_bring_back_whose_result_came_meanwhile(
    ledger: Ledger, clock: FakeClock
) -> None:
    start(ledger, ANN, "int-1")
    ledger.result_came("int-1")
    ledger.ask_again_later("int-1", clock())
    assert ledger.awaiting(clock(), 5) == []


def test_a_second_answer_about_one_interview_does_not_await_it_again(
    ledger: Ledger, clock: FakeClock
) -> None:
    start(ledger, ANN, "int-1")
    ledger.result_came("int-1")
    ledger.complete_start(LANE, ANNS, 1, value=b"{}", interview_id="int-1", counters={})
    assert ledger.awaiting(clock(), 5) == []


# --- when somebody was started, and who asked to be forgotten ---


def test_a_person_was_started_when_koji_accepted(ledger: Ledger, clock: FakeClock) -> None:
    start(ledger, ANN, "int-1")
    started_at_ms = clock()
    clock.advance(days=1)
    assert ledger.started_at_ms(ANNS) == started_at_ms


def test_a_start_counts_for_the_person_whatever_the_study(ledger: Ledger, clock: FakeClock) -> None:
    start(ledger, ANN, "int-1")
    assert ledger.started_at_ms(f"{ANN}.study-02") == clock()


def test_who_only_waits_was_not_started(ledger: Ledger) -> None:
    invite(ledger, ANN)
    assert ledger.started_at_ms(ANNS) is None


def test_an_erased_person_is_known_as_such(ledger: Ledger, clock: FakeClock) -> None:
    start(ledger, ANN, "int-1")
    ledger._run.erase(keys=LANE.keys(), args=[clock(), ANNS])
    assert ledger.is_erased(ANNS) is True


@pytest.mark.parametrize("how", ["nobody", "waits", "started", "left", "dropped"])
def test_nobody_else_asked_to_be_forgotten(ledger: Ledger, how: str) -> None:
    if how == "started":
        start(ledger, ANN, "int-1")
    elif how != "nobody":
        invite(ledger, ANN)
    if how in {"left", "dropped"}:
        ledger.cancel(LANE, [ANNS], how)
        meta = ledger.redis.hget(INVITATIONS.key("meta"), ANNS)
        assert orjson.loads(meta or b"{}")["cancelled"] == how
    assert ledger.is_erased(ANNS) is False
