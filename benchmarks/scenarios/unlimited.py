"""No limit: how fast a contender can start people, and what its processes cost."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmarks.footprint import idle_percent
from benchmarks.footprint import measure as measure_footprint
from benchmarks.local_koji import local_koji
from benchmarks.scenarios.scenario import Figures, Scenario
from benchmarks.stage import Stage
from benchmarks.trial import running, watch

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scenarios.scenario import LineUp
    from benchmarks.sizes import Sizes

SETTLE_SECONDS = 1.0


def measure(name: str, folder: Path, sizes: Sizes, _line_up: LineUp) -> Figures:
    """Return starts a second; memory and idle processor time right after."""
    with local_koji(folder, 60, rate_limit=0, latency_ms=sizes.latency_ms) as koji:
        stage = Stage(folder, koji.sandbox, sizes.unlimited_people)
        with running(name, stage) as run:
            outcome = watch(run, koji, sizes.unlimited_people, sizes.unlimited_cap_seconds)
            footprint = measure_footprint(run.roots())
            there = footprint.processes > 0
            idle = None
            if there and outcome.never == 0:
                time.sleep(SETTLE_SECONDS)
                idle = idle_percent(run.roots(), sizes.idle_seconds)
    return {
        "starts_per_second": outcome.per_second(),
        "never": outcome.never,
        **(asdict(footprint) if there else {}),  # a serial forwarder ends with its cohort
        "idle_percent": idle,
    }


SCENARIO = Scenario("unlimited", "No limit, and what the processes cost", measure)
