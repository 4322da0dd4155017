"""Stores what several requests bring at the same moment in one call of Redis.

The disk confirms one call after another, and each call costs this process about as much as all the
rest of a small request. So one thread calls for all that wait, and while it does, the next group
gathers. Databases do the same with their log (postgresql.org/docs, `commit_delay`).
"""

from __future__ import annotations

import time
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Entries = list[tuple[str, bytes]]
# Redis does nothing else while it runs a call, so a group of large pages is cut.
GROUP_BYTES = 1_000_000
# A group that follows one of several waits so long for more. Who comes alone never waits.
GATHER_SECONDS = 0.002


class _Waiting:
    """One request's entries, and what became of them."""

    __slots__ = ("called", "entries", "error", "leads", "new", "size_bytes")

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.size_bytes = sum(len(value) for _, value in entries)
        self.new: Sequence[bool] = ()
        self.error: BaseException | None = None
        self.leads = False
        self.called = Lock()  # held until its thread has something to do
        self.called.acquire()


class GroupCommit:
    """Calls `add` for many requests at once; each gets its own part of the answer."""

    def __init__(self, add: Callable[[Entries], Sequence[bool]]) -> None:
        """Take what adds entries, all or none, and returns which of them were new."""
        self._add = add
        self._lock = Lock()
        self._waiting: deque[_Waiting] = deque()
        self._has_leader = False
        self._is_busy = False

    def add(self, entries: Entries) -> Sequence[bool]:
        """Add entries together with those of others; raises what the call for its group raised."""
        mine = _Waiting(entries)
        with self._lock:
            self._waiting.append(mine)
            if not self._has_leader:
                self._has_leader = mine.leads = True
        if not mine.leads:
            mine.called.acquire()
        if mine.leads:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.new

    def _lead(self) -> None:
        """Add one group, whose first is this thread's own, and let the next group begin."""
        if self._is_busy:
            time.sleep(GATHER_SECONDS)
        group = self._next_group()
        self._is_busy = len(group) > 1
        try:
            new = self._add([entry for one in group for entry in one.entries])
            done = 0
            for one in group:
                one.new = new[done : done + len(one.entries)]
                done += len(one.entries)
        except BaseException as exc:  # noqa: BLE001 - raised again by the thread of each
            for one in group:
                one.error = exc
        finally:
            self._hand_over()
            for one in group[1:]:
                one.called.release()

    def _next_group(self) -> list[_Waiting]:
        with self._lock:
            group, size_bytes = [self._waiting.popleft()], 0
            while self._waiting:
                size_bytes += group[-1].size_bytes
                if size_bytes + self._waiting[0].size_bytes > GROUP_BYTES:
                    break
                group.append(self._waiting.popleft())
            return group

    def _hand_over(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].called.release()
            else:
                self._has_leader = False
