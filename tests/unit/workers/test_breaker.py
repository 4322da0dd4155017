"""The circuit breaker: closed, open, one probe at a time, closed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workers.breaker import Breaker

if TYPE_CHECKING:
    from redis import Redis

    from tests.unit.workers.harness import Clock

NAME = "koji:somebody"


@pytest.fixture
def breaker(redis: Redis) -> Breaker:
    return Breaker(redis)


def fail(breaker: Breaker, times: int = 5) -> str:
    return [breaker.record(NAME, ok=False).name for _ in range(times)][-1]


def test_a_breaker_that_nobody_used_is_closed(breaker: Breaker) -> None:
    assert breaker.look(NAME).closed
    assert breaker.allow(NAME).closed


def test_five_failures_in_a_row_open_it(breaker: Breaker) -> None:
    assert fail(breaker, 4) == "closed"
    assert fail(breaker, 1) == "open"
    assert breaker.look(NAME).open
    state = breaker.allow(NAME)
    assert (state.name, state.wait_seconds) == ("open", 0.9)


def test_a_success_breaks_the_row(breaker: Breaker) -> None:
    for _ in range(3):
        breaker.record(NAME, ok=True)
    for _ in range(2):
        fail(breaker, 3)
        breaker.record(NAME, ok=True)
    assert breaker.look(NAME).closed


def test_half_of_a_window_opens_it_though_successes_lie_between(breaker: Breaker) -> None:
    for _ in range(4):
        breaker.record(NAME, ok=True)
        fail(breaker, 1)
    assert breaker.look(NAME).closed, "four failures are too few to tell"
    breaker.record(NAME, ok=True)
    assert fail(breaker, 1) == "open"


def test_a_smaller_share_leaves_it_closed(breaker: Breaker) -> None:
    for _ in range(20):
        breaker.record(NAME, ok=True)
        breaker.record(NAME, ok=True)
        fail(breaker, 1)
    assert breaker.look(NAME).closed


def test_old_failures_are_forgotten(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        breaker.record(NAME, ok=True)
        fail(breaker, 1)
    clock.seconds += 61
    breaker.record(NAME, ok=True)
    assert fail(breaker, 2) == "closed"


def test_the_window_before_still_counts(breaker: Breaker, clock: Clock) -> None:
    for _ in range(4):
        breaker.record(NAME, ok=True)
        fail(breaker, 1)
    clock.seconds += 31
    breaker.record(NAME, ok=True)
    assert fail(breaker, 1) == "open"


def test_when_the_pause_is_over_one_caller_is_the_probe(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.seconds += 1
    assert breaker.look(NAME).name == "half_open"
    assert breaker.allow(NAME).name == "half_open"
    second = breaker.allow(NAME)
    assert second.open
    assert second.wait_seconds == 0.9, "its answer may come at any moment"
    assert breaker.look(NAME).open
    assert breaker.look(NAME).wait_seconds == 30, "then another follows, if it vanishes"


def test_a_probe_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.seconds += 1
    breaker.allow(NAME)
    assert breaker.record(NAME, ok=True).closed
    assert fail(breaker, 4) == "closed", "the count begins anew"


def test_the_pause_is_a_share_of_the_outage_so_far_up_to_eight_seconds(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker)
    began_at, pauses = clock.seconds, {}
    for after in (1, 20, 25, 100, 200, 500):
        clock.seconds = began_at + after
        assert breaker.allow(NAME).name == "half_open"
        fail(breaker, 1)
        pauses[after] = breaker.allow(NAME).wait_seconds
    assert pauses == {1: 0.9, 20: 0.9, 25: 1, 100: 4, 200: 8, 500: 8}


def test_after_it_closed_the_pause_is_short_again(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.seconds += 40
    breaker.allow(NAME)
    fail(breaker, 1)
    clock.seconds += 4
    breaker.allow(NAME)
    breaker.record(NAME, ok=True)
    fail(breaker)
    assert breaker.allow(NAME).wait_seconds == 0.9
    clock.seconds += 1
    breaker.allow(NAME)
    fail(breaker, 1)
    assert breaker.allow(NAME).wait_seconds == 0.9


def test_a_probe_that_vanishes_is_followed_by_another(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.seconds += 1
    breaker.allow(NAME)
    clock.seconds += 30
    assert breaker.look(NAME).name == "half_open"
    assert breaker.allow(NAME).name == "half_open"


def test_a_probe_that_is_handed_back_goes_to_the_next_at_once(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker)
    clock.seconds += 1
    breaker.allow(NAME)
    breaker.hand_back(NAME)
    assert breaker.allow(NAME).name == "half_open"


@pytest.mark.parametrize("failures", [0, 5])
def test_handing_back_what_is_no_probe_changes_nothing(breaker: Breaker, failures: int) -> None:
    for _ in range(failures):
        breaker.record(NAME, ok=False)
    before = breaker.look(NAME)
    breaker.hand_back(NAME)
    assert breaker.look(NAME) == before


def test_a_late_success_of_an_earlier_call_closes_it(breaker: Breaker) -> None:
    fail(breaker)
    assert breaker.record(NAME, ok=True).closed


def test_late_failures_of_earlier_calls_do_not_prolong_the_pause(breaker: Breaker) -> None:
    fail(breaker, 50)
    assert breaker.allow(NAME).wait_seconds == 0.9


def test_partners_and_keys_have_breakers_of_their_own(breaker: Breaker) -> None:
    fail(breaker)
    assert breaker.look("mixpanel").closed
    assert breaker.look("koji:another").closed
