"""What demo, `make run` and the tests over real processes stand on."""

from __future__ import annotations

import socket
import time

import pytest

from ops.local.ports import FIRST, LAST, free_port
from ops.local.waiting import wait_until


def test_a_free_port_is_none_that_an_outgoing_connection_may_take() -> None:
    port = free_port()
    assert FIRST <= port <= LAST < 32768
    with socket.create_server(("127.0.0.1", port)) as server:
        assert server.getsockname()[1] == port


def test_without_a_free_port_it_says_where_it_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr("ops.local.ports.FIRST", taken)
        monkeypatch.setattr("ops.local.ports.LAST", taken)
        with pytest.raises(OSError, match=f"no free port between {taken} and {taken}"):
            free_port()


def test_it_looks_often_at_first_and_then_every_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    wait_until(lambda: len(pauses) == 20, 5, "twenty looks", poll_seconds=0.05)
    assert pauses[0] == 0.01
    assert pauses == sorted(pauses)
    assert pauses[-1] == 0.05


def test_what_does_not_come_is_named() -> None:
    with pytest.raises(TimeoutError, match="in vain until: pigs fly"):
        wait_until(lambda: False, 0.01, "pigs fly")
