"""The process: how it starts, and how it refuses to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from gunicorn.config import Config as GunicornConfig

from ops.console import __main__ as process
from ops.console.desk import make_desk
from ops.console.history import Sampler
from ops.console.server import ConsoleLogger, Server

if TYPE_CHECKING:
    from common.config import Config


def test_without_credentials_the_process_ends_with_2_and_the_reason(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del environ["CONSOLE_CREDENTIALS"]
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        process.main()
    assert ended.value.code == 2
    assert "CONSOLE_CREDENTIALS: must be user:password" in capsys.readouterr().err


def test_with_credentials_it_serves(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Server] = []
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(process, "setup", lambda *_: None)
    monkeypatch.setattr(Server, "run", lambda one: served.append(one) or None)
    process.main()
    assert served[0].cfg.settings["bind"].get() == ["127.0.0.1:8001"]


def test_one_process_with_threads_listens_on_loopback_only(config: Config) -> None:
    server = Server(config)
    options = {
        name: server.cfg.settings[name].get() for name in ("workers", "threads", "accesslog")
    }
    assert options == {"workers": 1, "threads": 8, "accesslog": None}
    assert server.cfg.settings["bind"].get() == ["127.0.0.1:8001"]


def test_the_app_is_built_without_a_redis(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(Sampler, "start", lambda one: started.append(one) or None)
    app = Server(config).load()
    assert app.test_client().get("/").status_code == 401
    assert len(started) == 1


def test_the_desk_uses_the_configured_redis(config: Config) -> None:
    assert make_desk(config).redis.connection_pool.connection_kwargs["port"] == 1


def test_gunicorn_speaks_through_our_own_logs() -> None:
    logger = ConsoleLogger(GunicornConfig())
    assert logger.error_log.handlers == []
    assert logging.getLogger("gunicorn.error").propagate
