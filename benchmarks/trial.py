"""One contender, one cohort: from the first message to the last start, as Koji saw it."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.bridge_run import BridgeRun
from benchmarks.contenders import OURS, PROGRAMS_BY_NAME
from benchmarks.program_run import ProgramRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.contenders import Run
    from benchmarks.local_koji import LocalKoji
    from benchmarks.stage import Stage

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Outcome:
    """Start calls of a trial; times in seconds since `go`."""

    size: int
    began_at: float
    calls: list[dict[str, Any]] = field(repr=False)

    def first_starts(self) -> list[float]:
        """Return when each person was started for the first time, sorted."""
        first: dict[str, float] = {}
        for call in self.calls:
            if call["status"] in {200, 201} and call["email"] not in first:
                first[call["email"]] = call["at"] - self.began_at
        return sorted(first.values())

    @property
    def never(self) -> int:
        """People who were not started by the end of the trial."""
        return self.size - len(self.first_starts())

    @property
    def twice(self) -> int:
        """People whose start was called with success more than once."""
        times = Counter(call["email"] for call in self.calls if call["status"] in {200, 201})
        return sum(n > 1 for n in times.values())

    @property
    def refused(self) -> int:
        """How many calls got a 429."""
        return sum(call["status"] == 429 for call in self.calls)

    def last(self) -> float | None:
        """Return when the last person was started, None if anybody never was."""
        return self.first_starts()[-1] if not self.never else None

    def per_second(self) -> float:
        """Return people started a second, between the first and the last."""
        times = self.first_starts()
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


def prepare(name: str, stage: Stage) -> Run:
    """Start a contender's processes on a stage."""
    return BridgeRun(stage) if name == OURS else ProgramRun(PROGRAMS_BY_NAME[name], stage)


@contextmanager
def running(name: str, stage: Stage) -> Iterator[Run]:
    """Run a contender, and end it whatever happens."""
    run = prepare(name, stage)
    try:
        yield run
    finally:
        run.close()


def watch(
    run: Run,
    koji: LocalKoji,
    size: int,
    cap_seconds: float,
    at_count: tuple[int, Callable[[], None]] | None = None,
) -> Outcome:
    """Let a prepared contender go until everybody is started or the time is up.

    `at_count` calls a function once that many are started; the time then begins anew.
    """
    before = koji.started()
    began_at = run.go()
    deadline = time.monotonic() + cap_seconds
    while (started := koji.started() - before) < size and time.monotonic() < deadline:
        if at_count is not None and started >= at_count[0]:
            at_count[1]()
            at_count, deadline = None, time.monotonic() + cap_seconds
        time.sleep(POLL_SECONDS)
    return Outcome(size, began_at, koji.starts(since=began_at))


def per_bin(times: list[float], bin_seconds: float, until: float) -> list[float]:
    """Return starts a second in each bin of time, for the plot."""
    bins = [0.0] * (int(until / bin_seconds) + 1)
    for at in times:
        if 0 <= at <= until:
            bins[int(at / bin_seconds)] += 1 / bin_seconds
    return bins
