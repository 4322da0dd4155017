"""A mail server and a receiver of webhooks on loopback, which keep what they are given."""

from __future__ import annotations

import asyncio
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller
from standardwebhooks.webhooks import Webhook

from ops.local.ports import free_port

if TYPE_CHECKING:
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session


class Server:
    """Runs for as long as a `with` lasts."""

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Postbox(Server):
    """A mail server that takes everybody but those in `refused`."""

    def __init__(self, **options: Any) -> None:
        self.port = free_port()
        self.refused: dict[str, str] = {}
        self.answers: list[str] = []  # to the next texts, instead of taking them
        self.free = threading.Event()  # cleared, it keeps its answer to a text back
        self.free.set()
        self.letters: list[tuple[str, EmailMessage]] = []
        self.seen = threading.Event()
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, server_hostname="localhost", **options
        )

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        if self.answers:
            return self.answers.pop(0)
        letter: Any = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
        self.letters += [(address, letter) for address in envelope.rcpt_tos]
        self.seen.set()
        await asyncio.to_thread(self.free.wait)
        return "250 taken"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self.free.set()
        self._controller.stop()


class Receiver(Server):
    """A receiver of webhooks that verifies each signature with an implementation of its own."""

    def __init__(self, secret: str, statuses: list[int] | None = None) -> None:
        self.statuses = statuses or []  # of the next answers, instead of 204
        self.taken: list[tuple[str, Any]] = []
        self.refused: list[int] = []
        verifier, outer = Webhook(secret), self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                payload = verifier.verify(body, {k.lower(): v for k, v in self.headers.items()})
                status = outer.statuses.pop(0) if outer.statuses else 204
                if status == 204:
                    outer.taken.append((self.headers["webhook-id"], payload))
                else:
                    outer.refused.append(status)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
