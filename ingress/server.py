"""gunicorn around the app: threads, graceful stops, our own logs."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.celery_app import make_celery
from common.ledger import Ledger
from common.ledger.exposition import prometheus_text
from common.redis_client import make_redis
from common.tracing import setup_tracing
from ingress.wake import make_wake

if TYPE_CHECKING:
    from flask import Flask

    from common.config import Config

GRACEFUL_SECONDS = 25
KEEP_ALIVE_SECONDS = 75  # longer than the 60 s of usual load balancers, so that they close first
SILENT_SENDER_SECONDS = 15
REDIS_TIMEOUT_SECONDS = 0.8  # a dead Redis has to be answered with 503 within a second
MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"


class BridgeLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's messages through the root logger, so that they look like all others."""

    def setup(self, cfg: Any) -> None:
        """Undo the handler and format that gunicorn would set."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Log an exception; a sender that went silent (see limit_silence) is none of ours."""
        if isinstance(sys.exception(), BlockingIOError):
            self.info("A sender went silent in the middle of a request.")
        else:
            super().exception(msg, *args, **kwargs)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """The web server; everything is in its options, nothing is read from files or arguments."""

    def __init__(self, config: Config) -> None:
        """Take the settings; connections are made by each process, after it was forked."""
        self.config = config
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its settings (docs.gunicorn.org/en/stable/settings.html)."""
        settings = self.config.settings
        options = {
            "bind": f"{_bracketed(settings.host)}:{settings.port}",
            "worker_class": "gthread",
            "workers": settings.web_concurrency,
            "threads": settings.web_threads,
            "graceful_timeout": GRACEFUL_SECONDS,
            "keepalive": KEEP_ALIVE_SECONDS,
            "logger_class": BridgeLogger,
            # While debugging it would log every path, and a path may hold anything.
            "loglevel": settings.log_level.lower().replace("debug", "info"),
            "accesslog": None,
            "control_socket_disable": True,
            # The heartbeat file: memory, where there is any, so that a slow disk kills no worker.
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
            "when_ready": limit_silence,
            "child_exit": forget_process,
            "on_exit": remove_metrics,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the app in the process that will serve it; Redis need not be there."""
        # prometheus_client looks for the folder when it is imported, which happens here.
        from ingress.app import make_app  # noqa: PLC0415

        config, settings = self.config, self.config.settings
        setup_tracing(settings, "ingress")  # its thread would not live on through a fork
        redis = make_redis(settings, socket_timeout_seconds=REDIS_TIMEOUT_SECONDS)
        # No second try: the sender does that, and the pool drops broken connections by itself.
        redis.set_retry(Retry(NoBackoff(), 0))
        ledger = Ledger(redis)
        return make_app(
            config,
            ledger,
            make_wake(make_celery(settings)),
            fleet_metrics=partial(prometheus_text, config, ledger),
        )

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then end this process."""
        if self.config.settings.web_concurrency > 1:
            os.environ[MULTIPROC_DIR] = tempfile.mkdtemp(prefix="bridge-metrics-")
        else:
            os.environ.pop(MULTIPROC_DIR, None)
        super().run()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def limit_silence(arbiter: Any) -> None:
    """Let accepted sockets give up on a sender that went silent in the middle of a request.

    gunicorn's threads would wait for it for ever. Sockets inherit this from their listener.
    """
    timeval = struct.pack("ll", SILENT_SENDER_SECONDS, 0)
    for listener in arbiter.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)


def forget_process(_: Any, worker: Any) -> None:
    """Tell the metrics that a process is gone."""
    if MULTIPROC_DIR in os.environ:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - as in load

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def remove_metrics(_: Any) -> None:
    """Remove the folder of the metrics when the server has ended."""
    if MULTIPROC_DIR in os.environ:
        shutil.rmtree(os.environ[MULTIPROC_DIR], ignore_errors=True)
