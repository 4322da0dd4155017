"""Threads or greenlets: the same two workers for Koji, started with either pool."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.bridge_run import BridgeRun
from benchmarks.footprint import measure as measure_footprint
from benchmarks.local_koji import local_koji
from benchmarks.own.measure import Figures, Measure, Row
from benchmarks.stage import Stage
from benchmarks.trial import watch

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.sizes import Sizes

GEVENT = f"{sys.executable} -m benchmarks.programs.gevent_worker koji"
# Name of the figure, the command (None = the Procfile's), concurrency.
POOLS = (
    ("threads_10", None, 10),
    ("threads_20", None, 20),
    ("threads_64", None, 64),
    ("gevent_20", GEVENT, 20),
    ("gevent_200", GEVENT, 200),
)


def measure(folder: Path, sizes: Sizes) -> Figures:
    """Return starts a second and PSS of one worker for each pool, one after the other."""
    figures: Figures = {}
    for name, command, concurrency in POOLS:
        place = folder / name
        place.mkdir()
        with local_koji(place, 60, rate_limit=0, latency_ms=sizes.latency_ms) as koji:
            stage = Stage(place, koji.sandbox, sizes.unlimited_people)
            run = BridgeRun(stage, koji_command=command, concurrency=concurrency)
            try:
                outcome = watch(run, koji, sizes.unlimited_people, sizes.unlimited_cap_seconds)
                figures[name] = outcome.per_second()
                figures[f"{name}_mb"] = measure_footprint([run.worker_pid()]).pss_mb
                figures[f"{name}_never"] = outcome.never
            finally:
                run.close()
    return figures


MEASURE = Measure(
    "pools",
    "Two workers for Koji without a limit, by pool and concurrency",
    measure,
    tuple(
        row
        for name, _, _ in POOLS
        for row in (
            Row(name, name.replace("_", ", "), "starts/s"),
            Row(f"{name}_mb", "PSS of one worker after it", "MB"),
            Row(f"{name}_never", "never started", at_most=0),
        )
    ),
    once=True,
)
