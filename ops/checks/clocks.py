"""Clocks: this machine's against those of Redis and the partners."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ops.checks import Check

if TYPE_CHECKING:
    import requests

MOST_SECONDS = 10.0


class Clocks:
    """Collects what others say the time is."""

    def __init__(self) -> None:
        """Nobody was asked yet."""
        self._ahead: dict[str, float] = {}

    def told(self, who: str, their_seconds: float, our_seconds: float) -> None:
        """Note what somebody's clock showed (Unix seconds)."""
        self._ahead[who] = our_seconds - their_seconds

    def answered(self, who: str, answer: requests.Response, our_seconds: float) -> None:
        """Note the Date header of an answer, which is cut to whole seconds."""
        try:
            date = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:
            return
        self.told(who, date.timestamp() + 0.5, our_seconds)

    def check(self) -> Check:
        """Return what came out."""
        if not self._ahead:
            return Check("clock", ok=True, detail="nobody answered to compare with")
        told = ", ".join(f"{who} {_words(seconds)}" for who, seconds in self._ahead.items())
        if all(abs(seconds) <= MOST_SECONDS for seconds in self._ahead.values()):
            return Check("clock", ok=True, detail=f"this machine against {told}")
        return Check(
            "clock",
            ok=False,
            detail=f"this machine against {told}: set the clocks by NTP, since signatures with a "
            "timestamp are refused and caps change days at the wrong time",
        )


def _words(seconds: float) -> str:
    if abs(seconds) < 1:
        return "the same"
    return f"{abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}"
