"""A lone result: from the webhook's first byte to the event's arrival at Mixpanel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.bridge import running_bridge
from benchmarks.own.load import run_load
from benchmarks.own.measure import Figures, Measure, Row, percentile
from benchmarks.own.webhooks import request
from benchmarks.people import members
from ops.local.progress import read_progress
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.sizes import Sizes
    from ops.local.local_bridge import LocalBridge

APART_SECONDS = 0.15
WARM_UP = 5


def measure(folder: Path, sizes: Sizes) -> Figures:
    """Return percentiles over results that come one at a time."""
    count = sizes.lone_results + WARM_UP
    options = {"rate_limit": 0, "no_auto_interview": True}
    environ = {"KOJI_RATE_LIMIT": "100000/minute"}
    with running_bridge(folder, sandbox_options=options, environ=environ) as bridge:
        bridge.send_cohort(members(0, count)).raise_for_status()
        with bridge.redis() as redis:
            wait_until(lambda: read_progress(redis, "demo").started == count, 60, "all started")
        interviews = bridge.sandbox.get("koji", "interviews")
        sent_at, answered = {}, []
        for interview in interviews:
            name = interview["interview_id"]
            number = int(interview["external_id"].removeprefix("user-"))
            ready = request(number, bridge.secret, name)
            sent_at[name] = time.time()
            load = run_load(bridge.port, iter([ready]), connections=1, seconds=5)
            answered += load.latencies
            assert not load.failures
            time.sleep(APART_SECONDS)
        wait_until(lambda: _events(bridge) == count, 30, "every event is at Mixpanel")
        took = {
            event["properties"]["interview_id"]: event["received_at"]
            - sent_at[event["properties"]["interview_id"]]
            for event in bridge.sandbox.get("mixpanel", "events")
        }
    measured = [took[name] for name in list(sent_at)[WARM_UP:]]
    return {
        "answer_p50_ms": 1000 * percentile(answered[WARM_UP:], 0.5),
        "p50_ms": 1000 * percentile(measured, 0.5),
        "p95_ms": 1000 * percentile(measured, 0.95),
        "worst_ms": 1000 * max(measured),
    }


def _events(bridge: LocalBridge) -> int:
    return int(bridge.sandbox.get("mixpanel", "summary")["events"])


MEASURE = Measure(
    "lone",
    "A lone result, webhook to Mixpanel",
    measure,
    (
        Row("answer_p50_ms", "webhook answered, p50", "ms"),
        Row("p50_ms", "event at Mixpanel, p50", "ms"),
        Row("p95_ms", "event at Mixpanel, p95", "ms", at_most=50),
        Row("worst_ms", "event at Mixpanel, slowest", "ms"),
    ),
)
