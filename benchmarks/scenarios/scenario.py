"""What a scenario is: one function that measures one contender once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.sizes import Sizes

Figures = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """`measure(name, folder, sizes)` returns figures; `skips` are contenders it means nothing to.

    `is_long` scenarios are measured with a few contenders only where a pass has to be short. In one
    that `mostly_waits` several contenders can be measured at a time.
    """

    name: str
    title: str
    measure: Callable[[str, Path, Sizes], Figures]
    skips: frozenset[str] = frozenset()
    is_long: bool = False
    mostly_waits: bool = False
