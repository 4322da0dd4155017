"""One dead letter, and which of them somebody means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from common.ledger.lanes import DELIVERIES, INBOX, INVITATIONS, WRITES, Lane, invitations

LANES = {lane.name: lane for lane in (INBOX, INVITATIONS, DELIVERIES, WRITES)}


@dataclass(frozen=True)
class Filters:
    """Which letters are meant; an empty value means any. `since_ms` is when they died."""

    lane: str = ""
    reason: str = ""
    route: str = ""
    since_ms: int = 0

    def take(self, letter: Letter) -> bool:
        """Tell whether a letter is meant (lane and time apart, which the search looks at)."""
        return self.reason in {"", letter.reason} and self.route in {"", letter.route}


@dataclass(frozen=True)
class Letter:
    """One dead letter; times in Unix ms, `route` empty where none is known."""

    lane: str
    key: str
    died_at_ms: int
    route: str = ""
    reason: str = ""
    error: str = ""
    status: int | None = None
    attempts: int = 0
    first_at_ms: int = 0
    last_at_ms: int = 0
    story: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The name by which people speak of it."""
        return f"{self.lane}:{self.key}"

    @property
    def sublane(self) -> Lane:
        """The lane that it goes back to."""
        return invitations(self.route) if self.lane == INVITATIONS.name else LANES[self.lane]

    def as_dict(self) -> dict[str, Any]:
        """Return what a list shows."""
        return {
            "id": self.id,
            "lane": self.lane,
            "route": self.route or None,
            "reason": self.reason,
            "error": self.error,
            "status": self.status,
            "attempts": self.attempts,
            "first_at": iso(self.first_at_ms),
            "last_at": iso(self.last_at_ms),
        }

    def told(self) -> list[dict[str, Any]]:
        """Return what happened to it, oldest first."""
        return [
            {
                "at": iso(step["at"]),
                "outcome": step.get("outcome", ""),
                "status": step.get("status"),
                "error": step.get("error", ""),
                "delay_seconds": (step.get("delay_ms") or 0) / 1000,
            }
            for step in self.story
        ]


def iso(at_ms: float) -> str:
    """Return a moment (Unix ms) as ISO 8601 in UTC."""
    seconds, ms = divmod(round(at_ms), 1000)
    return f"{_second(seconds)}.{ms:03}Z"


@lru_cache(maxsize=256)  # of ten thousand letters many died in the same second
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat().removesuffix("+00:00")
