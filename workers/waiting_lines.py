"""Where the tickets of one process wait before they may reserve moments of a limit."""

from __future__ import annotations

from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workers.limit import Limit


class WaitingLines:
    """A line for each limit."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lines: dict[Limit, BoundedSemaphore] = {}

    @contextmanager
    def join(
        self, limit: Limit, longest_wait_seconds: float, before_waiting: Callable[[], None]
    ) -> Iterator[bool]:
        """Wait behind the other tickets of this process; yields whether it is our turn."""
        # Two threads may make one at once; `setdefault` keeps the first.
        line = self._lines.get(limit) or self._lines.setdefault(
            limit, BoundedSemaphore(limit.most_waiting)
        )
        is_ours = line.acquire(blocking=False)
        if not is_ours:
            before_waiting()
            is_ours = line.acquire(timeout=max(0.0, longest_wait_seconds))
        try:
            yield is_ours
        finally:
            if is_ours:
                line.release()
