"""Claims: what is due, oldest first, as much as limits and budgets leave room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import INBOX, Lane, invitations
from common.ledger.ledger import Budget
from tests.support.book import read_lane

if TYPE_CHECKING:
    from common.ledger import Claimed, Ledger
    from tests.support.clock import FakeClock

LANE, OTHER = invitations("alpha"), invitations("beta")
LEASE_MS = 1000


def fill(ledger: Ledger, *keys: str, lane: Lane = LANE, delay_ms: int = 0) -> None:
    ledger.add(lane, [(key, key.encode()) for key in keys], delay_ms)


def claim(ledger: Ledger, most: int = 10, **how: Any) -> list[Claimed]:
    claims, _ = ledger.claim(how.pop("lane", LANE), most=most, lease_ms=LEASE_MS, **how)
    return claims


def keys(claims: list[Claimed]) -> list[str]:
    return [claim.key for claim in claims]


def lapse(ledger: Ledger, clock: FakeClock, **how: int) -> tuple[int, int]:
    clock.advance(ms=LEASE_MS)
    return ledger.expire(LANE, **how)


# --- what is due ---


def test_what_was_due_first_comes_first(ledger: Ledger, clock: FakeClock) -> None:
    fill(ledger, "late", delay_ms=20)
    fill(ledger, "soon", delay_ms=10)
    fill(ledger, "now")
    clock.advance(ms=20)
    assert keys(claim(ledger)) == ["now", "soon", "late"]


def test_a_claim_tells_how_many_more_are_due(ledger: Ledger) -> None:
    fill(ledger, *"abcde")
    fill(ledger, "later", delay_ms=1)
    claims, more = ledger.claim(LANE, most=2, lease_ms=LEASE_MS)
    assert (keys(claims), more) == (["a", "b"], 3)


def test_nothing_due_is_no_claim(ledger: Ledger) -> None:
    fill(ledger, "later", delay_ms=1)
    assert ledger.claim(LANE, most=2, lease_ms=LEASE_MS) == ([], 0)


def test_nobody_claims_what_somebody_holds(ledger: Ledger) -> None:
    fill(ledger, *"abc")
    assert keys(claim(ledger, 2)) == ["a", "b"]
    assert keys(claim(ledger, 2)) == ["c"]
    assert claim(ledger, 2) == []


def test_each_claim_has_a_token_of_its_own(ledger: Ledger, clock: FakeClock) -> None:
    fill(ledger, *"ab")
    tokens = [one.token for one in claim(ledger, begins=False)]
    lapse(ledger, clock)
    tokens += [one.token for one in claim(ledger, begins=False)]
    assert tokens == sorted(set(tokens))
    assert len(tokens) == 4


def test_sub_lanes_are_claimed_apart(ledger: Ledger) -> None:
    fill(ledger, "a", lane=LANE)
    fill(ledger, "b", lane=OTHER)
    assert keys(claim(ledger, lane=OTHER)) == ["b"]
    assert keys(claim(ledger, lane=LANE)) == ["a"]


def test_two_sub_lanes_never_give_out_the_same_token(ledger: Ledger) -> None:
    fill(ledger, "a", lane=LANE)
    fill(ledger, "b", lane=OTHER)
    assert claim(ledger, lane=LANE)[0].token != claim(ledger, lane=OTHER)[0].token


def test_a_claim_of_one_lane_is_none_of_another(ledger: Ledger) -> None:
    fill(ledger, "a", lane=LANE)
    fill(ledger, "a", lane=INBOX)
    token = claim(ledger, lane=LANE)[0].token
    claim(ledger, lane=INBOX)
    assert ledger.complete(INBOX, [("a", token + 1, b"", {})]) == [False]


# --- limits ---


@pytest.mark.parametrize(
    ("most", "most_in_flight", "expected"),
    [(2, None, 2), (9, 3, 2), (9, 1, 0), (9, 0, 0), (1, 9, 1), (0, None, 0)],
)
def test_no_more_are_in_flight_than_allowed(
    ledger: Ledger, most: int, most_in_flight: int | None, expected: int
) -> None:
    fill(ledger, *"abcdef")
    claim(ledger, 1)
    assert len(claim(ledger, most, most_in_flight=most_in_flight)) == expected


@pytest.mark.parametrize(
    ("used", "budgets", "expected"),
    [
        (0, [Budget("invites", 3)], 3),
        (2, [Budget("invites", 3)], 1),
        (3, [Budget("invites", 3)], 0),
        (9, [Budget("invites", 3)], 0),
        (0, [Budget("invites", 0)], 0),
        (0, [Budget("credits", 8, cost=3)], 2),
        (0, [Budget("credits", 2, cost=3)], 0),
        (0, [Budget("invites", 5), Budget("credits", 8, cost=3)], 2),
        (4, [Budget("invites", 5), Budget("credits", 80, cost=3)], 1),
    ],
    ids=str,
)
def test_no_more_are_claimed_than_the_budgets_leave(
    ledger: Ledger, used: int, budgets: list[Budget], expected: int
) -> None:
    ledger.redis.hset(LANE.key("counters"), "invites", used)
    fill(ledger, *"abcdef")
    assert len(claim(ledger, budgets=budgets)) == expected


def test_what_is_in_flight_has_its_share_of_a_budget(ledger: Ledger) -> None:
    fill(ledger, *"abcdef")
    budgets = [Budget("invites", 4), Budget("credits", 9, cost=3)]
    assert len(claim(ledger, 2, budgets=budgets)) == 2
    assert len(claim(ledger, budgets=budgets)) == 1
    assert claim(ledger, budgets=budgets) == []


def test_what_ends_in_flight_without_a_start_gives_its_share_back(ledger: Ledger) -> None:
    fill(ledger, *"ab")
    budgets = [Budget("invites", 1)]
    ((one,)) = claim(ledger, budgets=budgets)
    ledger.bury(LANE, [(one.key, one.token, "rejected", 400, "")])
    assert keys(claim(ledger, budgets=budgets)) == ["b"]


def test_what_is_done_has_used_up_its_budget_for_good(ledger: Ledger) -> None:
    fill(ledger, *"ab")
    budgets = [Budget("credits", 5, cost=3)]
    ((one,)) = claim(ledger, budgets=budgets)
    ledger.complete(LANE, [(one.key, one.token, b"", {"credits": 3})])
    assert claim(ledger, budgets=budgets) == []


# --- leases ---


def test_a_lease_that_ran_out_is_claimed_again(ledger: Ledger, clock: FakeClock) -> None:
    fill(ledger, "a")
    ((first,)) = claim(ledger)
    clock.advance(ms=LEASE_MS - 1)
    assert ledger.expire(LANE) == (0, 0)
    clock.advance(ms=1)
    assert ledger.expire(LANE) == (1, 0)
    ((second,)) = claim(ledger)
    assert second.token > first.token


def test_a_renewed_lease_runs_from_now(ledger: Ledger, clock: FakeClock) -> None:
    fill(ledger, *"ab")
    one, two = claim(ledger)
    clock.advance(ms=LEASE_MS - 1)
    proofs = [(one.key, one.token), (two.key, one.token), ("nobody", 1)]
    assert ledger.renew(LANE, proofs, LEASE_MS) == [True, False, False]
    clock.advance(ms=1)
    assert ledger.expire(LANE) == (1, 0)
    assert keys(claim(ledger)) == ["b"]


def test_whoever_is_late_but_not_replaced_may_still_finish(
    ledger: Ledger, clock: FakeClock
) -> None:
    fill(ledger, "a")
    ((one,)) = claim(ledger)
    clock.advance(ms=10 * LEASE_MS)
    assert ledger.complete(LANE, [(one.key, one.token, b"", {})]) == [True]
    assert ledger.expire(LANE) == (0, 0)


def test_leases_are_taken_back_a_few_at_a_time_the_oldest_first(
    ledger: Ledger, clock: FakeClock
) -> None:
    for key in "abc":
        fill(ledger, key)
        claim(ledger, begins=False)
        clock.advance(ms=1)
    assert lapse(ledger, clock, most=2) == (2, 0)
    assert keys(claim(ledger)) == ["a", "b"]


# --- silence ---


def test_a_suspect_that_is_first_comes_alone(ledger: Ledger, clock: FakeClock) -> None:
    fill(ledger, "killer")
    claim(ledger)
    lapse(ledger, clock)
    clock.advance(ms=1)
    fill(ledger, *"abc")
    assert keys(claim(ledger)) == ["killer"]
    assert keys(claim(ledger)) == ["a", "b", "c"]


def test_a_suspect_among_others_waits_until_it_is_first(ledger: Ledger, clock: FakeClock) -> None:
    fill(ledger, "killer")
    claim(ledger)
    fill(ledger, *"abc")
    lapse(ledger, clock)
    assert keys(claim(ledger)) == ["a", "b", "c"]
    assert keys(claim(ledger)) == ["killer"]


def test_tickets_of_suspects_may_come_together(ledger: Ledger, clock: FakeClock) -> None:
    fill(ledger, *"ab")
    claim(ledger)
    lapse(ledger, clock)
    assert keys(claim(ledger, begins=False)) == ["a", "b"]


def test_who_spoke_is_no_suspect(ledger: Ledger) -> None:
    fill(ledger, *"ab")
    one, two = claim(ledger)
    ledger.retry(LANE, [(c.key, c.token, 0, True, False, None) for c in (one, two)])
    assert keys(claim(ledger)) == ["a", "b"]


@pytest.mark.parametrize("max_deliveries", [1, 3])
def test_an_entry_that_always_ends_in_silence_becomes_poison(
    ledger: Ledger, clock: FakeClock, max_deliveries: int
) -> None:
    fill(ledger, "killer")
    for _ in range(max_deliveries - 1):
        claim(ledger)
        assert lapse(ledger, clock, max_deliveries=max_deliveries) == (1, 0)
    claim(ledger)
    assert lapse(ledger, clock, max_deliveries=max_deliveries) == (0, 1)
    page = read_lane(ledger.redis, [LANE])
    assert page.state_of("killer") == ("dead", "")
    assert page.meta["killer"]["reason"] == "poison"
    assert page.meta["killer"]["error"].startswith(f"its worker vanished {max_deliveries} times")
    assert page.counters["dead:poison"] == 1


def test_tickets_that_never_began_do_not_make_poison(ledger: Ledger, clock: FakeClock) -> None:
    fill(ledger, "a")
    for _ in range(9):
        claim(ledger, begins=False)
        assert lapse(ledger, clock, max_deliveries=2) == (1, 0)


def test_a_ticket_put_back_before_it_began_does_not_hide_earlier_silence(
    ledger: Ledger, clock: FakeClock
) -> None:
    fill(ledger, "killer")
    for turn in range(2):
        ((ticket,)) = claim(ledger, begins=False)
        ledger.retry(LANE, [("killer", ticket.token, 0, False, False, None)])
        ((ticket,)) = claim(ledger, begins=False)
        assert ledger.begin(LANE, "killer", ticket.token, lease_ms=LEASE_MS)
        assert lapse(ledger, clock, max_deliveries=2) == ((1, 0) if turn == 0 else (0, 1))


# --- beginning ---


def test_beginning_renews_the_lease(ledger: Ledger, clock: FakeClock) -> None:
    fill(ledger, "a")
    ((ticket,)) = claim(ledger, begins=False)
    clock.advance(ms=LEASE_MS - 1)
    begun = ledger.begin(LANE, "a", ticket.token, lease_ms=LEASE_MS)
    assert begun
    assert (begun.go, begun.value, begun.attempts, begun.sent_before) == (True, b"a", 0, False)
    clock.advance(ms=LEASE_MS - 1)
    assert ledger.expire(LANE) == (0, 0)


@pytest.mark.parametrize("token", [0, 2, 99])
def test_a_ticket_of_another_claim_does_not_begin(ledger: Ledger, token: int) -> None:
    fill(ledger, "a")
    claim(ledger, begins=False)
    assert ledger.begin(LANE, "a", token, lease_ms=LEASE_MS) is None


def test_a_ticket_put_back_before_it_began_keeps_that_an_earlier_call_may_have_been_made(
    ledger: Ledger, clock: FakeClock
) -> None:
    fill(ledger, "a")
    ((first,)) = claim(ledger, begins=False)
    ledger.begin(LANE, "a", first.token, lease_ms=LEASE_MS)
    lapse(ledger, clock)
    ((second,)) = claim(ledger, begins=False)
    ledger.retry(LANE, [("a", second.token, 0, False, False, None)])
    ((third,)) = claim(ledger, begins=False)
    begun = ledger.begin(LANE, "a", third.token, lease_ms=LEASE_MS)
    assert begun
    assert begun.sent_before


@pytest.mark.parametrize("sent", [False, True])
def test_a_worker_that_lives_tells_whether_its_call_may_have_been_made(
    ledger: Ledger, *, sent: bool
) -> None:
    fill(ledger, "a")
    ((first,)) = claim(ledger, begins=False)
    ledger.begin(LANE, "a", first.token, lease_ms=LEASE_MS)
    ledger.retry(LANE, [("a", first.token, 0, True, sent, None)])
    ((second,)) = claim(ledger, begins=False)
    begun = ledger.begin(LANE, "a", second.token, lease_ms=LEASE_MS)
    assert begun
    assert (begun.sent_before, begun.attempts) == (sent, 1)
