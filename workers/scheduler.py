"""What beat schedules by: only intervals, so there is nothing to persist."""

from __future__ import annotations

from typing import Any

from celery.beat import Scheduler


class Clock(Scheduler):  # type: ignore[misc]  # Celery has no types
    """Sleeps until a tick is due.

    Celery's own wakes 10 ms before and then asks in a loop without a pause, twenty times a tick.
    No schedule file is written, so a read-only disk will do.
    """

    def adjust(self, n: Any, drift: float = 0.0) -> Any:
        """Correct a time to sleep by nothing, unless told."""
        return super().adjust(n, drift)
