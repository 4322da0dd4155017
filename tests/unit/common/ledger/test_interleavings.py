"""Every order in which a ticket, its worker and its lease can come apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.errors import TransientError
from common.identity import email_hash, id_hash, study_hash
from common.ledger import INBOX, Claimed, Ledger, invitations
from common.messages import Invitation

if TYPE_CHECKING:
    from tests.support.clock import FakeClock

LANE = invitations("r")
STUDY = study_hash("st")
LEASE_MS = 30_000
KEY = f"{email_hash('a@example.com')}.{STUDY}"


@pytest.fixture(autouse=True)
def _one_person(ledger: Ledger) -> None:
    value = Invitation(distinct_id="a", email="a@example.com").encode()
    person = (email_hash("a@example.com"), id_hash("a"), value, "")
    assert ledger.invite(LANE, STUDY, [person]) == {"added": 1}


def claim(ledger: Ledger) -> list[Claimed]:
    claims, _ = ledger.claim(LANE, most=10, lease_ms=LEASE_MS, begins=False)
    return claims


def start(ledger: Ledger, token: int, interview_id: str = "iv") -> bool:
    """Complete a start as a worker does when Koji said yes."""
    return ledger.complete_start(
        LANE, KEY, token, value=b"{}", interview_id=interview_id, counters={"started:r": 1}
    )


def state(ledger: Ledger) -> str:
    keys = {name: LANE.own_key(name) for name in ("pending", "in_flight")}
    keys |= {name: LANE.key(name) for name in ("done", "dead", "cancelled")}
    found = [name for name, key in keys.items() if ledger.redis.zscore(key, KEY) is not None]
    assert len(found) == 1
    return found[0]


def lapse(ledger: Ledger, clock: FakeClock) -> None:
    clock.advance(ms=LEASE_MS + 1)
    assert ledger.expire(LANE) == (1, 0)


def test_a_ticket_lost_before_its_call_is_claimed_again_when_its_lease_is_over(
    ledger: Ledger, clock: FakeClock
) -> None:
    (first,) = claim(ledger)
    clock.advance(ms=LEASE_MS - 1)
    assert ledger.expire(LANE) == (0, 0)
    assert claim(ledger) == []
    clock.advance(ms=2)
    assert ledger.expire(LANE) == (1, 0)
    (second,) = claim(ledger)
    assert second.token != first.token
    begun = ledger.begin(LANE, KEY, second.token, lease_ms=LEASE_MS)
    assert begun is not None
    assert not begun.sent_before, "nothing was sent, so nothing is ambiguous"


def test_a_worker_lost_during_its_call_leaves_word_that_it_may_have_been_made(
    ledger: Ledger, clock: FakeClock
) -> None:
    (first,) = claim(ledger)
    assert ledger.begin(LANE, KEY, first.token, lease_ms=LEASE_MS)
    lapse(ledger, clock)
    (second,) = claim(ledger)
    begun = ledger.begin(LANE, KEY, second.token, lease_ms=LEASE_MS)
    assert begun is not None
    assert begun.sent_before


def test_a_worker_lost_after_its_call_but_before_its_verdict_is_the_same(
    ledger: Ledger, clock: FakeClock
) -> None:
    (first,) = claim(ledger)
    assert ledger.begin(LANE, KEY, first.token, lease_ms=LEASE_MS)
    # Koji said yes here, and the worker died before it could tell.
    lapse(ledger, clock)
    (second,) = claim(ledger)
    begun = ledger.begin(LANE, KEY, second.token, lease_ms=LEASE_MS)
    assert begun is not None
    assert begun.sent_before


def test_a_worker_lost_after_its_verdict_has_lost_nothing(ledger: Ledger, clock: FakeClock) -> None:
    (first,) = claim(ledger)
    ledger.begin(LANE, KEY, first.token, lease_ms=LEASE_MS)
    assert start(ledger, first.token)
    clock.advance(ms=LEASE_MS * 2)
    assert ledger.expire(LANE) == (0, 0)
    assert claim(ledger) == []
    assert state(ledger) == "done"


def test_a_ticket_that_comes_twice_begins_once(ledger: Ledger) -> None:
    (only,) = claim(ledger)
    assert ledger.begin(LANE, KEY, only.token, lease_ms=LEASE_MS) is not None
    assert ledger.begin(LANE, KEY, only.token, lease_ms=LEASE_MS) is None
    assert start(ledger, only.token)
    assert ledger.begin(LANE, KEY, only.token, lease_ms=LEASE_MS) is None


def test_a_claim_without_a_ticket_waits_for_its_lease_and_nobody_else_claims_it(
    ledger: Ledger, clock: FakeClock
) -> None:
    claim(ledger)
    assert claim(ledger) == []
    assert state(ledger) == "in_flight"
    lapse(ledger, clock)
    assert state(ledger) == "pending"


def test_a_slow_worker_that_renews_keeps_its_claim(ledger: Ledger, clock: FakeClock) -> None:
    (only,) = claim(ledger)
    ledger.begin(LANE, KEY, only.token, lease_ms=LEASE_MS)
    for _ in range(5):
        clock.advance(ms=LEASE_MS - 1)
        assert ledger.renew(LANE, [(KEY, only.token)], LEASE_MS) == [True]
        assert ledger.expire(LANE) == (0, 0)
    assert start(ledger, only.token)


@pytest.mark.parametrize("taken_over", [False, True], ids=["lapsed", "claimed by another"])
def test_a_late_finisher_can_do_nothing_any_more(
    ledger: Ledger, clock: FakeClock, *, taken_over: bool
) -> None:
    (late,) = claim(ledger)
    ledger.begin(LANE, KEY, late.token, lease_ms=LEASE_MS)
    lapse(ledger, clock)
    if taken_over:
        assert len(claim(ledger)) == 1
    before = state(ledger)
    error = TransientError("HTTP 500", status=500)
    assert ledger.renew(LANE, [(KEY, late.token)], LEASE_MS) == [False]
    assert ledger.retry(LANE, [(KEY, late.token, 0, True, False, error)]) == [False]
    assert ledger.bury(LANE, [(KEY, late.token, "rejected", 422, "HTTP 422")]) == [False]
    assert ledger.complete(LANE, [(KEY, late.token, b"", {})]) == [False]
    assert not start(ledger, late.token)
    assert state(ledger) == before


def test_what_a_late_finisher_heard_from_koji_is_kept_all_the_same(
    ledger: Ledger, clock: FakeClock
) -> None:
    (late,) = claim(ledger)
    ledger.begin(LANE, KEY, late.token, lease_ms=LEASE_MS)
    lapse(ledger, clock)
    assert not start(ledger, late.token, "iv-late")
    assert ledger.find_interview("iv-late") == KEY
    assert ledger.confirm_start(LANE, KEY, value=b"{}", interview_id="iv-late", counters={})
    assert state(ledger) == "done"
    assert claim(ledger) == []


def test_the_entry_that_vanished_with_its_worker_comes_alone(
    ledger: Ledger, clock: FakeClock
) -> None:
    ledger.add(INBOX, [(f"page:{n}", b"{}") for n in range(4)])
    ledger.claim(INBOX, most=1, lease_ms=LEASE_MS)
    clock.advance(ms=LEASE_MS + 1)
    assert ledger.expire(INBOX) == (1, 0)
    sizes = []
    while claims := ledger.claim(INBOX, most=10, lease_ms=LEASE_MS)[0]:
        sizes.append([one.key for one in claims])
    assert ["page:0"] in sizes
    assert sorted(key for keys in sizes for key in keys) == [f"page:{n}" for n in range(4)]


def test_five_deliveries_that_ended_in_silence_make_a_dead_letter(
    ledger: Ledger, clock: FakeClock
) -> None:
    ledger.add(INBOX, [("page:0", b"{}")])
    for _ in range(4):
        assert len(ledger.claim(INBOX, most=1, lease_ms=LEASE_MS)[0]) == 1
        clock.advance(ms=LEASE_MS + 1)
        assert ledger.expire(INBOX) == (1, 0)
    ledger.claim(INBOX, most=1, lease_ms=LEASE_MS)
    clock.advance(ms=LEASE_MS + 1)
    assert ledger.expire(INBOX) == (0, 1)
    assert ledger.redis.zcard(INBOX.key("dead")) == 1
