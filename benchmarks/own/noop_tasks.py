"""The floor below every start: what a Celery message costs when its task does nothing."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from benchmarks.bridge import running_bridge
from benchmarks.children import Child
from benchmarks.own.measure import Figures, Measure, Row
from benchmarks.places import ROOT
from common.celery_app import make_celery
from common.config import load_config
from common.queues import Queues
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.sizes import Sizes

LIST = f"bridge:celery:{Queues.KOJI.value}"
TIMEOUT_SECONDS = 120.0


def measure(folder: Path, sizes: Sizes) -> Figures:
    """Return messages sent and consumed a second by one process with 64 threads."""
    count = sizes.noop_tasks
    with running_bridge(folder, processes=("ingress",)) as bridge, bridge.redis() as redis:
        app = make_celery(load_config(bridge.settings()).settings)
        began_at = time.perf_counter()
        for _ in range(count):
            app.send_task("bench.noop", queue=Queues.KOJI.value)
        sent = count / (time.perf_counter() - began_at)
        app.close()
        command = (
            *(sys.executable, "-m", "celery", "-A", "benchmarks.own.noop_app", "worker"),
            *("--queues", Queues.KOJI.value, "--pool", "threads", "--concurrency", "64"),
            *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
        )
        child = Child(command, bridge.settings(), folder / "noop.log", cwd=ROOT)
        try:
            wait_until(lambda: redis.llen(LIST) < count, 30, "the worker consumes")
            first, began_at = redis.llen(LIST), time.perf_counter()
            wait_until(lambda: redis.llen(LIST) == 0, TIMEOUT_SECONDS, "all are consumed")
            consumed = first / (time.perf_counter() - began_at)
        finally:
            child.kill()
    return {"sent_per_second": sent, "consumed_per_second": consumed}


MEASURE = Measure(
    "noop",
    "Celery tasks that do nothing, the bridge's settings",
    measure,
    (
        Row("sent_per_second", "sent", "messages/s"),
        Row("consumed_per_second", "consumed by one process", "messages/s"),
    ),
)
