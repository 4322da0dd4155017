"""Writes log lines a few at a time, from a thread of its own.

To write is to give the interpreter away: with twenty threads, each waited for the others at its
every line, which took a fifth of what ingress can do. So threads only hand lines over here, and
what came within a hundredth of a second is written at once. A process that is killed may take so
much of its log with it; nothing else rests on these lines.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections import deque
from typing import TextIO

GATHER_SECONDS = 0.01
# A reader of the log that stands still must not fill the memory: then threads wait for it again.
MOST_WAITING = 10_000


class LineWriter:
    """Lines on their way to stderr."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Start no thread before the first line, since processes fork."""
        self._stream = stream
        self._lines: deque[str] = deque()
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew in a child: the parent writes what it was given."""
        self._lines.clear()
        self._wake = threading.Event()
        self._writing = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, line: str) -> None:
        """Take a line, without its end."""
        self._lines.append(line)
        if self._thread is None:
            self._start()
        if not self._wake.is_set():
            self._wake.set()
        if len(self._lines) > MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Write what has come so far."""
        with self._writing:
            found = []
            while self._lines:
                found.append(self._lines.popleft())
            if found:
                stream = self._stream or sys.stderr
                stream.write("\n".join(found) + "\n")
                stream.flush()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep_writing, name="log", daemon=True)
                self._thread.start()

    def _keep_writing(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(GATHER_SECONDS)
            self._wake.clear()
            self.flush()


writer = LineWriter()
atexit.register(writer.flush)
os.register_at_fork(after_in_child=writer.after_fork)
