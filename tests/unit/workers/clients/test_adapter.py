"""What is looked up once stays right: pools, addresses, answers."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from workers.clients.adapter import MOST_ADDRESSES
from workers.clients.http import call, make_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests


class Echo(BaseHTTPRequestHandler):
    """Answers with the path, zipped, and remembers who called from which port."""

    protocol_version = "HTTP/1.1"
    ports: list[int]

    def do_GET(self) -> None:
        self.ports.append(self.client_address[1])
        body = gzip.compress(f'{{"path": "{self.path}"}}'.encode())
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-ratelimit-limit", "60")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    """Run a server for one connection at a time."""
    Echo.ports = []
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(10)


@pytest.fixture
def session(address: str) -> Iterator[requests.Session]:
    with make_session(address) as made:
        yield made


def test_answers_are_read_as_ever(session: requests.Session, address: str) -> None:
    """Headers in any case, a zipped body, JSON, the address."""
    answer = call(session, "GET", f"{address}/a?b=1", timeout_seconds=5)
    assert answer.json() == {"path": "/a?b=1"}
    assert answer.content == b'{"path": "/a?b=1"}'
    assert answer.headers["X-RateLimit-Limit"] == "60"
    assert answer.headers.get("Retry-After") is None
    assert (answer.status_code, answer.reason, answer.ok) == (200, "OK", True)
    assert answer.url == f"{address}/a?b=1"
    assert not answer.cookies


def test_a_connection_is_kept_for_every_address_of_a_host(
    session: requests.Session, address: str
) -> None:
    """More addresses than are remembered make no further connection."""
    for number in range(MOST_ADDRESSES + 3):
        answer = call(session, "GET", f"{address}/{number}", timeout_seconds=5)
        assert answer.json() == {"path": f"/{number}"}
    assert len(set(Echo.ports)) == 1


def test_a_closed_session_can_be_used_again(session: requests.Session, address: str) -> None:
    """As that of `requests`: connections are closed, and made anew when they are needed."""
    call(session, "GET", address, timeout_seconds=5)
    session.close()
    assert call(session, "GET", address, timeout_seconds=5).status_code == 200
    assert len(set(Echo.ports)) == 2
