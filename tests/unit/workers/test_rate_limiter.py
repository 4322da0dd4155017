"""The limit of an API key: an even pace, cut by a 429, never overrun by the fleet."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from common.partner_keys import key_name
from common.rates import Rate
from ops.local.embedded_redis import EmbeddedRedis
from workers.limit import Limit
from workers.moments import Moments
from workers.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

    from tests.unit.workers.harness import Bench, Clock

LIMIT = Limit("koji", Rate(60, 60))
INTERVAL = 60 / (60 * 0.99)


def acquire(limiter: RateLimiter, limit: Limit, longest_wait_seconds: float = 10) -> float:
    """Wait for a single moment; returns 0, or how far away it is."""
    return Moments(limiter, limit).take(1, longest_wait_seconds)


def blocked_seconds(limiter: RateLimiter, limit: Limit) -> float:
    return limiter.state(limit)[0]


@pytest.fixture
def limiter(redis: Redis, clock: Clock) -> RateLimiter:
    return RateLimiter(redis, clock.sleep, clock.time)


def interval(limiter: RateLimiter, clock: Clock, limit: Limit = LIMIT) -> float:
    """Take a moment and return the seconds until the one after it."""
    acquire(limiter, limit, 1000)
    return float(limiter._redis.hget(limit.key, "next_at") or 0) / 1000 - clock.seconds


def use(limiter: RateLimiter, times: int, limit: Limit = LIMIT) -> None:
    for _ in range(times):
        assert acquire(limiter, limit) == 0


# --- pace ------------------------------------------------------------------------------------


def test_the_first_moment_is_now_and_the_next_a_hair_over_a_second_later(
    limiter: RateLimiter, clock: Clock
) -> None:
    assert acquire(limiter, LIMIT) == 0
    assert clock.slept == []
    assert acquire(limiter, LIMIT) == 0
    assert clock.slept == [pytest.approx(INTERVAL, abs=1e-4)]


def test_no_window_ever_holds_more_than_the_limit(limiter: RateLimiter, clock: Clock) -> None:
    at = []
    for _ in range(200):
        acquire(limiter, LIMIT)
        at.append(clock.seconds)
    assert max(sum(1 for t in at if start <= t < start + 60) for start in at) <= 60
    assert at[-1] - at[0] == pytest.approx(199 * INTERVAL, rel=0.001), "and none is wasted"


def test_after_a_rest_there_is_no_burst(limiter: RateLimiter, clock: Clock) -> None:
    use(limiter, 3)
    clock.seconds += 600
    clock.slept.clear()
    use(limiter, 3)
    assert clock.slept == pytest.approx([INTERVAL] * 2, abs=1e-4)


def test_a_moment_that_is_too_far_away_is_not_taken(limiter: RateLimiter, clock: Clock) -> None:
    acquire(limiter, LIMIT)
    for _ in range(3):
        assert acquire(limiter, LIMIT, 0.5) == pytest.approx(INTERVAL, abs=1e-4)
    assert clock.slept == []
    clock.seconds += INTERVAL + 0.001
    assert acquire(limiter, LIMIT, 0) == 0


def test_every_key_has_a_pace_of_its_own(limiter: RateLimiter, clock: Clock) -> None:
    acquire(limiter, LIMIT)
    acquire(limiter, Limit("another", Rate(60, 60)))
    assert clock.slept == []


def test_two_workers_share_one_pace(redis: Redis, clock: Clock) -> None:
    first, second = (
        RateLimiter(redis, clock.sleep, clock.time),
        RateLimiter(redis, clock.sleep, clock.time),
    )
    for _ in range(3):
        acquire(first, LIMIT)
        acquire(second, LIMIT)
    assert sum(clock.slept) == pytest.approx(5 * INTERVAL, abs=1e-3)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (Rate(60, 60), 6),
        (Rate(600, 60), 42),
        (Rate(6000, 60), 402),
        (Rate(1, 86_400), 3),
        (Rate(10**6, 1), 2000),
    ],
)
def test_as_many_are_out_as_the_next_seconds_can_use(rate: Rate, expected: int) -> None:
    assert Limit("x", rate).most_in_flight == expected


def test_a_keys_name_does_not_give_it_away(bench: Bench) -> None:
    name = key_name("pk_live_one")
    assert "live" not in name
    assert name != key_name("pk_live_two")
    assert bench.bridge.limit(bench.route()).name == name
    assert bench.bridge.koji_breaker(bench.route()) == f"koji:{name}"


# --- 429 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["7", "7.5"])
def test_a_429_holds_everybody_back_for_as_long_as_it_asks(
    limiter: RateLimiter, clock: Clock, asked: str
) -> None:
    limiter.heed(LIMIT, {"Retry-After": asked}, refused=True)
    assert blocked_seconds(limiter, LIMIT) == pytest.approx(float(asked), abs=0.002)
    assert acquire(limiter, LIMIT, 1) == pytest.approx(float(asked), abs=0.002)
    clock.seconds += float(asked) + 0.002
    assert blocked_seconds(limiter, LIMIT) == 0
    assert acquire(limiter, LIMIT, 0) == 0


def test_a_429_without_retry_after_waits_for_the_reset(limiter: RateLimiter, clock: Clock) -> None:
    limiter.heed(LIMIT, {"X-RateLimit-Reset": str(int(clock.seconds) + 33)}, refused=True)
    assert blocked_seconds(limiter, LIMIT) == pytest.approx(33, abs=0.002)


def test_429s_that_ask_for_nothing_wait_longer_each_time(
    limiter: RateLimiter, clock: Clock
) -> None:
    waits = []
    for _ in range(8):
        limiter.heed(LIMIT, {}, refused=True)
        waits.append(round(blocked_seconds(limiter, LIMIT), 1))
        clock.seconds += waits[-1] + 4
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_however_long_a_429_asks_nothing_is_blocked_over_two_minutes(
    limiter: RateLimiter,
) -> None:
    limiter.heed(LIMIT, {"Retry-After": "86400"}, refused=True)
    assert blocked_seconds(limiter, LIMIT) == pytest.approx(120, abs=0.01)


@pytest.mark.parametrize("asked", ["0", "-5"])
def test_a_429_that_asks_for_no_wait_is_given_a_moment(limiter: RateLimiter, asked: str) -> None:
    limiter.heed(LIMIT, {"Retry-After": asked}, refused=True)
    assert blocked_seconds(limiter, LIMIT) == pytest.approx(0.05, abs=0.002)


def test_a_shorter_wait_does_not_shorten_a_longer_one(limiter: RateLimiter) -> None:
    limiter.heed(LIMIT, {"Retry-After": "30"}, refused=True)
    limiter.heed(LIMIT, {"Retry-After": "2"}, refused=True)
    assert blocked_seconds(limiter, LIMIT) == pytest.approx(30, abs=0.01)


def test_a_429_cuts_the_pace_which_grows_back_in_two_windows(
    limiter: RateLimiter, clock: Clock
) -> None:
    limiter.heed(LIMIT, {"Retry-After": "0"}, refused=True)
    clock.seconds += 0.1
    shares = []
    for _ in range(5):
        shares.append(INTERVAL / interval(limiter, clock))
        clock.seconds += 30
    assert shares == pytest.approx([0.7, 0.775, 0.85, 0.925, 1.0], abs=0.005)


def test_many_429s_of_one_moment_are_one_event(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(20):
        limiter.heed(LIMIT, {"Retry-After": "1"}, refused=True)
    clock.seconds += 1.1
    assert INTERVAL / interval(limiter, clock) == pytest.approx(0.7, abs=0.01)


def test_429s_that_go_on_cut_down_to_a_tenth(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(30):
        limiter.heed(LIMIT, {"Retry-After": "1"}, refused=True)
        clock.seconds += 4
    assert INTERVAL / interval(limiter, clock) == pytest.approx(0.13, abs=0.03)


def test_a_429_during_the_wait_makes_the_moment_void(redis: Redis, clock: Clock) -> None:
    at = []

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 1:
            limiter.heed(LIMIT, {"Retry-After": "5"}, refused=True)
            at.append(clock.seconds)

    limiter = RateLimiter(redis, sleep)
    use(limiter, 2)
    assert len(clock.slept) == 2
    assert clock.seconds - at[0] == pytest.approx(5, abs=0.01)


def test_a_429_during_the_wait_that_asks_too_much_sends_the_caller_back(
    redis: Redis, clock: Clock
) -> None:
    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        limiter.heed(LIMIT, {"Retry-After": "60"}, refused=True)

    limiter = RateLimiter(redis, sleep)
    use(limiter, 1)
    assert acquire(limiter, LIMIT) == pytest.approx(60, abs=0.01)


# --- X-RateLimit-Limit -----------------------------------------------------------------------


@pytest.mark.parametrize("named", ["30", "1"])
def test_a_smaller_limit_is_believed(limiter: RateLimiter, clock: Clock, named: str) -> None:
    limiter.heed(LIMIT, {"X-RateLimit-Limit": named}, refused=False)
    assert interval(limiter, clock) == pytest.approx(60 / (int(named) * 0.99), abs=0.01)


@pytest.mark.parametrize("named", ["60", "100", "0", "-5", "many", "", "1e3"])
def test_a_limit_that_is_no_smaller_or_no_number_changes_nothing(
    limiter: RateLimiter, clock: Clock, named: str
) -> None:
    limiter.heed(LIMIT, {"X-RateLimit-Limit": named}, refused=False)
    assert interval(limiter, clock) == pytest.approx(INTERVAL, abs=0.001)


def test_the_full_pace_comes_back_with_the_full_limit(limiter: RateLimiter, clock: Clock) -> None:
    limiter.heed(LIMIT, {"X-RateLimit-Limit": "30"}, refused=False)
    limiter.heed(LIMIT, {"X-RateLimit-Limit": "60"}, refused=False)
    assert interval(limiter, clock) == pytest.approx(INTERVAL, abs=0.001)


def test_a_limit_a_minute_says_nothing_of_one_a_second(limiter: RateLimiter, clock: Clock) -> None:
    limit = Limit("fast", Rate(100, 1))
    limiter.heed(limit, {"X-RateLimit-Limit": "60"}, refused=False)
    assert interval(limiter, clock, limit) == pytest.approx(0.0101, abs=0.001)


def test_an_answer_that_says_nothing_new_costs_no_call(redis: Redis, clock: Clock) -> None:
    limiter = RateLimiter(redis, clock.sleep, clock.time)
    limiter._slow_down = None  # type: ignore[assignment]
    limiter.heed(LIMIT, {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "9"}, refused=False)
    limiter.heed(LIMIT, {}, refused=False)
    assert redis.keys() == []


# --- X-RateLimit-Remaining: 0 ----------------------------------------------------------------


def empty(clock: Clock, seconds: float = 25) -> dict[str, str]:
    reset = str(int(clock.seconds + seconds))
    return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}


def test_an_empty_limit_that_we_did_not_use_up_waits_for_the_reset(
    limiter: RateLimiter, clock: Clock
) -> None:
    use(limiter, 10)
    limiter.heed(LIMIT, empty(clock), refused=False)
    assert 24 <= blocked_seconds(limiter, LIMIT) <= 25
    assert INTERVAL / interval(limiter, clock) == pytest.approx(1, abs=0.01), "but cuts no pace"


@pytest.mark.parametrize("start", [0, 15, 30, 45, 59])
def test_an_empty_limit_that_we_used_up_ourselves_stops_nobody(
    limiter: RateLimiter, clock: Clock, start: int
) -> None:
    clock.seconds += start - clock.seconds % 60
    for _ in range(240):
        use(limiter, 1)
        if len(clock.slept) >= 58:
            limiter.heed(LIMIT, empty(clock), refused=False)
            assert blocked_seconds(limiter, LIMIT) == 0


def test_an_empty_smaller_limit_that_we_used_up_stops_nobody(
    limiter: RateLimiter, clock: Clock
) -> None:
    small = {"X-RateLimit-Limit": "20"}
    limiter.heed(LIMIT, small, refused=False)
    for _ in range(60):
        use(limiter, 1)
        if len(clock.slept) >= 19:
            limiter.heed(LIMIT, {**small, **empty(clock)}, refused=False)
            assert blocked_seconds(limiter, LIMIT) == 0


def test_what_we_used_two_windows_ago_explains_nothing(limiter: RateLimiter, clock: Clock) -> None:
    use(limiter, 60)
    clock.seconds += 130
    limiter.heed(LIMIT, empty(clock), refused=False)
    assert blocked_seconds(limiter, LIMIT) > 20


def test_what_we_used_in_the_window_before_explains_it(limiter: RateLimiter, clock: Clock) -> None:
    clock.seconds -= clock.seconds % 60
    use(limiter, 60)
    clock.seconds += 60 - clock.seconds % 60
    limiter.heed(LIMIT, empty(clock), refused=False)
    assert blocked_seconds(limiter, LIMIT) == 0


def test_an_empty_limit_without_a_reset_stops_nobody(limiter: RateLimiter) -> None:
    limiter.heed(LIMIT, {"X-RateLimit-Remaining": "0"}, refused=False)
    assert blocked_seconds(limiter, LIMIT) == 0


def test_what_is_known_of_a_limit_is_forgotten_when_it_rests(
    limiter: RateLimiter, redis: Redis, clock: Clock
) -> None:
    limiter.heed(LIMIT, {"X-RateLimit-Limit": "30", "Retry-After": "1"}, refused=True)
    use(limiter, 2)
    assert redis.exists(LIMIT.key)
    clock.seconds += 600
    assert not redis.exists(LIMIT.key)


# --- on a real Redis -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def real(server: EmbeddedRedis) -> Iterator[Redis]:
    with server.client() as client:
        client.flushall()
        yield client


def test_threads_of_a_fleet_keep_the_pace_together_in_real_time(real: Redis) -> None:
    limit, at, lock = Limit("real", Rate(6000, 60)), [], threading.Lock()

    def work() -> None:
        limiter = RateLimiter(real)
        for _ in range(20):
            acquire(limiter, limit)
            with lock:
                at.append(time.monotonic() - begun)

    begun = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    early = [moment for n, moment in enumerate(sorted(at)) if moment < n * 0.0101 * 0.98]
    assert (len(at), early) == (80, [])


def test_a_429_blocks_in_real_time_too(real: Redis) -> None:
    limiter = RateLimiter(real)
    limiter.heed(LIMIT, {"Retry-After": "20"}, refused=True)
    assert 19 < blocked_seconds(limiter, LIMIT) <= 20
    assert 19 < acquire(limiter, LIMIT) <= 20
    assert acquire(limiter, Limit("another", Rate(60, 60))) == 0
