"""gunicorn around the console: one process, a few threads, our own logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from ops.console.app import make_app
from ops.console.desk import make_desk
from ops.console.history import Sampler

if TYPE_CHECKING:
    from flask import Flask

    from common.config import Config

THREADS = 8
GRACEFUL_SECONDS = 5


class ConsoleLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's messages through the root logger, so that they look like all others."""

    def setup(self, cfg: Any) -> None:
        """Undo the handler and format that gunicorn would set."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """The web server; everything is in its options, nothing is read from files or arguments."""

    def __init__(self, config: Config) -> None:
        """Take the settings; connections are made after the fork."""
        self.config = config
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its settings (docs.gunicorn.org/en/stable/settings.html)."""
        settings = self.config.settings
        options = {
            "bind": f"{settings.console_host}:{settings.console_port}",
            "worker_class": "gthread",
            # One process: the limit on wrong passwords is kept in its memory.
            "workers": 1,
            "threads": THREADS,
            "graceful_timeout": GRACEFUL_SECONDS,
            "logger_class": ConsoleLogger,
            "loglevel": settings.log_level.lower(),
            "accesslog": None,
            "control_socket_disable": True,
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the app in the process that will serve it; Redis need not be there."""
        desk = make_desk(self.config)
        Sampler(desk).start()
        return make_app(desk)
