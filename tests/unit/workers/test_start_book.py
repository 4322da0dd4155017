"""What Koji accepted comes into the ledger, also when Redis is away at that very moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from common.ledger import Accepted, Ledger, invitations
from workers import start_book
from workers.interviews import start_interviews
from workers.start_book import StartBook

if TYPE_CHECKING:
    from requests import PreparedRequest

    from tests.unit.workers.harness import Answer, Bench

LANE = invitations("activation")


class Away:
    """Stands for a method of the ledger while Redis is away; then for the method itself."""

    def __init__(self, method: Any, times: int, *, after: bool = False) -> None:
        self.method, self.left, self.after = method, times, after

    def __call__(self, *args: Any, **options: Any) -> Any:
        if self.left:
            self.left -= 1
            if self.after:  # it was done, only the answer was lost
                self.method(*args, **options)
            raise RedisConnectionError("away")
        return self.method(*args, **options)


def crowd(bench: Bench, n: int) -> list[tuple[str, int]]:
    """Invite people and return their tickets; calls take a hundredth of a second."""
    answer = bench.koji.usual

    def usual(request: PreparedRequest) -> Answer:
        bench.clock.seconds += 0.01
        return answer(request)

    bench.koji.usual = usual
    bench.invite(*({"email": f"p{i}@example.com"} for i in range(n)))
    bench.bridge.limiter.note_call(bench.bridge.limit(bench.route()), 0.01)
    return bench.tickets()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_book.time, "sleep", lambda _: None)


@pytest.mark.parametrize("after", [False, True])
def test_an_accepted_start_waits_for_redis_to_come_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    [ticket] = crowd(bench, 1)
    away = Away(bench.ledger.complete_start, 3, after=after)
    monkeypatch.setattr(Ledger, "complete_start", away)
    start_interviews(bench.bridge, "activation", [ticket])
    assert bench.state(ticket[0]) == "done"
    assert bench.counters(LANE) == {"started:activation": 1}


def test_what_never_comes_back_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    [ticket] = crowd(bench, 1)
    monkeypatch.setattr(Ledger, "complete_start", Away(None, 10**6))
    monkeypatch.setattr(start_book, "PATIENCE_SECONDS", -1)
    with pytest.raises(RedisConnectionError):
        start_interviews(bench.bridge, "activation", [ticket])


@pytest.mark.parametrize("after", [False, True])
def test_the_rest_of_the_ticket_goes_back_unsent(
    build: Any, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    bench = build(KOJI_RATE_LIMIT="60000/minute")
    tickets = crowd(bench, 4)
    away = Away(bench.ledger.complete_start_and_begin, 1, after=after)
    monkeypatch.setattr(Ledger, "complete_start_and_begin", away)
    start_interviews(bench.bridge, "activation", tickets)
    assert bench.state(tickets[0][0]) == "done"
    assert [bench.state(key) for key, _ in tickets[1:]] == ["pending"] * 3
    assert "sent" not in bench.meta(tickets[1][0], LANE), "nobody was called, nobody is held"
    assert len(bench.koji.requests) == 1
    bench.start_all()
    assert len(bench.koji.requests) == 4
    assert bench.counters(LANE) == {"started:activation": 4}


def test_the_start_before_and_the_next_one_share_a_round_trip(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = build(KOJI_RATE_LIMIT="60000/minute")
    tickets = crowd(bench, 5)
    together = Away(bench.ledger.complete_start_and_begin, 0)
    alone = Away(bench.ledger.complete_start, 0)
    calls: list[str] = []

    def note(name: str, method: Away) -> Any:
        return lambda *args, **options: (calls.append(name), method(*args, **options))[1]

    monkeypatch.setattr(bench.ledger, "complete_start_and_begin", note("both", together))
    monkeypatch.setattr(bench.ledger, "complete_start", note("alone", alone))
    start_interviews(bench.bridge, "activation", tickets)
    assert bench.counters(LANE) == {"started:activation": 5}
    assert calls == ["both"] * 4 + ["alone"]


def test_nothing_held_is_nothing_written(bench: Bench) -> None:
    StartBook(bench.ledger, LANE, bench.route(), bench.bridge.leases).close()
    assert bench.counters(LANE) == {}


def test_an_acceptance_without_an_id_still_finishes_an_entry_whose_claim_was_lost(
    bench: Bench,
) -> None:
    [(key, token)] = crowd(bench, 1)
    bench.ledger.begin(LANE, key, token, lease_ms=1000)
    bench.clock.seconds += 2
    bench.ledger.expire(LANE)
    book = StartBook(bench.ledger, LANE, bench.route(), bench.bridge.leases)
    counters = {"started:activation": 1}
    book.accepted(Accepted(key, token, b"{}", "", counters), attempt=1, duplicate=False)
    book.close()
    assert bench.state(key) == "done"
    assert bench.counters(LANE) == counters
    assert bench.ledger.redis.hlen(LANE.key("interviews")) == 0
