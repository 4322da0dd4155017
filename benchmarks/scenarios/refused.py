"""A partner that counts refused calls too: who does not slow down starves itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.scenarios.limited import drain
from benchmarks.scenarios.scenario import Figures, Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scenarios.scenario import LineUp
    from benchmarks.sizes import Sizes


def measure(name: str, folder: Path, sizes: Sizes, line_up: LineUp) -> Figures:
    """Return seconds until all are started (None: not within the cap) and the ideal."""
    people, per_minute = sizes.refused_people, sizes.refused_per_minute
    outcome = drain(
        name,
        folder,
        sizes,
        line_up,
        people=people,
        per_minute=per_minute,
        cap_seconds=sizes.refused_cap_seconds,
        count_refused=True,
    )
    return {
        "seconds": outcome.last(),
        "ideal_seconds": people / (per_minute / 60),
        "refused": outcome.refused,
        "never": outcome.never,
    }


SCENARIO = Scenario(
    "refused",
    "Refused calls count too",
    measure,
    is_long=True,
    side_by_side=True,
    end="seconds",
)
