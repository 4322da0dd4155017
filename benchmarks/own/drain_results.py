"""Many results that waited (Mixpanel was down, say): how fast one worker process writes them."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import orjson

from benchmarks.bridge import running_bridge
from benchmarks.own.measure import Figures, Measure, Row
from common.config import load_config
from common.identity import id_hash
from common.ledger import Ledger
from common.messages import Answer, InterviewResult, ResultWrite
from ops.local.waiting import wait_until
from workers.identify import Respondent
from workers.mixpanel_shape import make_event, make_profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redis import Redis

    from benchmarks.sizes import Sizes
    from common.routes import Route
    from ops.local.local_bridge import LocalBridge
    from ops.local.supervised import Supervised

WORKER = "worker-mixpanel"
DRAIN_TIMEOUT_SECONDS = 120.0


def measure(folder: Path, sizes: Sizes) -> Figures:
    """Return results a second, from the first batch's arrival to the last one's."""
    count = sizes.waiting_results
    with results_waiting(folder, count) as (bridge, supervised):
        threading.Thread(target=supervised.start_one, args=(WORKER,)).start()
        wait_until(
            lambda: bridge.sandbox.get("mixpanel", "summary")["events"] >= count,
            DRAIN_TIMEOUT_SECONDS,
            "every result is at Mixpanel",
        )
        events = bridge.sandbox.get("mixpanel", "events")
        calls = bridge.sandbox.get("mixpanel", "summary")["imports"]
    times = sorted(event["received_at"] for event in events)
    after_first = sum(at > times[0] for at in times)
    seconds = times[-1] - times[0]
    return {"per_second": after_first / seconds if seconds else None, "imports": calls}


@contextmanager
def results_waiting(folder: Path, count: int) -> Iterator[tuple[LocalBridge, Supervised]]:
    """Run the bridge with that many results waiting and nobody there to write them."""
    with running_bridge(folder, processes=("ingress", WORKER, "beat")) as bridge:
        supervised = bridge.supervised
        assert supervised is not None
        supervised.stop_one(WORKER)
        with bridge.redis() as redis:
            _load(redis, load_config(bridge.settings()).routes.named("demo"), count)
        yield bridge, supervised


def _load(redis: Redis, route: Route | None, count: int) -> None:
    """Put results where unpacking puts them; the disk may wait until all are in."""
    ledger = Ledger(redis)
    redis.config_set("appendfsync", "no")
    for number in range(count):
        result = _result(number)
        respondent = Respondent(result.external_id, route)
        write = ResultWrite(
            event=make_event(result, respondent)[0],
            distinct_id=respondent.distinct_id,
            route=route.name if route else "",
            received_at_ms=result.received_at_ms,
        )
        ledger.add_write(
            result.interview_id,
            write.encode(),
            person=id_hash(respondent.distinct_id),
            completed_at_ms=result.completed_at_ms,
            profile=orjson.dumps(make_profile(result)),
        )
    redis.config_set("appendfsync", "always")


def _result(number: int) -> InterviewResult:
    now_ms = int(time.time() * 1000)
    return InterviewResult(
        interview_id=f"drain-{number}",
        completed_at_ms=now_ms,
        received_at_ms=now_ms,
        study_id="st_demo",
        email=f"member{number}@example.com",
        external_id=f"user-{number:06}",
        respondent_id=f"user-{number:06}",
        themes=("Unclear pricing", "Setup takes too long"),
        sentiment="mixed",
        quality=4.0,
        mode="text",
        transcript_url=f"https://koji.example/transcripts/drain-{number}",
        answers=(Answer("nps", "scale", 8),),
    )


MEASURE = Measure(
    "drain",
    "Results that waited, written by one worker process",
    measure,
    (
        Row("per_second", "results written", "results/s", at_least=5000),
        Row("imports", "calls of /import"),
    ),
)
