"""1 to 16 worker processes at one limit, and results as fast as they go: what Redis does for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchmarks.bridge import running_bridge
from benchmarks.local_koji import API_KEY, local_koji
from benchmarks.own.drain_results import WORKER, results_waiting
from benchmarks.own.measure import Figures, Measure, Row, percentile
from benchmarks.people import members
from common.ledger.pauses import Pauses
from ops.local.local_bridge import WORKING
from ops.local.supervised import Program, procfile_programs
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis

    from benchmarks.sizes import Sizes

# A strict window at Koji, much shorter than the limit's own: an uneven pace shows as a 429.
WINDOW_SECONDS = 10
PAGE_MEMBERS = 1000
PATIENCE_SECONDS = 60.0
WORKERS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Used:
    """What Redis has done so far: scripts, commands, seconds of its processor, at what time."""

    scripts: int
    commands: int
    cpu_seconds: float
    at: float

    @classmethod
    def now(cls, redis: Redis) -> Used:
        """Ask Redis."""
        calls: dict[str, Any] = redis.info("commandstats").get("cmdstat_evalsha", {})
        cpu, stats = redis.info("cpu"), redis.info("stats")
        seconds = cpu["used_cpu_user"] + cpu["used_cpu_sys"]
        total = int(stats["total_commands_processed"])
        return cls(int(calls.get("calls", 0)), total, seconds, time.monotonic())

    def since(self, before: Used, prefix: str) -> Figures:
        """Return what was done a second, and the share of a processor in percent."""
        seconds = self.at - before.at
        return {
            f"{prefix}_scripts": (self.scripts - before.scripts) / seconds,
            f"{prefix}_commands": (self.commands - before.commands) / seconds,
            f"{prefix}_redis_percent": 100 * (self.cpu_seconds - before.cpu_seconds) / seconds,
        }


def measure(folder: Path, sizes: Sizes) -> Figures:
    """Return pace and cost for each number of workers, then those of writing results."""
    found: Figures = {}
    for workers in sizes.scaling_workers:
        part = folder / str(workers)
        part.mkdir()
        found |= _starts(part, sizes, workers)
    return found | _results(folder / "results", sizes)


def _starts(folder: Path, sizes: Sizes, workers: int) -> Figures:
    people, per_second = sizes.scaling_people, sizes.scaling_per_minute / 60
    (program,) = procfile_programs(["worker-koji"])
    further = [Program(f"worker-koji-{n}", program.command) for n in range(2, workers + 1)]
    limit = round(per_second * WINDOW_SECONDS)
    with local_koji(folder, WINDOW_SECONDS, rate_limit=limit, latency_ms=sizes.latency_ms) as koji:
        environ = {
            "KOJI_BASE_URL": koji.sandbox.koji_url,
            "KOJI_API_KEY": API_KEY,
            # By the second: of a limit by the minute, Koji's headers would be believed, and this
            # Koji names that of its short window.
            "KOJI_RATE_LIMIT": f"{round(per_second)}/second",
        }
        options = {"processes": WORKING, "further": tuple(further), "environ": environ}
        with running_bridge(folder, **options) as bridge, bridge.redis() as redis:
            pauses = Pauses(redis)
            pauses.pause("demo", "bench")
            everybody = members(0, people)
            for start in range(0, people, PAGE_MEMBERS):
                page = everybody[start : start + PAGE_MEMBERS]
                bridge.send_cohort(page, action="add_members").raise_for_status()
            waiting = "bridge:{invitations}:pending:demo"
            wait_until(lambda: redis.zcard(waiting) >= people, PATIENCE_SECONDS, "all wait")
            before, began_at = Used.now(redis), time.time()
            pauses.resume("demo")
            patience = people / per_second + PATIENCE_SECONDS
            wait_until(lambda: koji.started() >= people, patience, "all are started", 0.2)
            used = Used.now(redis).since(before, f"{workers}")
            calls = koji.starts(since=began_at)
    at = sorted(call["at"] for call in calls if call["status"] in {200, 201})
    gaps = [1000 * (later - earlier) for earlier, later in pairwise(at)]
    return {
        f"{workers}_per_minute": 60 * (len(at) - 1) / (at[-1] - at[0]),
        f"{workers}_gap_p99_ms": percentile(gaps, 0.99),
        f"{workers}_refused": sum(call["status"] == 429 for call in calls),
        **used,
    }


def _results(folder: Path, sizes: Sizes) -> Figures:
    count = sizes.waiting_results
    with results_waiting(folder, count) as (bridge, supervised), bridge.redis() as redis:
        supervised.start_one(WORKER)
        written = "bridge:{writes}:done"
        wait_until(lambda: redis.zcard(written) > 0, PATIENCE_SECONDS, "the first", 0.01)
        before, first = Used.now(redis), redis.zcard(written)
        wait_until(lambda: redis.zcard(written) >= count, 2 * PATIENCE_SECONDS, "all", 0.02)
        after = Used.now(redis)
    per_second = (count - first) / (after.at - before.at)
    return {"results_per_second": per_second, **after.since(before, "results")}


def _rows(workers: int) -> tuple[Row, ...]:
    many = f"{workers} worker" + ("s" if workers > 1 else "")
    return (
        Row(f"{workers}_per_minute", f"{many}: starts", "a minute", at_least=5800),
        Row(f"{workers}_refused", f"{many}: 429s", at_most=0),
        Row(f"{workers}_gap_p99_ms", f"{many}: time between two starts, p99", "ms"),
        Row(f"{workers}_scripts", f"{many}: scripts", "a second"),
        Row(f"{workers}_commands", f"{many}: commands, Celery's included", "a second"),
        Row(f"{workers}_redis_percent", f"{many}: Redis", "% of a processor", at_most=50),
    )


MEASURE = Measure(
    "scaling",
    "More worker processes at 6,000 starts a minute, and results as fast as they go",
    measure,
    (
        *(row for workers in WORKERS for row in _rows(workers)),
        Row("results_per_second", "results written by one worker", "a second", at_least=5000),
        Row("results_scripts", "meanwhile: scripts", "a second"),
        Row("results_redis_percent", "meanwhile: Redis", "% of a processor"),
    ),
    once=True,
)
