"""A load client over raw sockets in one thread: cheap enough not to be what is measured.

Requests are bytes that were built before. In a paced load, latency counts from the moment a request
was due, so that a server that falls behind cannot hide it.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_BYTES = 65536
PATIENCE_SECONDS = 5.0


@dataclass
class Load:
    """What came of it; latencies in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due_at = 0.0
        self._answer = b""

    def send(self, request: bytes, due_at: float) -> None:
        self.due_at, self._answer = due_at, b""
        self.socket.sendall(request)

    def status(self) -> int | None:
        """Read on; returns the status once the answer is whole, 0 if the server hung up."""
        chunk = self.socket.recv(CHUNK_BYTES)
        if not chunk:
            return 0
        self._answer += chunk
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end:
            return None
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0] or 0)
        return int(head[9:12]) if len(body) >= length else None


def run_load(
    port: int,
    requests: Iterator[bytes],
    *,
    connections: int,
    seconds: float,
    per_second: float | None = None,
) -> Load:
    """Send for a while: as fast as answers come, or at a pace; ends early without requests."""
    client = _Client([_Connection(port) for _ in range(connections)], per_second)
    began_at = time.perf_counter()
    ends_at = began_at + seconds
    while (now := time.perf_counter()) < ends_at:
        if not client.send_due(requests, began_at, now):
            break
        client.receive()
    patience_ends_at = time.perf_counter() + PATIENCE_SECONDS
    while client.busy and time.perf_counter() < patience_ends_at:
        client.receive()
    client.load.failures += client.busy
    client.load.seconds = time.perf_counter() - began_at
    client.close()
    return client.load


class _Client:
    def __init__(self, connections: list[_Connection], per_second: float | None) -> None:
        self.load = Load()
        self.busy = 0
        self._per_second = per_second
        self._sent = 0
        self._everyone, self._free = connections, deque(connections)
        self._selector = selectors.DefaultSelector()
        for one in connections:
            self._selector.register(one.socket, selectors.EVENT_READ, one)

    def send_due(self, requests: Iterator[bytes], began_at: float, now: float) -> bool:
        """Send what is due over free connections; False once there is nothing more."""
        while self._free:
            due_at = began_at + self._sent / self._per_second if self._per_second else now
            if due_at > now:
                return True
            request = next(requests, None)
            if request is None:
                return False
            self._free.popleft().send(request, due_at)
            self._sent, self.busy = self._sent + 1, self.busy + 1
        return True

    def receive(self) -> None:
        """Take in answers; waits a little for the first."""
        for key, _ in self._selector.select(0.0005 if self._per_second else 0.05):
            connection: _Connection = key.data
            status = connection.status()
            if status is None:
                continue
            self.busy -= 1
            if status == 200:
                self.load.latencies.append(time.perf_counter() - connection.due_at)
            else:
                self.load.failures += 1
            if status:
                self._free.append(connection)
            else:
                self._selector.unregister(connection.socket)

    def close(self) -> None:
        """Close every connection."""
        for one in self._everyone:
            one.socket.close()
