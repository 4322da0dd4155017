"""Runs both partners in one process, each on its own port."""

import asyncio
import signal

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.koji.app import LocalKoji
from sandbox.mixpanel.app import LocalMixpanel
from sandbox.options import Options

_SHUTDOWN_SECONDS = 0.2
_BACKLOG = 1024


class Sandbox:
    """A local Koji and a local Mixpanel; the urls are known once it has started."""

    def __init__(self, options: Options) -> None:
        """Build both partners from `options`."""
        self._options = options
        self._koji = LocalKoji(options)
        self._mixpanel = LocalMixpanel(options)
        self._runners: list[web.AppRunner] = []
        self.koji_url = ""
        self.mixpanel_url = ""

    async def start(self) -> None:
        """Listen on both ports; raises OSError if one of them is taken."""
        await self._koji.open()
        options = self._options
        self.koji_url = await self._listen(self._koji.make_app(), options.koji_port)
        self.mixpanel_url = await self._listen(self._mixpanel.make_app(), options.mixpanel_port)

    async def stop(self) -> None:
        """Close both ports and drop what is under way."""
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))
        await self._koji.close()

    async def _listen(self, app: web.Application, port: int) -> str:
        app.router.add_get("/_sandbox/health", self._health)
        app.router.add_post("/_sandbox/reset", self._reset)
        # Bodies are inflated by the handlers that accept them: a partner refuses the rest.
        runner = web.AppRunner(
            app, access_log=None, auto_decompress=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, self._options.host, port, backlog=_BACKLOG).start()
        host, bound_port, *_ = runner.addresses[0]
        return f"http://[{host}]:{bound_port}" if ":" in host else f"http://{host}:{bound_port}"

    async def _health(self, _request: web.Request) -> web.Response:
        return json_answer({"status": "ok", "koji": self.koji_url, "mixpanel": self.mixpanel_url})

    async def _reset(self, _request: web.Request) -> web.Response:
        await self._koji.reset()
        self._mixpanel.reset()
        return json_answer({"status": "reset"})


async def run(options: Options) -> None:
    """Serve until SIGTERM or SIGINT, and say on one line when both ports listen."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    sandbox = Sandbox(options)
    try:
        await sandbox.start()
        ready = f"sandbox ready koji={sandbox.koji_url} mixpanel={sandbox.mixpanel_url}"
        print(ready, flush=True)  # noqa: T201 - the line that a supervisor waits for
        await ended.wait()
    finally:
        await sandbox.stop()
