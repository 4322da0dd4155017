"""The log of start calls: what came, when, and what was answered."""

from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass

_BODIES_KEPT = 500


@dataclass(frozen=True, slots=True)
class StartRecord:
    """One start call; `at` is unix seconds, a status of 0 means that no answer was sent."""

    at: float
    key: str
    status: int
    study: str | None = None
    external_id: str | None = None
    email: str | None = None
    idempotency_key: str | None = None
    interview_id: str | None = None
    duplicate: bool = False
    fault: str | None = None


class StartLog:
    """All start calls in the order they came, and the last bodies as they were sent."""

    def __init__(self) -> None:
        """Start an empty log."""
        self.records: list[StartRecord] = []
        self.bodies: deque[bytes] = deque(maxlen=_BODIES_KEPT)
        self._counts: Counter[str] = Counter()

    def add(self, record: StartRecord, kind: str | None = None) -> None:
        """Write down a call and, where it has one of the names in `summary`, its kind."""
        self.records.append(record)
        if kind is not None:
            self._counts[kind] += 1
        if record.fault is not None:
            self._counts["faults"] += 1

    def since(self, at: float) -> list[StartRecord]:
        """Return the calls after `at`, in unix seconds."""
        first = bisect_right(self.records, at, key=lambda record: record.at)
        return self.records[first:]

    def summary(self) -> dict[str, int]:
        """Return how many calls came, and what became of them."""
        kinds = ("started", "duplicates", "refused_429", "unauthorized", "rejected", "faults")
        return {"calls": len(self.records)} | {kind: self._counts[kind] for kind in kinds}
