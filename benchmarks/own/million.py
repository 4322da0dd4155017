"""A cohort as large as it gets: does it fit, how long does it take, what do commands cost then."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.bridge import running_bridge
from benchmarks.own.measure import Figures, Measure, Row, percentile
from benchmarks.own.pages import PAGE_MEMBERS, PROCESSES, send_pages, used_memory, waiting
from benchmarks.places import ROOT
from common.config import load_config
from common.ledger import Ledger, figures
from common.ledger.pauses import Pauses
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.sizes import Sizes
    from ops.local.local_bridge import LocalBridge

UNPACK_TIMEOUT_SECONDS = 900.0
COMMANDS = 15


def measure(folder: Path, sizes: Sizes) -> Figures:
    """Return time, memory, the forecast of `ops status`, and what asking costs."""
    people = sizes.members
    with running_bridge(folder, processes=PROCESSES) as bridge, bridge.redis() as redis:
        before, began_at = used_memory(redis), time.perf_counter()
        took = send_pages(bridge, 0, people // PAGE_MEMBERS)
        accepted = time.perf_counter() - began_at
        wait_until(lambda: waiting(redis) >= people, UNPACK_TIMEOUT_SECONDS, "all are unpacked")
        unpacked = time.perf_counter() - began_at
        time.sleep(1)
        memory = redis.info("memory")
        used = int(memory["used_memory"]) - before
        status_ms, status = _ops_status(bridge)
        config, ledger = load_config(bridge.settings()), Ledger(redis)
        pauses = Pauses(redis)
        return {
            "people": people,
            "accepted_seconds": accepted,
            "page_p99_ms": 1000 * percentile(took, 0.99),
            "unpacked_seconds": unpacked,
            "redis_mb": used / 1e6,
            "redis_rss_mb": int(memory["used_memory_rss"]) / 1e6,
            "bytes_each": used / people,
            "ops_status_ms": status_ms,
            "forecast_hours": status["routes"][0]["eta_seconds"] / 3600,
            "count_ms": _milliseconds(lambda: figures.lanes(ledger)),
            "forecast_ms": _milliseconds(lambda: figures.route_figures(config, ledger)),
            "pause_ms": _milliseconds(lambda: pauses.pause("demo", "bench")),
        }


def _milliseconds(call: Callable[[], object]) -> float:
    took = []
    for _ in range(COMMANDS):
        began_at = time.perf_counter()
        call()
        took.append(1000 * (time.perf_counter() - began_at))
    return median(took)


def _ops_status(bridge: LocalBridge) -> tuple[float, dict[str, list[dict[str, float]]]]:
    began_at = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "ops", "status", "--json"],
        env=bridge.settings(),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return 1000 * (time.perf_counter() - began_at), json.loads(done.stdout)


MEASURE = Measure(
    "million",
    "The largest cohort, once",
    measure,
    (
        Row("people", "members"),
        Row("accepted_seconds", "all pages answered after", "s"),
        Row("page_p99_ms", "answer to a page while unpacking, p99", "ms", at_most=250),
        Row("unpacked_seconds", "all members waiting after", "s"),
        Row("redis_mb", "Redis, used", "MB"),
        Row("redis_rss_mb", "Redis, resident", "MB"),
        Row("bytes_each", "Redis, a waiting member", "bytes", at_most=400),
        Row("ops_status_ms", "`ops status --json`, its start included", "ms"),
        Row("forecast_hours", "its forecast until the last start", "h"),
        Row("count_ms", "counting every lane", "ms", at_most=10),
        Row("forecast_ms", "figures and forecast of a route", "ms", at_most=10),
        Row("pause_ms", "pausing a route", "ms", at_most=10),
    ),
    once=True,
)
