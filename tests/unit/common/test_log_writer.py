"""Lines are handed over and written soon; none is lost but by kill -9."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.log_writer import LineWriter
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reader(StringIO):
    """A stderr that can stand still."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.reads = threading.Event()
        self.reads.set()

    def write(self, text: str) -> int:
        assert self.reads.wait(20)
        self.text += text
        return len(text)


@pytest.fixture
def reader() -> Iterator[Reader]:
    """Read whatever comes, and in the end in any case."""
    made = Reader()
    yield made
    made.reads.set()


def test_lines_are_written_soon_and_in_order(reader: Reader) -> None:
    writer = LineWriter(reader)
    for number in range(1000):
        writer.write(str(number))
    expected = "".join(f"{number}\n" for number in range(1000))
    wait_until(lambda: reader.text == expected, 20, "all is written")
    writer.write("later")
    wait_until(lambda: reader.text.endswith("later\n"), 20, "what comes later is written too")


def test_threads_lose_no_line(reader: Reader) -> None:
    writer = LineWriter(reader)

    def work(name: int) -> None:
        for number in range(500):
            writer.write(f"{name} {number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.flush()
    found = reader.text.splitlines()
    assert len(found) == 8 * 500
    for name in range(8):
        own = [line for line in found if line.startswith(f"{name} ")]
        assert own == [f"{name} {number}" for number in range(500)]


def test_a_reader_that_stands_still_is_waited_for(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines must not fill the memory."""
    monkeypatch.setattr("common.log_writer.MOST_WAITING", 10)
    reader.reads.clear()
    writer, written = LineWriter(reader), []

    def work() -> None:
        for number in range(100):
            writer.write(str(number))
            written.append(number)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: len(written) >= 10, 20, "as many wait as may")
    thread.join(0.2)
    assert thread.is_alive()
    assert len(written) < 100
    reader.reads.set()
    thread.join(20)
    writer.flush()
    assert reader.text.split() == [str(number) for number in range(100)]


WRITE = "from common.log_writer import writer; import os, sys; "
FORK = (
    "writer.write('parent'); pid = os.fork(); pid or (writer.write('child'), sys.exit()); os.wait()"
)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("writer.write('a'); sys.exit(3)", ["a"]),
        ("writer.write('a'); 1 / 0", ["a", "Traceback"]),
        (FORK, ["child", "parent"]),
    ],
    ids=["exit", "exception", "fork"],
)
def test_at_its_end_a_process_writes_what_is_left(code: str, lines: list[str]) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-c", WRITE + code],
        capture_output=True,
        check=False,
        text=True,
        env=environ,
        timeout=20,
    )
    found = done.stderr.splitlines()
    for line in lines:
        assert sum(one.startswith(line) for one in found) == 1
