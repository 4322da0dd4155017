"""`kill -9` of one of two workers in the middle; a supervisor starts it again at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.local_koji import local_koji
from benchmarks.scenarios.scenario import Figures, Scenario
from benchmarks.stage import Stage
from benchmarks.trial import running, watch

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scenarios.scenario import LineUp
    from benchmarks.sizes import Sizes


def measure(name: str, folder: Path, sizes: Sizes, line_up: LineUp) -> Figures:
    """Return people never started and called twice, and seconds from the kill to the last start."""
    people, per_minute = sizes.killed_people, sizes.killed_per_minute
    killed_at: list[float] = []
    with local_koji(
        folder,
        sizes.window_seconds,
        rate_limit=round(per_minute / 60 * sizes.window_seconds),
        latency_ms=sizes.latency_ms,
    ) as koji:
        stage = Stage(folder, koji.sandbox, people, per_minute, sizes.window_seconds)
        with running(name, stage) as run:
            line_up()

            def kill() -> None:
                killed_at.append(time.time())
                run.kill_worker()

            outcome = watch(
                run, koji, people, sizes.killed_cap_seconds, at_count=(sizes.killed_at, kill)
            )
    after = killed_at[0] - outcome.began_at if killed_at else None
    last = outcome.last()
    return {
        "killed_after": after,
        "never": outcome.never,
        "twice": outcome.twice,
        "recovery_seconds": None if last is None or after is None else last - after,
        "starts": outcome.first_starts(),
    }


SCENARIO = Scenario(
    "killed",
    "kill -9 of one of two workers",
    measure,
    is_long=True,
    side_by_side=True,
    end="recovery_seconds",
)
