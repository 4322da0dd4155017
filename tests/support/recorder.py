"""A proxy that writes down which addresses were asked for, and takes in traces and reports."""

from __future__ import annotations

import gzip
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPORTS = ("/v1/traces", "/api/1/")
OWN_HEADERS = {"host", "connection", "content-length", "transfer-encoding"}


class Recorder:
    """What came by: addresses that were passed on, and bodies of reports, unpacked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.addresses: list[str] = []
        self.reports: dict[str, list[bytes]] = {report: [] for report in REPORTS}
        self.targets: dict[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    """Keeps reports, passes everything else on."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self._pass_on()

    def do_GET(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        recorder = self.server.recorder
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for report, bodies in recorder.reports.items():
            if self.path.startswith(report):
                bodies.append(_inflated(body))
                self._answer(200, {}, b"{}")
                return
        recorder.addresses.append(self.path)
        target = next(to for path, to in recorder.targets.items() if self.path.startswith(path))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in OWN_HEADERS}
        try:
            answer = requests.request(
                self.command, target + self.path, data=body, headers=headers, timeout=20
            )
        except requests.RequestException:
            self.close_connection = True  # as the partner did
            return
        self._answer(answer.status_code, answer.headers, answer.content)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {*OWN_HEADERS, "content-encoding", "server", "date"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Listens on a free port of this machine."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.recorder = Recorder(self.server_port)

    def handle_error(self, *_: Any) -> None:
        """Processes that are killed leave broken connections behind."""


def _inflated(body: bytes) -> bytes:
    for inflate in (gzip.decompress, zlib.decompress):
        try:
            return inflate(body)
        except (OSError, zlib.error):
            continue
    return body


@contextmanager
def recording() -> Iterator[Recorder]:
    """Listen as long as the block lasts; `targets` tells where which paths are passed on to."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.recorder
        finally:
            server.shutdown()
            thread.join()
