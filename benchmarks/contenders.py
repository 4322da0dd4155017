"""Who is compared, and how each is installed and started."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from benchmarks.installs import (
    install_node,
    install_python,
    node_modules_of,
    nothing,
    python_of,
)
from benchmarks.places import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redis import Redis

OURS = "ours"


class Run(Protocol):
    """A contender on a stage, ready to be told to go."""

    def go(self) -> float:
        """Hand over the cohort; returns when that began (unix seconds)."""
        ...

    def wait_sent(self) -> None:
        """Wait until the whole cohort was handed over."""
        ...

    def kill_worker(self) -> None:
        """Kill one worker as a crash would; a supervisor starts it again at once."""
        ...

    def roots(self) -> list[int]:
        """Return the pids of its processes, Redis and sandbox left out."""
        ...

    def redis(self) -> Redis | None:
        """Return a client of its Redis, None if it has none."""
        ...

    def close(self) -> None:
        """End all of it."""
        ...


@dataclass(frozen=True)
class Program:
    """Commands of a contender that is not ours; `ready` is what its worker prints."""

    name: str
    label: str
    setup: str
    sender: tuple[str, ...]
    worker: tuple[str, ...] = ()
    ready: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    install: Callable[[], None] = nothing


def _celery(acks: str) -> Program:
    worker = (
        *(sys.executable, "-m", "celery", "-A", "celery_app", "worker"),
        *("--pool", "gevent", "--concurrency", "32"),
        *("--loglevel", "INFO", "--hostname", "w{number}@%h"),
    )
    return Program(
        f"celery-{acks}",
        f"textbook Celery, {acks} acks",
        "`.delay()` a person, `rate_limit` of half the limit a worker, `autoretry_for` with 5 "
        f"retries and backoff, {acks} acks; two workers, gevent pool of 32",
        sender=(sys.executable, "celery_sender.py"),
        worker=worker,
        ready=" ready.",
        environ={"ACKS": acks},
    )


_DRAMATIQ, _ARQ = str(python_of("dramatiq")), str(python_of("arq"))
PROGRAM_LIST = (
    Program(
        "serial",
        "serial forwarder",
        "the loop of Koji's guide with `requests`; on a 429 it waits for the reset; killed, it "
        "begins again from the start",
        sender=(sys.executable, "serial_forwarder.py"),
    ),
    _celery("early"),
    _celery("late"),
    Program(
        "bullmq",
        "BullMQ",
        "a limiter for the whole fleet, manual rate limit on a 429, 5 attempts with exponential "
        "backoff from 1 s; two workers, 32 jobs at once",
        sender=("node", str(PROGRAMS / "bullmq_sender.cjs")),
        worker=("node", str(PROGRAMS / "bullmq_worker.cjs")),
        ready="ready",
        environ={"NODE_PATH": str(node_modules_of("bullmq"))},
        install=partial(install_node, "bullmq"),
    ),
    Program(
        "dramatiq",
        "dramatiq",
        "its WindowRateLimiter, 20 retries with backoff from 1 s; two workers, 32 threads",
        sender=(_DRAMATIQ, "dramatiq_sender.py"),
        worker=(
            *(_DRAMATIQ, "-m", "dramatiq", "dramatiq_app"),
            *("--processes", "1", "--threads", "32"),
        ),
        ready="Worker process is ready for action",
        install=partial(install_python, "dramatiq"),
    ),
    Program(
        "arq",
        "arq",
        "aiolimiter at half the limit in each worker, retries as documented (5 tries, 5 s more "
        "each); two workers, 32 jobs at once",
        sender=(_ARQ, "arq_sender.py"),
        worker=(_ARQ, "-m", "arq", "arq_app.WorkerSettings"),
        ready="Starting worker",
        install=partial(install_python, "arq"),
    ),
)
OUR_SETUP = (
    "its own processes as they are by default (ingress, inbox, two for Koji, Mixpanel, beat); "
    "the cohort goes to ingress"
)
PROGRAMS_BY_NAME = {program.name: program for program in PROGRAM_LIST}
LABELS = {program.name: program.label for program in PROGRAM_LIST} | {OURS: "the bridge"}
SETUPS = {program.name: program.setup for program in PROGRAM_LIST} | {OURS: OUR_SETUP}
