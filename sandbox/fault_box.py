"""Which fault falls on the next call, drawn from a seeded generator."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.faults import NO_FAULTS, Faults, is_number, merge_faults


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call; `seconds` is how long it takes or how long to stay away."""

    kind: str
    status: int = 0
    seconds: float = 0.0


class FaultBox:
    """The faults of one partner; the same seed and the same calls give the same faults."""

    def __init__(self, seed: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start without faults; `monotonic` is a clock in seconds."""
        self._seed = seed
        self._monotonic = monotonic
        self._random = random.Random(seed)
        self._faults = NO_FAULTS
        self._ends_at: float | None = None
        self._burst_ends_at = 0.0
        self.injected: Counter[str] = Counter()

    @property
    def current(self) -> Faults:
        """The faults that hold at this moment."""
        if self._ends_at is not None and self._monotonic() >= self._ends_at:
            self.clear()
        return self._faults

    @property
    def seconds_left(self) -> float | None:
        """How long the faults still last; None = until they are cleared."""
        return None if self._ends_at is None else max(0.0, self._ends_at - self._monotonic())

    def merge(self, changes: Mapping[str, Any]) -> None:
        """Change some faults and keep the others, `for_seconds` long; raises ValueError."""
        changes = dict(changes)
        lasts = changes.pop("for_seconds", None)
        if lasts is not None and (not is_number(lasts) or lasts <= 0):
            raise ValueError(f"for_seconds must be a number over 0, not {lasts!r}")
        self._faults = merge_faults(self.current, changes)
        if lasts is not None:
            self._ends_at = self._monotonic() + lasts

    def clear(self) -> None:
        """End all faults; what was injected stays counted."""
        self._faults = NO_FAULTS
        self._ends_at = None
        self._burst_ends_at = 0.0

    def reset(self) -> None:
        """End all faults, forget the counts and begin the draws again."""
        self._random = random.Random(self._seed)
        self.injected.clear()
        self.clear()

    def draw(self, path: str) -> Fault | None:
        """Return what befalls the next call to `path`, or None."""
        faults = self.current
        if faults is NO_FAULTS or not path.startswith(faults.only):
            return None
        fault = self._draw(faults)
        if fault is not None:
            self.injected[fault.kind] += 1
        return fault

    def strikes(self, rate: float, kind: str) -> bool:
        """Draw once for `rate`, and count a hit as a fault of `kind`."""
        hit = self._hit(rate)
        if hit:
            self.injected[kind] += 1
        return hit

    def _draw(self, faults: Faults) -> Fault | None:
        if faults.down:
            return Fault("down")
        if self._hit(faults.drop_before_rate):
            return Fault("drop_before")
        return self._draw_answer(faults) or self._draw_ending(faults)

    def _draw_answer(self, faults: Faults) -> Fault | None:
        if faults.status is not None:
            return Fault("status", faults.status, 1.0)
        now = self._monotonic()
        if now >= self._burst_ends_at and self._hit(faults.burst_429_rate):
            self._burst_ends_at = now + faults.burst_429_seconds
        if now < self._burst_ends_at:
            return Fault("burst_429", 429, self._burst_ends_at - now)
        if self._hit(faults.error_rate):
            return Fault("error", faults.error_status, 1.0)
        return None

    def _draw_ending(self, faults: Faults) -> Fault | None:
        if self._hit(faults.drop_rate):
            return Fault("drop")
        if self._hit(faults.slow_rate):
            return Fault("slow", seconds=faults.slow_seconds)
        return None

    def _hit(self, rate: float) -> bool:
        return rate > 0 and self._random.random() < rate
