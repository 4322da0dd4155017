"""A clock that only moves when a test says so."""

from __future__ import annotations

from dataclasses import dataclass

START_MS = 1_780_000_000_000


@dataclass
class FakeClock:
    """Unix time in ms, as the ledger takes it."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, *, ms: int = 0, seconds: float = 0, days: float = 0) -> None:
        self.now_ms += ms + round(seconds * 1000) + round(days * 86_400_000)
