"""Puts the local Koji together: one aiohttp application."""

from aiohttp import web

from sandbox.fault_box import FaultBox
from sandbox.fault_guard import FaultGuard
from sandbox.fault_routes import add_fault_routes
from sandbox.koji.api import KojiApi
from sandbox.koji.control import KojiControl
from sandbox.koji.house import InterviewHouse
from sandbox.koji.page import show_page
from sandbox.koji.signatures import make_signer
from sandbox.koji.webhooks import WebhookSender
from sandbox.options import Options


class LocalKoji:
    """The parts of the local Koji, and the application that serves them."""

    def __init__(self, options: Options) -> None:
        """Build everything; nothing runs until `open`."""
        signer = make_signer(
            options.signature_scheme,
            options.webhook_secret,
            options.signature_header,
            options.timestamp_header,
        )
        self.sender = WebhookSender(
            options.webhook_url, signer, options.payload_shape, options.webhook_retry_seconds
        )
        self.faults = FaultBox(f"{options.seed}:koji")
        self.api = KojiApi(options, self.faults, InterviewHouse(options, self.sender))
        self._latency_ms = options.latency_ms

    def make_app(self) -> web.Application:
        """Return the application: the API behind its faults, the control routes and the page."""
        app = web.Application()
        guard = FaultGuard(self.faults, self.api, self._latency_ms)
        app.router.add_post("/api/v1/interviews/start", guard.wrap(self.api.start))
        app.router.add_get("/api/v1/interviews/{interview_id}", guard.wrap(self.api.show))
        KojiControl(self.api, self.sender, self.faults).add_routes(app)
        add_fault_routes(app, "/_sandbox/koji/faults", self.faults)
        app.router.add_get("/", self._page)
        return app

    async def open(self) -> None:
        """Make ready to send webhooks."""
        await self.sender.open()

    async def reset(self) -> None:
        """Forget all calls, interviews, deliveries and faults."""
        self.api.clear()
        await self.sender.reset()
        self.faults.reset()

    async def close(self) -> None:
        """Let go of the interviews that are still held, and of the deliveries."""
        self.api.house.clear()
        await self.sender.close()

    async def _page(self, _request: web.Request) -> web.Response:
        return show_page(self.api)
