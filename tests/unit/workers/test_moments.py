"""Moments of a limit for one ticket: several at once while calls are quick, void when late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from common.rates import Rate
from ops.local.waiting import wait_until
from workers.limit import Limit
from workers.moments import FRESH_SECONDS, Moments
from workers.rate_limiter import RateLimiter, Reserved

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from redis import Redis

    from tests.unit.workers.harness import Clock

FAST = Limit("fast", Rate(60_000, 60))
SLOW = Limit("slow", Rate(60, 60))
INTERVAL = 1 / (1000 * 0.99)
PATIENCE_SECONDS = 20


class Counting(RateLimiter):
    """Counts what it asks Redis."""

    asked = 0

    def reserve(self, *args: Any, **options: Any) -> Reserved:
        self.asked += 1
        return super().reserve(*args, **options)

    def epoch(self, limit: Limit) -> int:
        self.asked += 1
        return super().epoch(limit)


@pytest.fixture
def limiter(redis: Redis, clock: Clock) -> Counting:
    return Counting(redis, clock.sleep, clock.time)


def next_at(limiter: RateLimiter, limit: Limit) -> float:
    return float(limiter._redis.hget(limit.key, "next_at") or 0) / 1000


def quick(limiter: RateLimiter, limit: Limit = FAST, seconds: float = 0.02) -> Moments:
    """Return the moments of a ticket whose calls are known to be quick."""
    limiter.note_call(limit, seconds)
    return Moments(limiter, limit)


def test_before_any_call_is_known_moments_are_taken_one_by_one(
    limiter: Counting, clock: Clock
) -> None:
    Moments(limiter, FAST).take(25)
    assert next_at(limiter, FAST) - clock.seconds == pytest.approx(INTERVAL, abs=1e-5)


def test_while_calls_are_quick_one_question_serves_several(limiter: Counting, clock: Clock) -> None:
    moments = quick(limiter)
    assert moments.take(25) == 0
    assert next_at(limiter, FAST) - clock.seconds == pytest.approx(12 * INTERVAL, abs=1e-5)
    for _ in range(4):
        clock.seconds += 0.02
        moments.take(20)
    assert limiter.asked == 1
    assert next_at(limiter, FAST) - clock.seconds < 0, "nobody was asked again"


def test_a_process_reserves_few_moments_ahead_however_many_tickets_wait(
    redis: Redis, clock: Clock
) -> None:
    """What it holds when it is killed is lost to the others."""
    morning = Event()

    def sleep(_: float) -> None:
        asleep.append(1)
        assert morning.wait(PATIENCE_SECONDS)

    asleep: list[int] = []
    limiter = RateLimiter(redis, sleep, clock.time)
    limit = Limit("busy", Rate(3000, 60))
    limiter.reserve(limit)
    with ThreadPoolExecutor(9) as pool:
        found = [pool.submit(Moments(limiter, limit).take, 1) for _ in range(9)]
        wait_until(lambda: len(asleep) == limit.most_waiting, PATIENCE_SECONDS, "as many wait")
        ahead = (next_at(limiter, limit) - clock.seconds) / (limit.interval_ms / 1000)
        assert round(ahead) == 1 + limit.most_waiting == 6
        morning.set()
        assert [one.result(PATIENCE_SECONDS) for one in found] == [0] * 9


def _turn(limiter: RateLimiter) -> AbstractContextManager[bool]:
    return limiter.lines.join(SLOW, 0, lambda: None)


def test_a_ticket_whose_turn_does_not_come_is_sent_back(redis: Redis, clock: Clock) -> None:
    limiter = RateLimiter(redis, clock.sleep)
    with _turn(limiter) as first, _turn(limiter) as second:
        assert (first, second) == (True, False)
        assert Moments(limiter, SLOW).take(1, longest_wait_seconds=0.01) > 0
    assert not redis.exists(SLOW.key), "nothing was reserved"
    assert Moments(limiter, SLOW).take(1) == 0


@pytest.mark.parametrize("others", [0, 1])
def test_before_a_wait_the_caller_is_told(redis: Redis, clock: Clock, others: int) -> None:
    """For the next moment as well as for other tickets of this process."""
    told: list[float] = []
    limiter = RateLimiter(redis, clock.sleep)
    moments = Moments(limiter, SLOW, lambda: told.append(len(clock.slept)))
    if others:
        with _turn(limiter):
            assert moments.take(1, longest_wait_seconds=0.01) > 0
    else:
        moments.take(1)
        assert told == [], "the first moment is at once"
        moments.take(1)
    assert told == [0]


def test_no_more_are_reserved_than_are_wanted(limiter: Counting, clock: Clock) -> None:
    quick(limiter).take(3)
    assert next_at(limiter, FAST) - clock.seconds == pytest.approx(3 * INTERVAL, abs=1e-5)


def test_while_calls_are_slow_each_asks_for_itself(limiter: Counting, clock: Clock) -> None:
    quick(limiter, seconds=1.0).take(25)
    assert next_at(limiter, FAST) - clock.seconds == pytest.approx(INTERVAL, abs=1e-5)


def test_what_was_reserved_keeps_the_pace(limiter: Counting, clock: Clock) -> None:
    moments = quick(limiter, SLOW, seconds=0.001)
    at = []
    for left in range(8, 0, -1):
        assert moments.take(left, 100) == 0
        at.append(clock.seconds)
    steps = [later - earlier for earlier, later in pairwise(at)]
    assert steps == pytest.approx([60 / (60 * 0.99)] * 7, abs=1e-3)


def test_a_moment_that_was_missed_is_void(limiter: Counting, clock: Clock) -> None:
    moments = quick(limiter)
    moments.take(25)
    clock.seconds += 1
    moments.take(24)
    assert next_at(limiter, FAST) > clock.seconds, "a new one was taken"


def test_a_429_elsewhere_voids_what_is_left_within_a_tenth_of_a_second(
    limiter: Counting, clock: Clock
) -> None:
    moments = quick(limiter)
    moments.take(25)
    limiter.heed(FAST, {"Retry-After": "30"}, refused=True)
    clock.seconds += FRESH_SECONDS + 0.01
    assert moments.take(24) == pytest.approx(30, abs=0.2)


def test_a_429_that_this_process_heard_voids_what_is_left_at_once(
    limiter: Counting,
) -> None:
    moments = quick(limiter)
    moments.take(25)
    limiter.heed(FAST, {"Retry-After": "30"}, refused=True)
    assert moments.take(24) == pytest.approx(30, abs=0.2)


def test_what_one_thread_heard_of_the_limit_serves_the_others(
    limiter: Counting, clock: Clock
) -> None:
    moments = quick(limiter)
    moments.take(25)
    clock.seconds += FRESH_SECONDS + 0.01
    Moments(limiter, FAST).take(1)
    asked = limiter.asked
    moments.take(24)
    assert limiter.asked == asked


def test_after_giving_up_what_is_left_the_limit_is_asked_again(
    limiter: Counting, clock: Clock
) -> None:
    moments = quick(limiter)
    moments.take(25)
    moments.void()
    before = next_at(limiter, FAST)
    moments.take(24)
    assert next_at(limiter, FAST) > before
    assert clock.slept, "the moments that were given up are not used by anybody"


def test_calls_of_late_count_most(limiter: Counting) -> None:
    assert limiter.call_seconds(FAST) is None
    for seconds in [1.0] * 3 + [0.02] * 40:
        limiter.note_call(FAST, seconds)
    assert limiter.call_seconds(FAST) == pytest.approx(0.02, abs=0.01)


def test_dispatch_hears_how_long_calls_take(limiter: Counting) -> None:
    assert limiter.state(FAST) == (0.0, None)
    quick(limiter).take(1)
    assert limiter.state(FAST) == (0.0, pytest.approx(0.02))
