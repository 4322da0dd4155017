"""What a failure means for an entry: the one place that decides between retry and burial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.errors import (
    AmbiguousError,
    LaterError,
    PartnerError,
    PermanentError,
    StopRouteError,
)

if TYPE_CHECKING:
    import random

LONGEST_BACKOFF_SECONDS = 3600.0
LONGEST_REQUESTED_WAIT_SECONDS = 3600.0
DEFAULT_LATER_SECONDS = 1.0


@dataclass(frozen=True)
class Retry:
    """Due again after `delay_ms`; `spends` an attempt or not; `sent`: maybe carried out."""

    delay_ms: int
    spends: bool
    sent: bool = False


@dataclass(frozen=True)
class Bury:
    """A dead letter with this reason; `sent`: the call was maybe carried out."""

    reason: str
    sent: bool = False


def backoff_seconds(attempts: int, base_seconds: float, dice: random.Random) -> float:
    """Return a wait with full jitter: anything up to base·2^attempts, at most an hour."""
    ceiling = min(base_seconds * 2 ** min(attempts, 30), LONGEST_BACKOFF_SECONDS)
    return dice.uniform(0, ceiling)


def decide(
    error: PartnerError,
    *,
    attempts: int,
    max_attempts: int,
    base_seconds: float,
    partner_is_down: bool,
    repeat_is_safe: bool,
    dice: random.Random,
) -> Retry | Bury:
    """Judge a failed call.

    `attempts` failed before this one. While the partner is down (its breaker is not closed) no
    attempt is spent. `repeat_is_safe` says that the partner recognises a second request.
    """
    wait = min(error.retry_after_seconds or 0.0, LONGEST_REQUESTED_WAIT_SECONDS)
    if isinstance(error, LaterError):
        jitter = dice.uniform(0, 0.5)
        return Retry(round(1000 * (max(wait, DEFAULT_LATER_SECONDS) + jitter)), spends=False)
    if isinstance(error, StopRouteError):
        return Retry(0, spends=False)
    if isinstance(error, PermanentError):
        return Bury(error.reason)
    ambiguous = isinstance(error, AmbiguousError)
    if ambiguous and not repeat_is_safe:
        return Bury("ambiguous", sent=True)
    if attempts + 1 >= max_attempts and not partner_is_down:
        return Bury("exhausted", sent=ambiguous)
    delay = max(wait, backoff_seconds(attempts, base_seconds, dice))
    return Retry(round(1000 * delay), spends=not partner_is_down, sent=ambiguous)
