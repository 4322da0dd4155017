"""Leases are renewed for as long as this process works on an entry, and no longer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from common.ledger import INBOX, WRITES, Claimed, Ledger
from workers.leases import LeaseKeeper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

    from tests.unit.workers.harness import Clock

LEASE_MS = 30_000


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis)


@pytest.fixture
def keeper(ledger: Ledger) -> Iterator[LeaseKeeper]:
    made = LeaseKeeper(ledger, LEASE_MS)
    yield made
    made.stop()


def claim(ledger: Ledger, *keys: str) -> list[Claimed]:
    ledger.add(INBOX, [(key, b"{}") for key in keys])
    claims, _ = ledger.claim(INBOX, most=10, lease_ms=LEASE_MS)
    return claims


def pairs(claims: list[Claimed]) -> list[tuple[str, int]]:
    return [(one.key, one.token) for one in claims]


def test_what_is_held_outlives_its_lease(keeper: LeaseKeeper, ledger: Ledger, clock: Clock) -> None:
    claims = claim(ledger, "a", "b")
    with keeper.holding(INBOX, pairs(claims)):
        for _ in range(5):
            clock.seconds += 20
            keeper.renew()
            assert ledger.expire(INBOX) == (0, 0)
    assert all(ledger.complete(INBOX, [(one.key, one.token, b"", {}) for one in claims]))


def test_what_is_held_no_longer_lapses(keeper: LeaseKeeper, ledger: Ledger, clock: Clock) -> None:
    with keeper.holding(INBOX, pairs(claim(ledger, "a"))):
        pass
    clock.seconds += 20
    keeper.renew()
    clock.seconds += 11
    assert ledger.expire(INBOX) == (1, 0)


def test_it_is_let_go_also_when_the_work_fails(
    keeper: LeaseKeeper, ledger: Ledger, clock: Clock
) -> None:
    claims = pairs(claim(ledger, "a"))
    with pytest.raises(ValueError, match="bug"), keeper.holding(INBOX, claims):
        raise ValueError("bug")
    clock.seconds += 20
    keeper.renew()
    clock.seconds += 11
    assert ledger.expire(INBOX) == (1, 0)


def test_a_stale_claim_does_not_push_out_the_fresh_one(
    keeper: LeaseKeeper, ledger: Ledger, clock: Clock
) -> None:
    stale = pairs(claim(ledger, "a"))
    clock.seconds += 31
    ledger.expire(INBOX)
    fresh = pairs(claim(ledger))
    assert stale != fresh
    with keeper.holding(INBOX, fresh):
        with keeper.holding(INBOX, stale):
            clock.seconds += 20
            keeper.renew()
        clock.seconds += 20
        keeper.renew()
        clock.seconds += 20
        assert ledger.expire(INBOX) == (0, 0)


def test_two_holders_of_one_claim_are_both_served(
    keeper: LeaseKeeper, ledger: Ledger, clock: Clock
) -> None:
    claims = pairs(claim(ledger, "a"))
    with keeper.holding(INBOX, claims):
        with keeper.holding(INBOX, claims):
            pass
        clock.seconds += 20
        keeper.renew()
        clock.seconds += 20
        assert ledger.expire(INBOX) == (0, 0)


def test_lanes_are_kept_apart(keeper: LeaseKeeper, ledger: Ledger, clock: Clock) -> None:
    claims = pairs(claim(ledger, "a"))
    ledger.add(WRITES, [("a", b"{}")])
    ledger.claim(WRITES, most=1, lease_ms=LEASE_MS)
    with keeper.holding(INBOX, claims):
        clock.seconds += 20
        keeper.renew()
        clock.seconds += 20
        assert ledger.expire(INBOX) == (0, 0)
        assert ledger.expire(WRITES) == (1, 0)


class Watched:
    """A ledger whose renewals a test counts, and makes fail."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.renewed = threading.Semaphore(0)

    def renew(self, *_: Any) -> list[bool]:
        self.renewed.release()
        if self.errors:
            raise self.errors.pop(0)
        return [True]


def test_a_thread_renews_without_being_asked() -> None:
    watched = Watched()
    keeper = LeaseKeeper(watched, 30)  # type: ignore[arg-type]
    with keeper.holding(INBOX, [("a", 1)]):
        assert all(watched.renewed.acquire(timeout=10) for _ in range(3))
    keeper.stop()


def test_nothing_that_goes_wrong_ends_the_thread(logged: list[dict[str, Any]]) -> None:
    watched = Watched(RedisConnectionError("gone"), RuntimeError("bug: ann@example.com"))
    keeper = LeaseKeeper(watched, 30)  # type: ignore[arg-type]
    with keeper.holding(INBOX, [("a", 1)]):
        assert all(watched.renewed.acquire(timeout=10) for _ in range(4))
    keeper.stop()
    assert [(line["event"], line["error"]) for line in logged] == [
        ("leases_not_renewed", "ConnectionError"),
        ("leases_not_renewed", "RuntimeError"),
    ]


def test_a_keeper_that_held_nothing_stops_at_once() -> None:
    LeaseKeeper(Watched(), 30).stop()  # type: ignore[arg-type]


def test_one_thread_serves_the_whole_process(keeper: LeaseKeeper) -> None:
    with keeper.holding(INBOX, []):
        first = keeper._thread
    with keeper.holding(INBOX, []):
        assert keeper._thread is first
