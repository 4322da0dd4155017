"""Ends what a pass has started, whatever ends the pass: no process of it is left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from benchmarks.footprint import tree

if TYPE_CHECKING:
    from types import FrameType

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WAIT_SECONDS = 10.0
_ending = threading.Event()


class EndingError(Exception):
    """Nothing more is started, since the pass is ending."""


def prepare() -> None:
    """Make every signal end a pass like Ctrl-C, and become the parent of orphans (on Linux)."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def ending() -> bool:
    """Tell whether the pass is ending."""
    return _ending.is_set()


def check() -> None:
    """Raise EndingError once the pass is ending: nothing is started then, nor waited for."""
    if ending():
        raise EndingError("the pass is ending")


def interrupt() -> None:
    """End everything at once; a further signal cannot keep this from being done."""
    _ending.set()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    end_everything()


def end_everything() -> int:
    """Kill all that descend from this process; returns how many still ran."""
    stopped: dict[int, psutil.Process] = {}
    # Stopped before any is killed, so that no supervisor starts again what was killed.
    while found := [process for process in _descendants() if process.pid not in stopped]:
        for process in found:
            stopped[process.pid] = process
            with suppress(psutil.Error):
                process.suspend()
    for process in stopped.values():
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(list(stopped.values()), WAIT_SECONDS)
    return len(stopped)


def _descendants() -> list[psutil.Process]:
    found = []
    for process in tree([os.getpid()]):
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
