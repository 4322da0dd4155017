"""How long the work stood still after each fault."""

from __future__ import annotations

import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from ops.local.sandbox_process import Sandbox

SAMPLE_SECONDS = 0.25


class Recovery(threading.Thread):
    """Samples what has reached the partners, and remembers when faults struck."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(name="recovery", daemon=True)
        self._sandbox = sandbox
        self._samples: list[tuple[float, int]] = []
        self._faults: list[float] = []
        self._outage_ends: list[float] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(SAMPLE_SECONDS):
            try:
                started = self._sandbox.get("koji", "summary")["started"]
                events = self._sandbox.get("mixpanel", "summary")["events"]
            except requests.RequestException:
                continue
            self._samples.append((time.monotonic(), started + events))

    def struck(self) -> None:
        """Note a fault."""
        self._faults.append(time.monotonic())

    def outage_ended(self) -> None:
        """Note the partner's return."""
        self._outage_ends.append(time.monotonic())

    def figures(self) -> dict[str, Any]:
        """Return seconds without progress after kills (median, longest) and after the outage."""
        after_kills = [gap for at in self._faults if (gap := self._gap(at)) is not None]
        after_outage = [gap for at in self._outage_ends if (gap := self._gap(at)) is not None]
        return {
            "median_recovery_seconds": round(statistics.median(after_kills), 1),
            "longest_recovery_seconds": round(max(after_kills), 1),
            "after_outage_seconds": round(max(after_outage), 1) if after_outage else None,
        }

    def _gap(self, at: float) -> float | None:
        before = max((n for moment, n in self._samples if moment <= at), default=0)
        return next(
            (moment - at for moment, n in self._samples if moment > at and n > before), None
        )
