"""PullSchedule: when a route's cohort is fetched: `hourly`, `daily 06:00 Europe/Berlin`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from common.hours import DAYS, parse_zone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

HOUR_MS = 3_600_000
_SHAPE = re.compile(
    r"(daily|weekly\s+([a-z]{3}))\s+([01]\d|2[0-3]):([0-5]\d)(?:\s+(\S+))?", re.IGNORECASE
)


@dataclass(frozen=True)
class PullSchedule:
    """Every full hour, or at a time of each day (or of one day a week, 0 = Monday).

    Without a `zone` of its own it goes by the route's.
    """

    text: str
    minute_of_day: int | None = None
    day: int | None = None
    zone: ZoneInfo | None = None

    def __str__(self) -> str:
        """Return the form that `parse` read."""
        return self.text

    @classmethod
    def parse(cls, text: str) -> PullSchedule:
        """Read `hourly`, `daily HH:MM [zone]` or `weekly Mon HH:MM [zone]`; raises ValueError."""
        if text.strip().lower() == "hourly":
            return cls(text)
        match = _SHAPE.fullmatch(text.strip())
        day = (match[2] or "").lower() if match else ""
        if match is None or (day and day not in DAYS):
            raise ValueError(
                f"{text!r} is not like hourly, daily 06:00 Europe/Berlin or weekly Mon 06:00"
            )
        return cls(
            text,
            int(match[3]) * 60 + int(match[4]),
            DAYS.index(day) if day else None,
            parse_zone(match[5]) if match[5] else None,
        )

    def last_slot_ms(self, now_ms: int, zone: ZoneInfo) -> int:
        """Return the newest moment of the schedule that is not after now, in Unix ms."""
        if self.minute_of_day is None:
            return now_ms - now_ms % HOUR_MS
        zone = self.zone or zone
        day = self._day(now_ms, zone)
        slot_ms = self._at(day, zone)
        return slot_ms if slot_ms <= now_ms else self._at(day - self._apart, zone)

    def next_slot_ms(self, now_ms: int, zone: ZoneInfo) -> int:
        """Return the first moment of the schedule that is after now, in Unix ms."""
        if self.minute_of_day is None:
            return self.last_slot_ms(now_ms, zone) + HOUR_MS
        zone = self.zone or zone
        day = self._day(now_ms, zone)
        slot_ms = self._at(day, zone)
        return slot_ms if slot_ms > now_ms else self._at(day + self._apart, zone)

    @property
    def _apart(self) -> timedelta:
        return timedelta(days=1 if self.day is None else 7)

    def _day(self, now_ms: int, zone: ZoneInfo) -> date:
        """Return the newest day of the schedule that is not after today."""
        today = datetime.fromtimestamp(now_ms / 1000, zone).date()
        return today - timedelta(days=0 if self.day is None else (today.weekday() - self.day) % 7)

    def _at(self, day: date, zone: ZoneInfo) -> int:
        hour, minute = divmod(self.minute_of_day or 0, 60)
        at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
        return round(at.timestamp() * 1000)
