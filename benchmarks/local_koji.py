"""The sandbox process that every contender of a scenario is measured against."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from benchmarks.children import Child
from benchmarks.places import ROOT
from ops.local.ports import free_port
from ops.local.sandbox_process import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

API_KEY = "pk_live_bench"
FILLER = "window-filler@example.com"
FILLING_THREADS = 8
NEVER_USED = "http://127.0.0.1:9/"  # interviews are not held, so no webhook is ever sent


@dataclass(frozen=True)
class LocalKoji:
    """A running sandbox with one rate window."""

    sandbox: Sandbox
    window_seconds: int

    def fill_window(self, per_minute: int) -> None:
        """Use the window up at an even pace, so that it frees at that pace from now on."""
        calls = round(per_minute / 60 * self.window_seconds)
        began_at = time.monotonic()
        numbers = iter(range(calls))
        lock = threading.Lock()

        def call() -> None:
            with requests.Session() as session:
                while True:
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    due_at = began_at + number * self.window_seconds / calls
                    time.sleep(max(0.0, due_at - time.monotonic()))
                    session.post(
                        f"{self.sandbox.koji_url}/api/v1/interviews/start",
                        json={"study_id": "st_filler", "respondent_email": FILLER},
                        headers={"Authorization": f"Bearer {API_KEY}"},
                        timeout=10,
                    )

        threads = [threading.Thread(target=call) for _ in range(FILLING_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(max(0.0, began_at + self.window_seconds - time.monotonic()))

    def starts(self, since: float) -> list[dict[str, Any]]:
        """Return the start calls after `since` (unix seconds), the filler's left out."""
        calls = self.sandbox.get("koji", f"starts?since={since}")
        return [call for call in calls if call["email"] != FILLER]

    def started(self) -> int:
        """Return how many people were started, the filler counted."""
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
        yield LocalKoji(sandbox, window_seconds)
    finally:
        child.stop()
