"""A cohort at Koji's limit, the window used up beforehand: how much of the limit is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.local_koji import local_koji
from benchmarks.scenarios.scenario import Figures, Scenario
from benchmarks.stage import Stage
from benchmarks.trial import Outcome, running, watch

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scenarios.scenario import LineUp
    from benchmarks.sizes import Sizes


def drain(
    name: str,
    folder: Path,
    sizes: Sizes,
    line_up: LineUp,
    *,
    people: int,
    per_minute: int,
    cap_seconds: float,
    count_refused: bool = False,
) -> Outcome:
    """Let a contender start a cohort; the window is used up before it may go."""
    with local_koji(
        folder,
        sizes.window_seconds,
        rate_limit=round(per_minute / 60 * sizes.window_seconds),
        latency_ms=sizes.latency_ms,
        count_refused=count_refused,
    ) as koji:
        stage = Stage(folder, koji.sandbox, people, per_minute, sizes.window_seconds)
        with running(name, stage) as run:
            line_up()
            koji.use_window_up()
            return watch(run, koji, people, cap_seconds)


def measure(name: str, folder: Path, sizes: Sizes, line_up: LineUp) -> Figures:
    """Return seconds, utilisation (ideal time / time) and the number of 429s."""
    people, per_minute = sizes.limited_people, sizes.limited_per_minute
    outcome = drain(
        name,
        folder,
        sizes,
        line_up,
        people=people,
        per_minute=per_minute,
        cap_seconds=sizes.limited_cap_seconds,
    )
    last, ideal = outcome.last(), people / (per_minute / 60)
    return {
        "seconds": last,
        "ideal_seconds": ideal,
        "utilisation": ideal / last if last else _so_far(outcome, ideal, people),
        "refused": outcome.refused,
        "never": outcome.never,
        "starts": outcome.first_starts(),
    }


def _so_far(outcome: Outcome, ideal: float, people: int) -> float:
    times = outcome.first_starts()
    return ideal / times[-1] * len(times) / people if times else 0.0


SCENARIO = Scenario(
    "limited",
    "At the limit, window used up beforehand",
    measure,
    side_by_side=True,
    end="seconds",
)
