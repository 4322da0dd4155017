"""Several contenders at a time: started together, let go together."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from benchmarks import ending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.scenarios.scenario import LineUp

# Longer than any contender takes to be ready.
LINE_UP_SECONDS = 120.0


def waves(names: Sequence[str], abreast: int) -> list[Sequence[str]]:
    """Share names out to as few waves as need be, of sizes as equal as can be."""
    count = math.ceil(len(names) / abreast)
    return [names[number::count] for number in range(count)]


def run_wave(names: Sequence[str], once: Callable[[str, LineUp], None]) -> None:
    """Measure contenders side by side; nobody's start-up takes time from another's measurement."""
    barrier = threading.Barrier(len(names), timeout=LINE_UP_SECONDS)

    def line_up() -> None:
        with suppress(threading.BrokenBarrierError):
            barrier.wait()

    def run(name: str) -> None:
        try:
            once(name, line_up)
        finally:
            barrier.abort()  # whoever still waits for one that failed may go

    with ThreadPoolExecutor(len(names)) as pool:
        try:
            list(pool.map(run, names))
        except BaseException:
            # Without their processes, the other threads come to an end too.
            ending.interrupt()
            raise
