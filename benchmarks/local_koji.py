"""The sandbox process that every contender of a scenario is measured against."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.children import Child
from benchmarks.places import ROOT
from ops.local.ports import free_port
from ops.local.sandbox_process import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

API_KEY = "pk_live_bench"
NEVER_USED = "http://127.0.0.1:9/"  # interviews are not held, so no webhook is ever sent


@dataclass(frozen=True)
class LocalKoji:
    """A running sandbox with one rate window."""

    sandbox: Sandbox

    def use_window_up(self) -> None:
        """Use the window up at an even pace, so that it frees at that pace from now on."""
        self.sandbox.post("koji", "window", {"key": API_KEY})

    def starts(self, since: float) -> list[dict[str, Any]]:
        """Return the start calls after `since` (unix seconds)."""
        calls: list[dict[str, Any]] = self.sandbox.get("koji", f"starts?since={since}")
        return calls

    def started(self) -> int:
        """Return how many people were started."""
        return int(self.sandbox.get("koji", "summary")["started"])

    def fault(self, **faults: Any) -> None:
        """Set faults on Koji."""
        self.sandbox.post("koji", "faults", faults)


@contextmanager
def local_koji(folder: Path, window_seconds: int, **options: Any) -> Iterator[LocalKoji]:
    """Run a sandbox whose interviews nobody holds, so that only starts are measured."""
    sandbox = Sandbox(free_port(), free_port())
    program = sandbox.program(
        webhook_url=NEVER_USED,
        secret="bench",
        options={
            "rate_window_seconds": window_seconds,
            "no_auto_interview": True,
            **options,
        },
    )
    child = Child(
        (sys.executable, *program.command[1:]), os.environ, folder / "sandbox.log", cwd=ROOT
    )
    try:
        child.wait_for("sandbox ready")
        yield LocalKoji(sandbox)
    finally:
        child.stop()
