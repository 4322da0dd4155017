"""Ingress under load, against a bare Flask view under the same server in the same pass."""

from __future__ import annotations

import itertools
import os
import sys
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.bridge import running_bridge
from benchmarks.children import Child
from benchmarks.own.load import run_load
from benchmarks.own.measure import Figures, Measure, Row, percentile
from benchmarks.own.webhooks import request
from benchmarks.places import ROOT
from ops.local.ports import free_port
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.own.load import Load
    from benchmarks.sizes import Sizes

CONNECTIONS = 16
TURNS = 20
GREATEST_RATE = 4000  # requests a second to have ready


class _Requests:
    """Requests that were built beforehand, none of them twice."""

    def __init__(self, secret: str, count: int) -> None:
        self._ready = [request(n, secret, f"load-{n}") for n in range(count)]

    def __iter__(self) -> Iterator[bytes]:
        while self._ready:
            yield self._ready.pop()


def measure(folder: Path, sizes: Sizes) -> Figures:
    """Return requests a second of both, and the 99th percentile at half of ours."""
    seconds = sizes.load_seconds
    with running_bridge(folder, processes=("ingress",)) as bridge:
        port = free_port()
        environ = {**os.environ, **bridge.settings(), "PORT": str(port)}
        command = (sys.executable, "-m", "benchmarks.own.bare_flask")
        bare_child = Child(command, environ, folder / "bare.log", cwd=ROOT)
        try:
            wait_until(lambda: _listens(port), 20, "the bare server listens")
            ready = iter(_Requests(bridge.secret, round(GREATEST_RATE * seconds * 1.6)))
            _load(port, itertools.islice(ready, 50), 1)  # imports and first connections
            _load(bridge.port, itertools.islice(ready, 50), 1)
            same = itertools.cycle([next(ready)])
            # In short turns, so that a drift of the machine hits both.
            bare, ours = [], []
            for _ in range(TURNS):
                bare.append(_load(port, same, seconds / TURNS))
                ours.append(_load(bridge.port, ready, seconds / TURNS))
            per_second = median(one.per_second for one in ours)
            half = _load(bridge.port, ready, seconds / 2, per_second / 2)
            bare_half = _load(port, same, seconds / 2, per_second / 2)
        finally:
            bare_child.stop()
    return {
        "bare_per_second": median(one.per_second for one in bare),
        "per_second": per_second,
        "ratio": median(b.per_second / a.per_second for a, b in zip(bare, ours, strict=True)),
        "p99_ms": 1000 * percentile(half.latencies, 0.99),
        "bare_p99_ms": 1000 * percentile(bare_half.latencies, 0.99),
        "failures": half.failures + sum(one.failures for one in ours),
    }


def _load(
    port: int, requests: Iterator[bytes], seconds: float, per_second: float | None = None
) -> Load:
    return run_load(port, requests, connections=CONNECTIONS, seconds=seconds, per_second=per_second)


def _listens(port: int) -> bool:
    try:
        run_load(port, iter(()), connections=1, seconds=0)
    except OSError:
        return False
    return True


MEASURE = Measure(
    "ingress",
    "Ingress: signed webhooks stored on disk before the answer, one process of 16 threads",
    measure,
    (
        Row("bare_per_second", "bare Flask view, same server", "requests/s"),
        Row("per_second", "ingress", "requests/s"),
        Row("ratio", "ingress / bare", at_least=0.6),
        Row("p99_ms", "p99 at half load", "ms", at_most=50),
        Row("bare_p99_ms", "p99 of the bare view at the same load", "ms"),
        Row("failures", "answers other than 200", at_most=0),
    ),
)
