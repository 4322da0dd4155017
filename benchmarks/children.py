"""Processes that a benchmark starts, each the leader of a group that can be killed whole."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from benchmarks.ending import check
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

READY_TIMEOUT_SECONDS = 40.0
STOP_TIMEOUT_SECONDS = 10.0


class Child:
    """A process with its output in a file and a line to its standard input."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], log: Path, cwd: Path
    ) -> None:
        """Start it; raises EndingError once the pass is ending."""
        check()
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                list(command),
                env=dict(environ),
                cwd=cwd,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its pid, which is its group's too."""
        return self.process.pid

    def wait_for(self, text: str) -> None:
        """Wait until its output contains `text`; raises TimeoutError, also if it ended."""

        def there() -> bool:
            if text in self.output():
                return True
            if self.process.poll() is not None:
                raise TimeoutError(f"{self.log.name} ended with {self.process.returncode}")
            return False

        wait_until(there, READY_TIMEOUT_SECONDS, f"{text!r} in {self.log}")

    def output(self) -> str:
        """Return what it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def tell(self, line: str = "go") -> None:
        """Write a line to its standard input."""
        stdin = self.process.stdin
        assert stdin is not None
        stdin.write(f"{line}\n".encode())
        stdin.flush()

    def kill(self) -> None:
        """Kill its whole group as a crash of the machine would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._reap()

    def stop(self) -> None:
        """Ask it to end, then kill what is left of its group."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIMEOUT_SECONDS)
        self.kill()

    def _reap(self) -> None:
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIMEOUT_SECONDS)
