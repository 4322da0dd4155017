"""Who changed what and when: a list in Redis of the last thousand changes, and its page.

Nothing personal stands in it: routes, counts, ids of entries, hashes of people.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from flask import Blueprint, render_template

from ops.console.paging import Page, page_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

    from ops.console.desk import Desk

KEY = "bridge:{console}:audit"
KEPT = 1000
NOTES_A_PAGE = 100
log = structlog.get_logger(__name__)


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

    def __init__(self, redis: Redis, now_seconds: Callable[[], float]) -> None:
        """Read nothing yet."""
        self._redis, self._now_seconds = redis, now_seconds

    def note(self, who: str, what: str, on: str = "", **details: Any) -> None:
        """Add a change; the oldest makes room."""
        note = Note(round(1000 * self._now_seconds()), who, what, on, details)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.lpush(KEY, orjson.dumps(asdict(note)))
            pipe.ltrim(KEY, 0, KEPT - 1)
            pipe.execute()
        log.info("console_change", who=who, what=what, on=on, **details)

    def read(self, start: int, count: int) -> tuple[list[Note], int]:
        """Return some notes, newest first, and how many there are."""
        rows: Any = self._redis.lrange(KEY, start, start + count - 1)
        length: Any = self._redis.llen(KEY)
        return [Note(**orjson.loads(row)) for row in rows], length


def make_blueprint(desk: Desk) -> Blueprint:
    """Make the page that shows the list."""
    pages = Blueprint("audit", __name__)

    @pages.get("/audit")
    def show() -> str:
        number = page_number()
        notes, total = desk.audit.read((number - 1) * NOTES_A_PAGE, NOTES_A_PAGE)
        return render_template(
            "audit.html", notes=notes, page=Page(number, NOTES_A_PAGE, total), kept=KEPT
        )

    return pages
