"""The whole default set with nothing to do: memory, processor time, what a tick costs."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.bridge import pids, running_bridge
from benchmarks.footprint import idle_percent
from benchmarks.footprint import measure as measure_footprint
from benchmarks.own.measure import Figures, Measure, Row
from common.celery_app import make_celery
from common.config import load_config
from ops.local.ports import free_port
from ops.local.supervised import procfile_programs
from workers.bootstrap import make_bridge
from workers.clock import tick

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.sizes import Sizes
    from ops.local.local_bridge import LocalBridge

SETTLE_SECONDS = 4.0


def measure(folder: Path, sizes: Sizes) -> Figures:
    """Return PSS and idle processor time of every process of the Procfile."""
    names = tuple(program.name for program in procfile_programs())
    environ = {"CONSOLE_CREDENTIALS": "a:bench-bench", "FLOWER_BASIC_AUTH": "a:bench-bench"}
    environ |= {"CONSOLE_PORT": str(free_port()), "FLOWER_PORT": str(free_port())}
    with running_bridge(folder, processes=names, environ=environ) as bridge:
        time.sleep(SETTLE_SECONDS)
        before = pids(bridge)
        idle = idle_percent(list(before.values()), sizes.idle_seconds)
        # One that was started again meanwhile is not up, whatever its pid says.
        up = {name: pid for name, pid in pids(bridge).items() if before.get(name) == pid}
        each = {name: measure_footprint([pid]) for name, pid in up.items()}
        took = _ticks(bridge, sizes.ticks)
    return {
        "processes": len(up),
        "pss_mb": sum(one.pss_mb for one in each.values()),
        "rss_mb": sum(one.rss_mb for one in each.values()),
        "idle_percent": idle,
        "tick_ms": took,
        **{f"pss_{name}": one.pss_mb for name, one in each.items()},
        "down": len(names) - len(up),
    }


def _ticks(bridge: LocalBridge, count: int) -> float:
    config = load_config(bridge.settings())
    ours = make_bridge(config, make_celery(config.settings))
    took = []
    for _ in range(count):
        began_at = time.perf_counter()
        tick(ours)
        took.append(1000 * (time.perf_counter() - began_at))
    return median(took)


MEASURE = Measure(
    "idle",
    "Every process of the Procfile, with nothing to do",
    measure,
    (
        Row("processes", "processes"),
        Row("down", "processes that did not stay up", at_most=0),
        Row("pss_mb", "PSS of all", "MB", at_most=400),
        Row("rss_mb", "RSS of all", "MB"),
        Row("idle_percent", "of one core, idle", "%", at_most=2),
        Row("tick_ms", "one tick, p50", "ms"),
        *(
            Row(f"pss_{program.name}", f"PSS of {program.name}", "MB")
            for program in procfile_programs()
        ),
    ),
    once=True,
)
