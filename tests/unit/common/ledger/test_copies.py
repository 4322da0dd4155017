"""Pages in any order: who left by a later one stays away; whole copies take out the missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.ledger import Came, Cohort, Lane, invitations
from common.ledger.copies import COPY_KEPT_MS
from common.ledger.lanes import INVITATIONS
from tests.support.book import read_lane

if TYPE_CHECKING:
    from common.ledger import Ledger
    from tests.support.clock import FakeClock

ALPHA, BETA = invitations("alpha"), invitations("beta")
STUDY = "study-1"
ANN, BOB, CY = "ann@", "bob@", "cy@"
OWN = Cohort("alpha")
LEASE_MS = 1000
S1, S2 = "session-1", "session-2"


def came(at_ms: int, cohort: Cohort = OWN, as_of_ms: int | None = None) -> Came:
    return Came(at_ms, cohort.name, at_ms if as_of_ms is None else as_of_ms)


def add(ledger: Ledger, at_ms: int, *names: str, cohort: Cohort = OWN) -> dict[str, int]:
    """Unpack a page of `add_members` that was received then."""
    value = f":{cohort.origin}|{{}}".encode() if cohort.origin else b"{}"
    people = [(name, "", value, "") for name in names]
    return ledger.invite(cohort.lane, STUDY, people, 0, came(at_ms, cohort))


def remove(ledger: Ledger, at_ms: int, *names: str) -> int:
    return ledger.leave(ALPHA, STUDY, [(name, "") for name in names], at_ms)


def copy(
    ledger: Ledger, at_ms: int, *names: str, session: str = S1, page: int = 1, of: int = 1
) -> bool:
    """Unpack a page of `members`; tells whether the copy is whole now."""
    since = ledger.open_page(OWN, session, at_ms)
    people = [(name, "", b"{}", "") for name in names]
    ledger.invite(ALPHA, STUDY, people, 0, came(at_ms, OWN, since))
    return ledger.close_page(OWN, session, at_ms, page, of)


def sweep(ledger: Ledger) -> int:
    """Sweep to the end; returns how many leave."""
    left = 0
    for cohort in ledger.sweeps():
        last = False
        while not last:
            n, last = ledger.sweep(cohort)
            left += n
    return left


def states(ledger: Ledger, lane: Lane = ALPHA) -> dict[str, str]:
    page = read_lane(ledger.redis, [lane])
    return {key.split(".")[0]: page.state_of(key)[0] for key in page.entries}


def claim(ledger: Ledger) -> tuple[str, int]:
    ((one,), _) = ledger.claim(ALPHA, most=1, lease_ms=LEASE_MS, begins=False)
    return one.key, one.token


@pytest.fixture
def t(clock: FakeClock) -> int:
    """A time of receipt, so long ago that a few more seconds are past too."""
    return clock() - 100_000


# --- add and remove ---------------------------------------------------------------------------


def test_an_older_page_does_not_bring_back_who_left(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN)
    assert remove(ledger, t + 2, ANN) == 1
    assert add(ledger, t + 1, ANN) == {"outdated": 1}
    assert states(ledger) == {ANN: "cancelled"}
    assert add(ledger, t + 3, ANN) == {"added": 1}


def test_an_older_page_does_not_bring_who_left_before_anybody_knew_them(
    ledger: Ledger, clock: FakeClock, t: int
) -> None:
    assert remove(ledger, t + 2, ANN) == 0
    assert add(ledger, t + 1, ANN, BOB) == {"outdated": 1, "added": 1}
    assert add(ledger, t + 2, ANN) == {"added": 1}
    clock.advance(days=8)
    remove(ledger, clock(), CY)
    assert ledger.redis.zrange(ALPHA.key("left"), 0, -1) == [f"{CY}.{STUDY}".encode()]


def test_an_older_page_does_not_take_out_who_came_back(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN)
    assert add(ledger, t + 2, ANN) == {"known": 1}
    assert remove(ledger, t + 1, ANN) == 0
    assert states(ledger) == {ANN: "pending"}
    assert remove(ledger, t + 3, ANN) == 1


def test_who_came_again_keeps_place_and_payload(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN)
    for later in (2, 4, 3):
        add(ledger, t + later, ANN)
    assert ledger.redis.zscore(ALPHA.own_key("pending"), f"{ANN}.{STUDY}") == t
    assert ledger.value(INVITATIONS, f"{ANN}.{STUDY}") == b"%d:|{}" % (t + 4)


def test_the_order_holds_while_a_ticket_is_out_and_after_a_retry(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN)
    key, token = claim(ledger)
    add(ledger, t + 2, ANN)
    assert remove(ledger, t + 1, ANN) == 0
    ledger.retry(ALPHA, [(key, token, 60_000, False, False, None)])
    assert remove(ledger, t + 1, ANN) == 0
    assert states(ledger) == {ANN: "pending"}
    assert remove(ledger, t + 3, ANN) == 1, "being due later does not make one newer"


def test_who_leaves_with_a_ticket_out_is_not_kept_by_an_older_page(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN)
    key, token = claim(ledger)
    assert remove(ledger, t + 2, ANN) == 1
    add(ledger, t + 1, ANN)
    begun = ledger.begin(ALPHA, key, token, lease_ms=LEASE_MS)
    assert begun
    assert not begun.go


def test_a_dead_letter_that_came_later_stays(ledger: Ledger, t: int) -> None:
    add(ledger, t + 2, ANN)
    key, token = claim(ledger)
    ledger.bury(ALPHA, [(key, token, "rejected", 422, "")], sent=False)
    assert remove(ledger, t + 1, ANN) == 0
    assert remove(ledger, t + 3, ANN) == 1


def test_who_was_refused_may_leave_too(ledger: Ledger, t: int) -> None:
    ledger.invite(ALPHA, STUDY, [(ANN, "", b"{}", "no_email")], 0, came(t))
    assert remove(ledger, t + 2, ANN) == 0
    assert add(ledger, t + 1, ANN) == {"outdated": 1}


def test_a_clock_ahead_of_ours_delays_nobody(ledger: Ledger, clock: FakeClock) -> None:
    add(ledger, clock() + 60_000, ANN)
    assert claim(ledger)[0] == f"{ANN}.{STUDY}"


# --- whole copies -----------------------------------------------------------------------------


def test_who_is_missing_from_a_whole_copy_is_taken_out(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN, BOB)
    assert copy(ledger, t + 1, BOB, CY)
    assert sweep(ledger) == 1
    assert states(ledger) == {ANN: "cancelled", BOB: "pending", CY: "pending"}
    assert read_lane(ledger.redis, [ALPHA]).counters["cancelled:left_cohort"] == 1
    assert ledger.sweeps() == []


def test_an_empty_copy_takes_out_everybody(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN, BOB)
    assert copy(ledger, t + 1)
    assert sweep(ledger) == 2


def test_pages_may_come_in_any_order_and_twice(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN, BOB, CY)
    assert not copy(ledger, t + 3, CY, page=3, of=3)
    assert not copy(ledger, t + 3, CY, page=3, of=3)
    assert not copy(ledger, t + 1, page=1, of=3)
    assert sweep(ledger) == 0
    assert copy(ledger, t + 2, BOB, page=2, of=3)
    assert sweep(ledger) == 1
    assert states(ledger)[ANN] == "cancelled"


def test_a_copy_that_is_not_whole_takes_out_nobody(
    ledger: Ledger, clock: FakeClock, t: int
) -> None:
    add(ledger, t, ANN)
    assert not copy(ledger, t + 1, BOB, page=1, of=2)
    assert not copy(ledger, t + 2, BOB, page=1, of=2, session=S2)
    assert sweep(ledger) == 0
    clock.advance(ms=COPY_KEPT_MS)
    assert states(ledger) == {ANN: "pending", BOB: "pending"}


@pytest.mark.parametrize("session", [S1, S2])
def test_an_export_that_starts_over_is_harmless(ledger: Ledger, t: int, session: str) -> None:
    add(ledger, t, ANN, BOB, CY)
    copy(ledger, t + 1, BOB, page=1, of=2)
    whole = [
        copy(ledger, t + 2, BOB, page=1, of=2, session=session),
        copy(ledger, t + 3, CY, page=2, of=2, session=session),
    ]
    assert whole == [False, True]
    assert sweep(ledger) == 1
    assert states(ledger) == {ANN: "cancelled", BOB: "pending", CY: "pending"}


def test_who_came_after_the_copy_was_begun_stays(ledger: Ledger, t: int) -> None:
    copy(ledger, t + 1, BOB, page=1, of=2)
    add(ledger, t + 2, ANN)
    assert copy(ledger, t + 3, page=2, of=2)
    assert sweep(ledger) == 0


def test_a_late_page_of_an_older_copy_neither_takes_out_nor_brings_back(
    ledger: Ledger, t: int
) -> None:
    add(ledger, t, ANN, BOB)
    copy(ledger, t + 1, ANN, page=1, of=2)
    assert copy(ledger, t + 2, BOB, session=S2)
    assert sweep(ledger) == 1
    # Its second page comes last: Ann was in the older copy alone, Cy is new to everybody.
    assert copy(ledger, t + 3, ANN, CY, page=2, of=2)
    assert sweep(ledger) == 0
    assert states(ledger) == {ANN: "cancelled", BOB: "pending"}
    assert add(ledger, t + 4, ANN) == {"added": 1}


def test_who_came_by_another_way_is_in_no_copy(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN, cohort=Cohort("alpha", "x"))
    add(ledger, t, BOB, cohort=Cohort("alpha", "=9"))
    add(ledger, t, CY, cohort=Cohort("beta"))
    assert copy(ledger, t + 1)
    assert sweep(ledger) == 0
    assert add(ledger, t + 2, ANN) == {"known": 1}
    assert copy(ledger, t + 3)
    assert sweep(ledger) == 0, "still who they were"


def test_who_has_a_ticket_out_leaves_unless_the_call_is_under_way(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN)
    add(ledger, t + 1, BOB)
    first, second = claim(ledger), claim(ledger)
    assert ledger.begin(ALPHA, *first, lease_ms=LEASE_MS)
    assert copy(ledger, t + 2)
    assert sweep(ledger) == 1
    begun = ledger.begin(ALPHA, *second, lease_ms=LEASE_MS)
    assert begun
    assert not begun.go
    done = ledger.complete_start(ALPHA, *first, value=b"", interview_id="", counters={})
    assert done
    assert states(ledger) == {ANN: "done", BOB: "cancelled"}


def test_a_sweep_goes_in_steps_and_meets_everybody(ledger: Ledger, t: int) -> None:
    names = [f"person-{n}@" for n in range(2000)]
    add(ledger, t, *names)
    assert copy(ledger, t + 1, *names[:500])
    steps = [ledger.sweep(OWN)]
    while not steps[-1][1]:
        steps.append(ledger.sweep(OWN))
    assert len(steps) > 5
    assert max(n for n, _ in steps) < 1000
    assert sum(n for n, _ in steps) == 1500
    assert ledger.sweep(OWN) == (0, True)
    assert list(states(ledger).values()).count("pending") == 500


def test_a_newer_copy_begins_the_sweep_anew(ledger: Ledger, t: int) -> None:
    add(ledger, t, ANN, BOB)
    copy(ledger, t + 1, ANN, BOB)
    ledger.sweep(OWN)
    copy(ledger, t + 2, BOB, session=S2)
    assert sweep(ledger) == 1


def test_a_copy_of_untold_pages_is_whole_once_none_came_for_a_while(
    ledger: Ledger, clock: FakeClock, t: int
) -> None:
    add(ledger, t, ANN, BOB, CY)
    assert not copy(ledger, t + 1, BOB, of=0)
    clock.advance(seconds=60)
    assert not copy(ledger, t + 2, CY, of=0)
    assert ledger.settle(clock() - 1) == 0
    assert ledger.settle(clock()) == 1
    assert ledger.settle(clock()) == 0
    assert sweep(ledger) == 1
    assert states(ledger)[ANN] == "cancelled"


def test_a_copy_that_was_forgotten_does_not_settle(ledger: Ledger, clock: FakeClock) -> None:
    copy(ledger, clock(), ANN, of=0)
    (forgotten,) = ledger.redis.keys("*copy:*")
    ledger.redis.delete(forgotten)
    assert ledger.settle(clock()) == 0
    assert ledger.sweeps() == []


def test_nothing_is_left_of_a_copy_once_it_is_whole(ledger: Ledger, t: int) -> None:
    copy(ledger, t, ANN, page=1, of=2)
    copy(ledger, t, BOB, page=2, of=2)
    sweep(ledger)
    assert ledger.redis.keys("*copy:*") == []
    assert ledger.redis.hlen(ALPHA.key("copies")) == 1
