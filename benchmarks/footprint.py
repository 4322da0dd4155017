"""What processes cost: memory now, processor time over a while."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

MEGABYTE = 1e6


@dataclass(frozen=True)
class Footprint:
    """`rss_mb` counts shared pages for each process, `pss_mb` shares them out."""

    processes: int
    rss_mb: float
    pss_mb: float


def tree(roots: Iterable[int]) -> list[psutil.Process]:
    """Return these processes and all that descend from them, each once."""
    found: dict[int, psutil.Process] = {}
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(root)
            for one in (process, *process.children(recursive=True)):
                found[one.pid] = one
    return list(found.values())


def measure(roots: Iterable[int]) -> Footprint:
    """Add up the memory of process trees."""
    rss = pss = count = 0
    for process in tree(roots):
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_full_info()
            rss, pss, count = rss + memory.rss, pss + memory.pss, count + 1
    return Footprint(count, rss / MEGABYTE, pss / MEGABYTE)


def cpu_seconds(roots: Iterable[int]) -> float:
    """Add up the processor time that process trees have used so far."""
    total = 0.0
    for process in tree(roots):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def idle_percent(roots: list[int], seconds: float) -> float:
    """Watch for a while; returns the share of one core that was used, in percent."""
    before, began_at = cpu_seconds(roots), time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu_seconds(roots) - before) / (time.monotonic() - began_at)
