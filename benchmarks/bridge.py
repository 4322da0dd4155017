"""Starts the whole bridge for a measurement, and ends it without waiting for anybody."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.ending import check
from ops.local.local_bridge import LocalBridge
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

READY_TIMEOUT_SECONDS = 30.0
KILL_AFTER_SECONDS = 0.5
TRIES = 3


def start_bridge(folder: Path, **options: Any) -> LocalBridge:
    """Start one and wait until every worker consumes; raises TimeoutError.

    A port that was free a moment ago may be taken meanwhile, so there is more than one try.
    """
    for attempt in range(1, TRIES + 1):
        check()
        bridge = LocalBridge(folder / f"bridge-{attempt}", **options)
        try:
            bridge.start()
        except TimeoutError:
            if attempt == TRIES:
                raise
            continue
        workers = [name for name in process_names(bridge) if name.startswith("worker")]
        try:
            wait_until(partial(_consume, bridge, workers), READY_TIMEOUT_SECONDS, "workers")
        except BaseException:
            end_bridge(bridge)
            raise
        return bridge
    raise AssertionError


def process_names(bridge: LocalBridge) -> list[str]:
    """Return the names of the bridge's own processes, Redis and sandbox left out."""
    return [*bridge.processes, *(program.name for program in bridge.further)]


def pids(bridge: LocalBridge, names: Sequence[str] | None = None) -> dict[str, int]:
    """Return the pids of those of its processes that are up."""
    supervised = bridge.supervised
    assert supervised is not None
    wanted = process_names(bridge) if names is None else names
    return {name: pid for name in wanted if (pid := supervised.pid(name))}


def end_bridge(bridge: LocalBridge) -> None:
    """Kill every process, since the figures are known already."""
    supervised = bridge.supervised
    if supervised is None or not supervised.running():
        return
    # Only once the supervisor is ending does it leave them dead.
    running = list(pids(bridge, [*process_names(bridge), "redis", "sandbox"]).values())
    killer = threading.Timer(KILL_AFTER_SECONDS, _kill, [running])
    killer.start()
    bridge.stop()
    killer.join()


@contextmanager
def running_bridge(folder: Path, **options: Any) -> Iterator[LocalBridge]:
    """Run one for a block."""
    bridge = start_bridge(folder, **options)
    try:
        yield bridge
    finally:
        end_bridge(bridge)


def _consume(bridge: LocalBridge, workers: list[str]) -> bool:
    check()
    supervised = bridge.supervised
    assert supervised is not None
    return all("ready." in supervised.log(name) for name in workers)


def _kill(running: list[int]) -> None:
    for pid in running:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
