"""What a waiting person costs in Redis while nothing works them off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.local_koji import local_koji
from benchmarks.scenarios.scenario import Figures, Scenario
from benchmarks.stage import Stage
from benchmarks.trial import running

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis

    from benchmarks.scenarios.scenario import LineUp
    from benchmarks.sizes import Sizes

SETTLE_SECONDS = 1.0


def measure(name: str, folder: Path, sizes: Sizes, line_up: LineUp) -> Figures:
    """Return bytes a person and how long handing them over took."""
    with local_koji(folder, 60) as koji:
        stage = Stage(folder, koji.sandbox, sizes.waiting_people, per_minute=600, consume=False)
        with running(name, stage) as run:
            redis = run.redis()
            assert redis is not None
            line_up()
            with redis:
                before = _used(redis)
                began_at = time.monotonic()
                run.go()
                run.wait_sent()
                took = time.monotonic() - began_at
                time.sleep(SETTLE_SECONDS)
                used = _used(redis) - before
    return {
        "bytes_a_person": used / sizes.waiting_people,
        "sent_per_second": sizes.waiting_people / took,
    }


def _used(redis: Redis) -> int:
    return int(redis.info("memory")["used_memory"])


SCENARIO = Scenario(
    "waiting",
    "Redis bytes a waiting person",
    measure,
    skips=frozenset({"serial"}),
    side_by_side=True,
)
