"""What a scenario is: one function that measures one contender once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.sizes import Sizes

Figures = dict[str, Any]
LineUp = Callable[[], None]


@dataclass(frozen=True)
class Scenario:
    """`measure(name, folder, sizes, line_up)` returns figures; `skips` are who it means nothing to.

    `is_long` scenarios are measured with a few contenders only where a pass has to be short. Where
    contenders mostly wait, or the figure is no time, several can be measured `side_by_side`:
    `line_up` is called by each that is ready, and returns once all are. `end` is the figure that is
    None for a contender that did not come to its end in time.
    """

    name: str
    title: str
    measure: Callable[[str, Path, Sizes, LineUp], Figures]
    skips: frozenset[str] = frozenset()
    is_long: bool = False
    side_by_side: bool = False
    end: str = ""

    def came_to_its_end(self, figures: Figures) -> bool:
        """Tell whether a contender finished in time."""
        return not self.end or figures[self.end] is not None
