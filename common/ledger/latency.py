"""How long results took from Koji's webhook to Mixpanel, as counters that make a histogram."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BUCKETS_SECONDS = (0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
_BOUNDS = (*(f"{bound:g}" for bound in BUCKETS_SECONDS), "+Inf")
_SUM_MS = "latency_ms"


def latency_counters(latency_ms: int) -> dict[str, int]:
    """Return the counters that one written result raises."""
    known_ms = max(latency_ms, 0)  # clocks of two machines may differ
    bound = _BOUNDS[bisect_left(BUCKETS_SECONDS, known_ms / 1000)]
    return {f"latency:{bound}": 1, _SUM_MS: known_ms}


def histogram(counters: Mapping[str, int]) -> tuple[list[tuple[str, int]], float]:
    """Return the cumulative buckets (upper bound, results) and the sum in seconds."""
    buckets, count = [], 0
    for bound in _BOUNDS:
        count += counters.get(f"latency:{bound}", 0)
        buckets.append((bound, count))
    return buckets, counters.get(_SUM_MS, 0) / 1000
