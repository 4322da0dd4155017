"""Who changed what and when: a list in Redis of the last thousand changes.

The console and the command line both write it. Nothing personal stands in it: routes, counts, ids
of entries, hashes of people.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

KEY = "bridge:{console}:audit"
KEPT = 1000


@dataclass(frozen=True)
class Note:
    """One change: when (Unix ms), by whom, what, to what, and figures about it."""

    at_ms: int
    who: str
    what: str
    on: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class AuditList:
    """The list, newest first."""

    def __init__(
        self,
        redis: Redis,
        now_seconds: Callable[[], float],
        tell: Callable[..., object] | None = None,
    ) -> None:
        """Read nothing yet; `tell` logs each change too, where there is a log."""
        self._redis, self._now_seconds, self._tell = redis, now_seconds, tell

    def note(self, who: str, what: str, on: str = "", **details: Any) -> None:
        """Add a change; the oldest makes room."""
        note = Note(round(1000 * self._now_seconds()), who, what, on, details)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.lpush(KEY, orjson.dumps(asdict(note)))
            pipe.ltrim(KEY, 0, KEPT - 1)
            pipe.execute()
        if self._tell is not None:
            self._tell("operator_change", who=who, what=what, on=on, **details)

    def read(self, start: int, count: int) -> tuple[list[Note], int]:
        """Return some notes, newest first, and how many there are."""
        rows: Any = self._redis.lrange(KEY, start, start + count - 1)
        length: Any = self._redis.llen(KEY)
        return [Note(**orjson.loads(row)) for row in rows], length
