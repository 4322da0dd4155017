"""Koji is down just as the cohort comes: who is given up, and how soon it is over."""

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
    """Return people not started, and seconds from the outage's end to the last start."""
    people, per_minute = sizes.outage_people, sizes.outage_per_minute
    with local_koji(
        folder,
        sizes.window_seconds,
        rate_limit=round(per_minute / 60 * sizes.window_seconds),
        latency_ms=sizes.latency_ms,
    ) as koji:
        stage = Stage(folder, koji.sandbox, people, per_minute, sizes.window_seconds)
        with running(name, stage) as run:
            line_up()
            koji.fault(down=True, for_seconds=sizes.outage_seconds)
            ends_at = time.time() + sizes.outage_seconds
            outcome = watch(run, koji, people, sizes.outage_seconds + sizes.outage_cap_seconds)
    times, ended_after = outcome.first_starts(), ends_at - outcome.began_at
    return {
        "outage_seconds": ended_after,
        "failed": outcome.never,
        "last_start_after_seconds": None if outcome.never else times[-1] - ended_after,
        "starts": times,
    }


SCENARIO = Scenario(
    "outage",
    "Koji down as the cohort comes",
    measure,
    is_long=True,
    side_by_side=True,
    end="last_start_after_seconds",
)
