"""What a measurement of the bridge alone is: a function, and the rows its figures make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.sizes import Sizes

Figures = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One figure by its key; what it has to be at least or at most, where something is promised."""

    key: str
    text: str
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def verdict(self, value: float | None) -> str:
        """Return the goal and whether the figure reaches it, empty where there is none."""
        if self.at_least is None and self.at_most is None:
            return ""
        sign, goal = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        assert goal is not None
        if value is None:
            return f"{sign} {goal:g}"
        good = value >= goal if sign == "≥" else value <= goal
        return f"{sign} {goal:g}: {'reached' if good else 'missed'}"


@dataclass(frozen=True)
class Measure:
    """`once` is for what is too large to be repeated."""

    name: str
    title: str
    measure: Callable[[Path, Sizes], Figures]
    rows: tuple[Row, ...]
    once: bool = False


def percentile(values: list[float], share: float) -> float:
    """Return the value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
