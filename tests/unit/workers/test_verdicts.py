"""What a failure means for an entry."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import (
    AmbiguousError,
    LaterError,
    PartnerError,
    PermanentError,
    StopRouteError,
    TransientError,
)
from workers.verdicts import Bury, Retry, backoff_seconds, decide


class HighestDice(random.Random):
    """Always the upper end: the wait without its luck."""

    def uniform(self, a: float, b: float) -> float:
        del a
        return b


def judge(error: PartnerError, **changes: Any) -> Retry | Bury:
    options: dict[str, Any] = {
        "attempts": 0,
        "max_attempts": 12,
        "base_seconds": 2.0,
        "partner_is_down": False,
        "repeat_is_safe": True,
        "dice": HighestDice(),
    }
    return decide(error, **{**options, **changes})


@pytest.mark.parametrize(
    ("asked", "delay_ms"), [(None, 1500), (0.0, 1500), (30.0, 30_500), (90_000.0, 3_600_500)]
)
def test_later_waits_as_asked_and_spends_nothing(asked: float | None, delay_ms: int) -> None:
    error = LaterError("HTTP 429", status=429, retry_after_seconds=asked)
    assert judge(error) == Retry(delay_ms, spends=False)


def test_later_never_exhausts() -> None:
    verdict = judge(LaterError("HTTP 429"), attempts=500)
    assert isinstance(verdict, Retry)
    assert not verdict.spends


def test_a_stopped_route_keeps_its_people_due_at_once() -> None:
    assert judge(StopRouteError("HTTP 401"), attempts=500) == Retry(0, spends=False)


def test_a_permanent_refusal_is_buried_under_its_reason() -> None:
    assert judge(PermanentError("HTTP 422")) == Bury("rejected")
    assert judge(PermanentError("x", reason="bad_data"), partner_is_down=True) == Bury("bad_data")


@pytest.mark.parametrize(
    ("attempts", "delay_ms"),
    [(0, 2000), (1, 4000), (5, 64_000), (10, 2_048_000), (11, 3_600_000), (5000, 3_600_000)],
)
def test_backoff_doubles_up_to_an_hour(attempts: int, delay_ms: int) -> None:
    verdict = judge(TransientError("HTTP 503"), attempts=attempts, max_attempts=10_000)
    assert verdict == Retry(delay_ms, spends=True)


def test_a_wait_that_was_asked_for_is_the_least() -> None:
    error = TransientError("HTTP 503", status=503, retry_after_seconds=20)
    assert judge(error) == Retry(20_000, spends=True)


def test_a_wait_of_days_is_cut_to_an_hour() -> None:
    error = TransientError("HTTP 503", status=503, retry_after_seconds=10**6)
    assert judge(error) == Retry(3_600_000, spends=True)


@pytest.mark.parametrize("kind", [TransientError, AmbiguousError])
def test_the_last_attempt_is_exhausted(kind: type[TransientError]) -> None:
    assert isinstance(judge(kind("x"), attempts=10), Retry)
    assert judge(kind("x"), attempts=11) == Bury("exhausted", sent=kind is AmbiguousError)


@pytest.mark.parametrize("kind", [TransientError, AmbiguousError])
def test_while_the_partner_is_down_nothing_is_spent_and_nobody_exhausted(
    kind: type[TransientError],
) -> None:
    verdict = judge(kind("x"), attempts=11, partner_is_down=True)
    assert isinstance(verdict, Retry)
    assert not verdict.spends


def test_an_unknown_outcome_is_repeated_where_the_partner_recognises_it() -> None:
    assert judge(AmbiguousError("no answer")) == Retry(2000, spends=True, sent=True)


@pytest.mark.parametrize("down", [True, False])
def test_an_unknown_outcome_is_held_where_it_would_not(*, down: bool) -> None:
    verdict = judge(AmbiguousError("no answer"), repeat_is_safe=False, partner_is_down=down)
    assert verdict == Bury("ambiguous", sent=True)


def test_what_was_not_carried_out_is_repeated_wherever() -> None:
    verdict = judge(TransientError("refused"), repeat_is_safe=False)
    assert verdict == Retry(2000, spends=True, sent=False)


@given(
    st.integers(min_value=0, max_value=10_000),
    st.floats(min_value=0.01, max_value=1000),
    st.integers(),
)
def test_backoff_has_full_jitter(attempts: int, base: float, seed: int) -> None:
    wait = backoff_seconds(attempts, base, random.Random(seed))
    assert 0 <= wait <= min(3600, base * 2 ** min(attempts, 30))


def test_backoffs_of_two_people_differ() -> None:
    dice = random.Random(1)
    waits = {backoff_seconds(3, 2, dice) for _ in range(50)}
    assert len(waits) == 50
    assert min(waits) < 4 < max(waits)
