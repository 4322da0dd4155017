"""The sliding window is exact to the call."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.rate_window import RateWindow


def test_the_sixty_first_call_waits_until_the_first_is_a_minute_old() -> None:
    window = RateWindow(60)
    admitted = [window.take(index / 10, 60).allowed for index in range(60)]

    assert all(admitted)
    assert not window.take(59.999, 60).allowed
    assert window.take(60.0, 60).allowed
    assert not window.take(60.05, 60).allowed
    assert window.take(60.1, 60).allowed


def test_the_verdict_counts_down_and_says_when_the_oldest_call_leaves() -> None:
    window = RateWindow(60)
    window.take(10, 3)
    window.take(20, 3)

    third = window.take(30, 3)

    assert (third.allowed, third.limit, third.remaining, third.free_in_seconds) == (True, 3, 0, 40)
    assert window.take(50, 3).free_in_seconds == 20


def test_refused_calls_do_not_fill_the_window_unless_they_are_counted() -> None:
    lenient, strict = RateWindow(60), RateWindow(60, count_refused=True)
    for window in (lenient, strict):
        window.take(0, 1)
        assert not window.take(30, 1).allowed

    assert lenient.take(60, 1).allowed
    assert not strict.take(60, 1).allowed


def test_a_sunken_limit_holds_for_the_calls_already_in_the_window() -> None:
    window = RateWindow(60)
    for at in range(5):
        window.take(at, 10)

    assert window.look(5, 3).free_in_seconds == 57
    assert not window.take(61.9, 3).allowed
    assert window.take(62, 3).allowed


def test_a_window_that_was_used_up_frees_at_an_even_pace() -> None:
    window = RateWindow(60)
    window.take(0, 3)

    window.use_up(100, 3)

    assert window.take(100, 3).allowed
    assert not window.take(100, 3).allowed
    assert not window.take(119.9, 3).allowed
    assert window.take(120, 3).allowed
    assert window.look(120, 3).free_in_seconds == 20


def test_a_window_without_a_limit_cannot_be_used_up() -> None:
    window = RateWindow(60)

    window.use_up(100, 0)

    assert window.take(100, 0).allowed


def test_no_limit_admits_everything() -> None:
    window = RateWindow(60)

    assert all(window.take(0, 0).allowed for _ in range(1000))


@settings(database=None)
@given(
    gaps=st.lists(st.floats(min_value=0, max_value=5), max_size=80),
    limit=st.integers(min_value=1, max_value=6),
)
def test_no_window_ever_holds_more_than_the_limit(gaps: list[float], limit: int) -> None:
    window, now = RateWindow(10), 0.0
    admitted = []
    for gap in gaps:
        now += gap
        if window.take(now, limit).allowed:
            admitted.append(now)

    for at in admitted:
        assert sum(1 for other in admitted if other <= at < other + 10) <= limit
