"""Hours: when a route's people may be asked, by the clock on the wall of the route's zone.

Days on which clocks are put forward or back need no care: only what the clock shows counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
A_DAY = 24 * 60
_CLOCK = r"([01]\d|2[0-3]):([0-5]\d)|(24):(00)"
_SHAPE = re.compile(rf"(?:([a-z]{{3}})(?:-([a-z]{{3}}))?\s+)?(?:{_CLOCK})\s*-\s*(?:{_CLOCK})")
# Whatever waits longer than this is forecast by the weeks that went before.
MOST_DAYS = 400


def parse_zone(text: str) -> ZoneInfo:
    """Read an IANA name; raises ValueError with an example."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f"{text!r} is not a time zone such as Europe/Berlin or UTC") from exc


@dataclass(frozen=True)
class Span:
    """Minutes of the day from `begins` up to `ends`, over midnight if that is earlier.

    On `days` only (0 = Monday); what lies after midnight belongs to the day on which it began.
    """

    begins: int
    ends: int
    days: tuple[int, ...] = tuple(range(7))
    text: str = ""

    def __str__(self) -> str:
        """Return the form that `parse` read."""
        return self.text

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read `HH:MM-HH:MM`, with a day or days before it; raises ValueError with the form."""
        match = _SHAPE.fullmatch(text.strip().lower())
        if match is None or any(day and day not in DAYS for day in match.groups()[:2]):
            raise ValueError(f"{text!r} is not like 09:00-18:00 or Mon-Fri 09:00-18:00")
        first, last, *clock = match.groups()
        numbers = [int(part) for part in clock if part is not None]
        begins, ends = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if begins == ends:
            raise ValueError(f"{text!r} is no time at all: both ends are the same")
        days = tuple(range(7))
        if first:
            at, to = DAYS.index(first), DAYS.index(last or first)
            days = tuple((at + n) % 7 for n in range((to - at) % 7 + 1))
        return cls(begins, ends, days, text.strip())

    def holds(self, weekday: int, minute: int) -> bool:
        """Tell whether a minute of a day lies within."""
        if self.begins < self.ends:
            return weekday in self.days and self.begins <= minute < self.ends
        before_midnight = weekday in self.days and minute >= self.begins
        return before_midnight or ((weekday - 1) % 7 in self.days and minute < self.ends)


@dataclass(frozen=True)
class Hours:
    """Inside `send_between` and outside `quiet_hours`, in `zone`; without either always."""

    zone: ZoneInfo
    send_between: Span | None = None
    quiet_hours: Span | None = None

    def are_open(self, now_ms: int) -> bool:
        """Tell whether people may be asked at a moment (Unix ms)."""
        if self.send_between is None and self.quiet_hours is None:
            return True
        local = datetime.fromtimestamp(now_ms / 1000, tz=self.zone)
        at = local.weekday(), local.hour * 60 + local.minute
        allowed = self.send_between is None or self.send_between.holds(*at)
        return allowed and not (self.quiet_hours is not None and self.quiet_hours.holds(*at))

    def next_opening_ms(self, now_ms: int) -> int | None:
        """Return when people may be asked again: now, if they may; None for never."""
        return next((begins for begins, _ in self._openings(now_ms)), None)

    def advance(self, now_ms: int, seconds: float) -> int | None:
        """Return when so many seconds of open time have passed; None for never."""
        if self.send_between is None and self.quiet_hours is None:
            return round(now_ms + 1000 * seconds)
        left, done = 1000 * seconds, 0.0
        for begins, ends in self._openings(now_ms):
            if done + ends - begins >= left:
                return round(begins + left - done)
            done += ends - begins
        # So far ahead that an average will do.
        return round(now_ms + MOST_DAYS * A_DAY * 60_000 * left / done) if done else None

    def _openings(self, now_ms: int) -> Iterator[tuple[int, int]]:
        """Yield from when to when people may be asked, the running one from now on."""
        begins = now_ms
        for ends in self._marks(now_ms):
            if self.are_open(begins):
                yield begins, ends
            begins = ends

    def _marks(self, now_ms: int) -> Iterator[int]:
        """Yield every later moment at which something may begin or end (Unix ms)."""
        spans = [span for span in (self.send_between, self.quiet_hours) if span is not None]
        minutes = {0, *(m % A_DAY for span in spans for m in (span.begins, span.ends))}
        today = datetime.fromtimestamp(now_ms / 1000, tz=self.zone)
        for day in range(MOST_DAYS):
            date = today + timedelta(days=day)
            marks = {
                round(
                    1000
                    * date.replace(hour=m // 60, minute=m % 60, second=0, microsecond=0).timestamp()
                )
                for m in minutes
            }
            yield from sorted(mark for mark in marks if mark > now_ms)
