"""The imported events: all of them as they came, and the view that reports show.

https://developer.mixpanel.com/reference/event-deduplication: events with the same name,
`distinct_id`, `time` and `$insert_id` are shown once, the last one imported.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.mixpanel.import_rules import to_milliseconds


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as JSON, and when it came (unix seconds)."""

    received_at: float
    body: bytes


class EventStore:
    """Keeps events as bytes: some hundred thousand of them fit."""

    def __init__(self) -> None:
        """Start empty."""
        self.raw: list[StoredEvent] = []
        self._view: dict[tuple[str, str, int, str], StoredEvent] = {}
        self._events_of: Counter[str] = Counter()
        self.written_twice = 0

    def add(self, event: Mapping[str, Any], received_at: float) -> None:
        """Store a valid event."""
        properties = event["properties"]
        stored = StoredEvent(received_at, orjson.dumps({"received_at": received_at, **event}))
        self.raw.append(stored)
        key = (
            event["event"],
            properties["distinct_id"],
            to_milliseconds(properties["time"]),
            properties["$insert_id"],
        )
        if self._view.pop(key, None) is None:
            self._count(properties.get("interview_id"))
        self._view[key] = stored

    def delete(self, distinct_ids: set[str]) -> None:
        """Forget every event of these people."""
        gone = [key for key in self._view if key[1] in distinct_ids]
        for key in gone:
            del self._view[key]
        self.raw = [
            one
            for one in self.raw
            if orjson.loads(one.body)["properties"]["distinct_id"] not in distinct_ids
        ]

    @property
    def shown(self) -> list[StoredEvent]:
        """The de-duplicated view, in the order of the last import of each event."""
        return list(self._view.values())

    def __len__(self) -> int:
        """Return how many events reports show."""
        return len(self._view)

    def _count(self, interview_id: object) -> None:
        """Notice a second event for one interview that de-duplication did not catch."""
        if isinstance(interview_id, str):
            self._events_of[interview_id] += 1
            self.written_twice += self._events_of[interview_id] > 1


def as_json_list(events: list[StoredEvent], since: float, limit: int | None) -> bytes:
    """Return the events after `since` (unix seconds), at most the last `limit`, as JSON."""
    first = bisect_right(events, since, key=lambda event: event.received_at)
    chosen = events[first:] if limit is None else events[first:][-limit:]
    return b"[" + b",".join(event.body for event in chosen) + b"]"
