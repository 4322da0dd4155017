"""A turn: one worker of the fleet at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from workers.turn import Turn, turn

if TYPE_CHECKING:
    from redis import Redis

    from tests.unit.workers.harness import Clock

LEASE_MS = 30_000
KEY = "bridge:turn:{mixpanel}"


def test_the_second_is_sent_away_until_the_first_is_through(redis: Redis) -> None:
    with turn(redis, "mixpanel", LEASE_MS) as first:
        assert first is not None
        with turn(redis, "mixpanel", LEASE_MS) as second:
            assert second is None
        assert first.renew(), "and takes nothing along"
    with turn(redis, "mixpanel", LEASE_MS) as third:
        assert third is not None


def test_turns_of_other_names_are_free(redis: Redis) -> None:
    with turn(redis, "mixpanel", LEASE_MS), turn(redis, "another", LEASE_MS) as other:
        assert other is not None


def test_it_is_given_back_also_when_the_work_fails(redis: Redis) -> None:
    with pytest.raises(ValueError, match="bug"), turn(redis, "mixpanel", LEASE_MS):
        raise ValueError("bug")
    with turn(redis, "mixpanel", LEASE_MS) as mine:
        assert mine is not None


def test_a_vanished_worker_keeps_it_for_its_lease_alone(redis: Redis, clock: Clock) -> None:
    redis.set(KEY, "somebody", px=LEASE_MS)
    with turn(redis, "mixpanel", LEASE_MS) as mine:
        assert mine is None
    clock.seconds += 31
    with turn(redis, "mixpanel", LEASE_MS) as mine:
        assert mine is not None


def test_renewing_prolongs_it(redis: Redis, clock: Clock) -> None:
    with turn(redis, "mixpanel", LEASE_MS) as mine:
        assert mine is not None
        for _ in range(5):
            clock.seconds += 20
            assert mine.renew()


def test_a_lost_turn_is_noticed_and_not_taken_from_the_next(redis: Redis, clock: Clock) -> None:
    with turn(redis, "mixpanel", LEASE_MS) as first:
        assert first is not None
        clock.seconds += 31
        with turn(redis, "mixpanel", LEASE_MS) as second:
            assert second is not None
            assert not first.renew()
            assert second.renew()
    assert redis.get(KEY) is None


def test_the_first_to_end_does_not_give_back_anothers_turn(redis: Redis, clock: Clock) -> None:
    with turn(redis, "mixpanel", LEASE_MS):
        clock.seconds += 31
        redis.set(KEY, "the next", px=LEASE_MS)
    assert redis.get(KEY) == b"the next"


class Renewals:
    """A renew script that fails once and is then counted."""

    def __init__(self) -> None:
        self.calls = threading.Semaphore(0)
        self.errors: list[Exception] = [RedisConnectionError("gone")]

    def __call__(self, **_: object) -> int:
        self.calls.release()
        if self.errors:
            raise self.errors.pop()
        return 1


def test_it_is_prolonged_in_the_background_however_long_the_work_takes() -> None:
    renewals, over = Renewals(), threading.Event()
    mine = Turn(renewals, KEY, "token", 30)  # type: ignore[arg-type]
    thread = threading.Thread(target=mine.keep, args=(over,))
    thread.start()
    assert all(renewals.calls.acquire(timeout=10) for _ in range(3)), "also past an error"
    over.set()
    thread.join(10)
    assert not thread.is_alive()
