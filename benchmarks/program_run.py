"""Runs a contender that is not ours: a Redis of its own, two workers, a sender that waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.children import Child
from benchmarks.places import PROGRAMS
from benchmarks.stage import WORKERS
from ops.local.embedded_redis import EmbeddedRedis

if TYPE_CHECKING:
    from redis import Redis

    from benchmarks.contenders import Program
    from benchmarks.stage import Stage


class ProgramRun:
    """A contender's processes; Redis has the same settings as the bridge's (AOF, always)."""

    def __init__(self, program: Program, stage: Stage) -> None:
        """Start everything and wait until it is ready; the cohort is not handed over yet."""
        self._program, self._stage = program, stage
        self._redis = EmbeddedRedis(stage.folder / "redis") if program.worker else None
        self._children: list[Child] = []
        self._sender: Child | None = None
        try:
            if self._redis is not None:
                self._redis.start()
            self._environ = {
                **stage.environ(self._redis.url if self._redis else ""),
                **program.environ,
                "PYTHONPATH": f"{PROGRAMS}",
                "PYTHONUNBUFFERED": "1",
            }
            if program.worker and stage.consume:
                self._children = [self._start_worker(n) for n in range(WORKERS)]
                for child in self._children:
                    child.wait_for(program.ready)
            self._start_sender()
        except BaseException:
            self.close()
            raise

    def _start_worker(self, number: int) -> Child:
        command = tuple(part.format(number=number) for part in self._program.worker)
        log = self._stage.folder / f"worker-{number}.log"
        return Child(command, self._environ, log, cwd=PROGRAMS)

    def _start_sender(self) -> Child:
        log = self._stage.folder / f"sender-{time.monotonic_ns()}.log"
        self._sender = Child(self._program.sender, self._environ, log, cwd=PROGRAMS)
        self._sender.wait_for("ready")
        return self._sender

    def go(self) -> float:
        """Tell the sender to hand over the cohort."""
        assert self._sender is not None
        began_at = time.time()
        self._sender.tell()
        return began_at

    def wait_sent(self) -> None:
        """Wait until the sender has ended."""
        assert self._sender is not None
        self._sender.wait_for("sent")

    def kill_worker(self) -> None:
        """Kill the first worker; without any, the sender, which then sends from the start."""
        if self._children:
            self._children[0].kill()
            self._children[0] = self._start_worker(WORKERS)
            return
        assert self._sender is not None
        self._sender.kill()
        self._start_sender().tell()

    def roots(self) -> list[int]:
        """Return the workers, or the sender where it does the work."""
        if self._children:
            return [child.pid for child in self._children]
        return [self._sender.pid] if self._sender else []

    def redis(self) -> Redis | None:
        """Return a client of its Redis."""
        return self._redis.client() if self._redis else None

    def close(self) -> None:
        """Kill every process; there is nothing to keep."""
        for child in [*self._children, *([self._sender] if self._sender else [])]:
            child.kill()
        if self._redis is not None:
            self._redis.kill()
