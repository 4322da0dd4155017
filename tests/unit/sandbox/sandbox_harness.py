"""A sandbox in a thread, a client for it, and a receiver for its webhooks."""

import asyncio
import http.client
import http.server
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sandbox.options import Options
from sandbox.server import Sandbox


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `json` is None where the body is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """Calls one partner, a connection for each call."""

    url: str

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 5,
    ) -> Answer:
        """Send a call; dicts and lists as JSON, bytes as they are."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout)
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, content, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the JSON of a control route."""
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path: str, body: object = None) -> Any:
        """Return the JSON that a control route answers."""
        answer = self.call("POST", path, body)
        assert answer.status < 300, answer
        return answer.json


@dataclass(frozen=True)
class Running:
    """A running sandbox."""

    koji: Client
    mixpanel: Client
    key: str = "pk_test"

    def start(
        self, body: object, key: str = "pk_test", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Start an interview."""
        return self.koji.call(
            "POST",
            "/api/v1/interviews/start",
            body,
            {"Authorization": f"Bearer {key}", **(headers or {})},
        )

    def summary(self) -> Any:
        """Return the books of Koji."""
        return self.koji.get("/_sandbox/koji/summary")


@dataclass
class Receiver:
    """Receives webhooks, and answers with `statuses` in turn, then always with 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    deliveries: queue.Queue[tuple[dict[str, str], bytes]] = field(default_factory=queue.Queue)

    def next(self) -> tuple[dict[str, str], bytes]:
        """Return the next delivery: its headers, in lower case, and its body."""
        return self.deliveries.get(timeout=5)

    def next_json(self) -> Any:
        """Return the body of the next delivery."""
        return json.loads(self.next()[1])


def wait_until(is_true: Callable[[], bool]) -> None:
    """Ask again and again until it is true; fails after 5 seconds."""
    ends_at = time.monotonic() + 5
    while not is_true():
        assert time.monotonic() < ends_at, "it never became true"
        time.sleep(0.005)


def run_sandbox(options: Options) -> tuple[Running, Callable[[], None]]:
    found: queue.Queue[Running] = queue.Queue()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        served = Sandbox(options)
        await served.start()
        found.put(Running(Client(served.koji_url), Client(served.mixpanel_url)))
        await ended.wait()
        await served.stop()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.close()

    def end() -> None:
        loop.call_soon_threadsafe(ended.set)
        thread.join()

    thread = threading.Thread(target=run)
    thread.start()
    return found.get(timeout=5), end


@contextmanager
def receive() -> Iterator[Receiver]:
    """Receive webhooks on a free port."""
    received = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.deliveries.put(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(received.statuses.pop(0) if received.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield received
    server.shutdown()
    server.server_close()
    thread.join()
