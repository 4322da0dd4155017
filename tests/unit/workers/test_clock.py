"""tick: what has become due without anybody telling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import INBOX, WRITES, invitations
from common.ledger.pauses import MIXPANEL
from common.queues import TaskNames
from tests.unit.workers.conftest import ROUTES
from tests.unit.workers.harness import LEASE_MS, Answer
from workers.clock import tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench


def sent(bench: Bench) -> list[TaskNames]:
    return [task for task, _ in bench.sent]


def test_with_nothing_owed_a_tick_sends_nothing(bench: Bench) -> None:
    tick(bench.bridge)
    assert bench.sent == []


def test_a_payload_whose_wake_up_was_lost_is_found(bench: Bench) -> None:
    bench.ledger.add(INBOX, [("a", b"{}")])
    tick(bench.bridge)
    assert sent(bench) == [TaskNames.UNPACK]


def test_a_result_whose_wake_up_was_lost_is_found(bench: Bench) -> None:
    bench.unpack(bench.result())
    tick(bench.bridge)
    assert sent(bench) == [TaskNames.WRITE_RESULTS]


def test_what_is_due_later_waits(bench: Bench) -> None:
    bench.ledger.add(INBOX, [("a", b"{}")], delay_ms=5000)
    tick(bench.bridge)
    assert bench.sent == []
    bench.clock.seconds += 5
    tick(bench.bridge)
    assert sent(bench) == [TaskNames.UNPACK]


def test_a_retry_that_has_come_due_is_dispatched(bench: Bench) -> None:
    bench.invite_ann()
    bench.koji.then(Answer(503))
    bench.start()
    bench.sent.clear()
    bench.clock.seconds += 10
    tick(bench.bridge)
    assert sent(bench) == [TaskNames.START_INTERVIEWS]


@pytest.mark.parametrize("lane", [INBOX, WRITES], ids=["inbox", "writes"])
def test_a_vanished_workers_entries_are_taken_back(
    bench: Bench, lane: Any, logged: list[dict[str, Any]]
) -> None:
    bench.ledger.add(lane, [("a", b"{}")])
    bench.ledger.claim(lane, most=1, lease_ms=LEASE_MS)
    tick(bench.bridge)
    assert bench.sent == logged == []
    bench.later(LEASE_MS / 1000 + 1)
    tick(bench.bridge)
    assert bench.state("a", lane) == "pending"
    assert len(bench.sent) == 1
    (line,) = [line for line in logged if line["event"] == "leases_expired"]
    assert (line["lane"], line["returned"], line["poison"]) == (lane.name, 1, 0)


def test_a_lost_ticket_is_sent_again_after_its_lease(bench: Bench) -> None:
    bench.invite_ann()
    ((key, token),) = bench.tickets()
    bench.sent.clear()
    bench.clock.seconds += LEASE_MS / 1000 + 1
    tick(bench.bridge)
    ((task, (_, tickets)),) = bench.sent
    assert task is TaskNames.START_INTERVIEWS
    assert tickets[0][0] == key
    assert tickets[0][1] != token


def test_people_of_a_route_that_left_the_file_are_taken_back_and_kept(
    build: Callable[..., Bench],
) -> None:
    old = build()
    key = old.invite_ann()
    old.tickets()
    old.sent.clear()
    old.clock.seconds += LEASE_MS / 1000 + 1
    new = build(ROUTES.replace('"activation"', '"renamed"'))
    tick(new.bridge)
    assert new.state(key, invitations("activation")) == "pending"
    assert new.sent == []


def test_while_mixpanel_is_down_writers_are_not_woken_but_for_the_probe(bench: Bench) -> None:
    bench.unpack(bench.result())
    for _ in range(5):
        bench.bridge.breaker.record(MIXPANEL, ok=False)
    tick(bench.bridge)
    assert bench.sent == []
    bench.clock.seconds += 1
    tick(bench.bridge)
    assert sent(bench) == [TaskNames.WRITE_RESULTS]


def test_while_writes_are_paused_writers_are_not_woken(bench: Bench) -> None:
    bench.unpack(bench.result())
    bench.bridge.pauses.pause(MIXPANEL, "by hand")
    tick(bench.bridge)
    assert bench.sent == []


def test_every_route_is_dispatched(bench: Bench) -> None:
    bench.invite_ann()
    bench.invite_private()
    tick(bench.bridge)
    assert {arguments[0] for _, arguments in bench.sent} == {"activation", "private"}


def test_after_a_gap_of_the_clock_leases_last_one_more_lease(bench: Bench) -> None:
    """What kept the clock from ticking kept holders from renewing, and they may be alive."""
    bench.ledger.add(INBOX, [("a", b"{}")])
    tick(bench.bridge)
    bench.ledger.claim(INBOX, most=1, lease_ms=LEASE_MS)
    bench.clock.seconds += LEASE_MS / 1000 + 1
    tick(bench.bridge)
    assert bench.state("a", INBOX) == "in_flight"
    bench.clock.seconds += LEASE_MS / 1000 - 0.1
    tick(bench.bridge)
    assert bench.state("a", INBOX) == "in_flight"
    bench.clock.seconds += 0.1
    tick(bench.bridge)
    assert bench.state("a", INBOX) == "pending"


def test_a_gap_counts_even_if_nothing_has_lapsed_yet(bench: Bench) -> None:
    """The lease may end right after the first tick that comes through again."""
    bench.ledger.add(INBOX, [("a", b"{}")])
    tick(bench.bridge)
    bench.ledger.claim(INBOX, most=1, lease_ms=LEASE_MS)
    bench.clock.seconds += LEASE_MS / 1000 - 1
    tick(bench.bridge)
    bench.later(2)
    tick(bench.bridge)
    assert bench.state("a", INBOX) == "in_flight"


@pytest.mark.parametrize(
    ("ticks", "apart_seconds"),
    [(3, LEASE_MS / 1000 + 1), (10, LEASE_MS / 10_000)],
    ids=["gap-after-gap", "a-little-late"],
)
def test_a_clock_that_comes_late_still_takes_claims_back(
    bench: Bench, ticks: int, apart_seconds: float
) -> None:
    """Gap after gap must not hold an entry for ever, and a busy worker's late tick is no gap."""
    bench.ledger.add(INBOX, [("a", b"{}")])
    bench.ledger.claim(INBOX, most=1, lease_ms=LEASE_MS)
    for _ in range(ticks):
        tick(bench.bridge)
        bench.clock.seconds += apart_seconds
    tick(bench.bridge)
    assert bench.state("a", INBOX) == "pending"


def test_old_entries_are_forgotten_now_and_then_and_each_second_if_there_are_many(
    bench: Bench,
) -> None:
    """Housekeeping costs Redis a dozen commands, so an idle bridge does it every ten seconds."""
    cancelled = [(f"a{n}", b"{}") for n in range(501)]
    bench.ledger.add(INBOX, cancelled)
    tick(bench.bridge)
    claims, _ = bench.ledger.claim(INBOX, most=len(cancelled), lease_ms=LEASE_MS)
    bench.ledger.complete(INBOX, [(claim.key, claim.token, b"", {}) for claim in claims])
    bench.later(400 * 86_400)
    tick(bench.bridge)
    assert bench.count("done", INBOX) == 1
    bench.later(1)
    tick(bench.bridge)
    assert bench.count("done", INBOX) == 0
    assert not bench.ledger.redis.hlen(INBOX.key("entries"))
