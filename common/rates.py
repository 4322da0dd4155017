"""Rates such as `60/minute` and caps such as `10/week`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_CALENDAR = ("day", "week", "month")
_SHAPE = re.compile(r"\s*(\d{1,9})\s*/\s*([a-z]+)\s*")


@dataclass(frozen=True)
class Rate:
    """`count` calls in any `window_seconds`."""

    count: int
    window_seconds: int

    @property
    def per_second(self) -> float:
        """Calls a second in the long run."""
        return self.count / self.window_seconds

    def __str__(self) -> str:
        """Return the form that `parse` reads."""
        return f"{self.count}/{next(n for n, s in _SECONDS.items() if s == self.window_seconds)}"

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read `N/second|minute|hour|day`; raises ValueError with the accepted form."""
        match = _SHAPE.fullmatch(text)
        if not match or match[2] not in _SECONDS or int(match[1]) == 0:
            raise ValueError(
                f"{text!r} is not a rate such as 60/minute (second, minute, hour, day)"
            )
        return cls(int(match[1]), _SECONDS[match[2]])


@dataclass(frozen=True)
class Cap:
    """At most `count` in a calendar `unit` (UTC): day, week or month."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Cap:
        """Read `N/day|week|month`; raises ValueError with the accepted form."""
        match = _SHAPE.fullmatch(text)
        if not match or match[2] not in _CALENDAR:
            raise ValueError(f"{text!r} is not a cap such as 10/week (day, week, month)")
        return cls(int(match[1]), match[2])
