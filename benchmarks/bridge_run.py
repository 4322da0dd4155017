"""Runs the bridge like any other contender: its own processes, two workers for Koji."""

from __future__ import annotations

import shlex
import threading
import time
from typing import TYPE_CHECKING

from benchmarks.bridge import end_bridge, pids, start_bridge
from benchmarks.local_koji import API_KEY
from ops.local.local_bridge import WORKING
from ops.local.supervised import Program, procfile_programs
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from redis import Redis

    from benchmarks.stage import Stage

PAGE_MEMBERS = 1000  # as many as Mixpanel sends a call
SECOND_WORKER = "worker-koji-2"
CALLING = ("worker-koji", "worker-mixpanel")


class BridgeRun:
    """The bridge on a stage; its own sandbox idles, the stage's is the one it calls."""

    def __init__(
        self, stage: Stage, *, koji_command: str | None = None, concurrency: int | None = None
    ) -> None:
        """Start everything and wait until every worker consumes.

        `koji_command` is run in place of the Procfile's, `concurrency` in place of the default.
        """
        self._stage = stage
        processes = tuple(name for name in WORKING if stage.consume or name not in CALLING)
        further: tuple[Program, ...] = ()
        if stage.consume:
            (koji,) = procfile_programs(["worker-koji"])
            command = tuple(shlex.split(koji_command)) if koji_command else koji.command
            further = (Program(SECOND_WORKER, command),)
            if koji_command:
                processes = tuple(name for name in processes if name != "worker-koji")
                further = (Program("worker-koji", command), *further)
        self.bridge = start_bridge(
            stage.folder,
            processes=processes,
            further=further,
            environ={
                "KOJI_BASE_URL": stage.sandbox.koji_url,
                "KOJI_API_KEY": API_KEY,
                "KOJI_RATE_LIMIT": stage.rate(),
                **({"WORKER_CONCURRENCY": str(concurrency)} if concurrency else {}),
            },
        )
        self._sending = threading.Thread(target=self._send, name="sender")

    def _send(self) -> None:
        people = self._stage.people
        for start in range(0, len(people), PAGE_MEMBERS):
            page = people[start : start + PAGE_MEMBERS]
            answer = self.bridge.send_cohort(page, action="add_members")
            answer.raise_for_status()

    def go(self) -> float:
        """Send the cohort to ingress, page by page, as Mixpanel does."""
        began_at = time.time()
        self._sending.start()
        return began_at

    def wait_sent(self) -> None:
        """Wait until every page was accepted, and unpacked: only then do people wait."""
        self._sending.join()
        with self.bridge.redis() as redis:
            key = "bridge:{inbox}:pending"
            busy = "bridge:{inbox}:in_flight"
            wait_until(
                lambda: redis.zcard(key) + redis.zcard(busy) == 0, 120, "every page is unpacked"
            )

    def kill_worker(self) -> None:
        """Kill one of the two workers for Koji; its supervisor starts it again."""
        assert self.bridge.supervised is not None
        self.bridge.supervised.kill("worker-koji")

    def worker_pid(self) -> int:
        """Return the pid of one of the workers for Koji."""
        return pids(self.bridge)["worker-koji"]

    def roots(self) -> list[int]:
        """Return the bridge's processes."""
        return list(pids(self.bridge).values())

    def redis(self) -> Redis | None:
        """Return a client of the ledger's Redis."""
        return self.bridge.redis()

    def close(self) -> None:
        """End all of it."""
        end_bridge(self.bridge)
