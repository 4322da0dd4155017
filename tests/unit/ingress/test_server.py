from __future__ import annotations

import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from gunicorn.app.base import BaseApplication

from ingress import __main__, server
from ingress.server import BridgeLogger, Server, forget_process, limit_silence, remove_metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config

REPOSITORY = Path(__file__).parents[3]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def restored_loggers() -> Any:
    loggers = [logging.getLogger(name) for name in ("gunicorn.error", "gunicorn.access")]
    before = [(logger.propagate, logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, (propagate, level, handlers) in zip(loggers, before, strict=True):
        logger.propagate, logger.handlers = propagate, handlers
        logger.setLevel(level)


def test_gunicorn_gets_the_settings(config: Config) -> None:
    settings = replace(config.settings, host="::1", port=8123, web_concurrency=2, web_threads=7)
    cfg = Server(replace(config, settings=settings)).cfg
    assert cfg.address == [("::1", 8123)]
    assert (cfg.workers, cfg.threads, cfg.worker_class_str) == (2, 7, "gthread")
    assert cfg.graceful_timeout == 25
    assert cfg.accesslog is None
    assert cfg.control_socket_disable is True


def test_an_app_is_built_without_redis(config: Config) -> None:
    settings = replace(config.settings, redis_url="redis://127.0.0.1:1/0")
    app = Server(replace(config, settings=settings)).load()
    assert app.test_client().get("/healthz").status_code == 200
    began = time.monotonic()
    assert app.test_client().get("/readyz").status_code == 503
    assert time.monotonic() - began < 5


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Config, int], None]:
    monkeypatch.setattr(BaseApplication, "run", lambda _: None)

    def run_with(config: Config, processes: int) -> None:
        settings = replace(config.settings, web_concurrency=processes)
        Server(replace(config, settings=settings)).run()

    return run_with


def test_several_processes_share_a_folder_for_metrics_until_they_end(
    config: Config, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(server.MULTIPROC_DIR, "/nowhere")
    run(config, 2)
    folder = Path(os.environ[server.MULTIPROC_DIR])
    (folder / "gauge_liveall_7.db").touch()
    forget_process(None, SimpleNamespace(pid=7))
    assert list(folder.iterdir()) == []
    remove_metrics(None)
    assert not folder.exists()


def test_one_process_needs_no_folder(
    config: Config, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(server.MULTIPROC_DIR, str(tmp_path))
    run(config, 1)
    assert server.MULTIPROC_DIR not in os.environ
    forget_process(None, SimpleNamespace(pid=7))
    remove_metrics(None)
    assert tmp_path.exists()


def test_accepted_sockets_give_up_on_a_silent_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SILENT_SENDER_SECONDS", 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        limit_silence(SimpleNamespace(LISTENERS=[SimpleNamespace(sock=listener)]))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 50_000))
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted, pytest.raises(BlockingIOError):
                accepted.recv(1)


@pytest.mark.usefixtures("restored_loggers")
@pytest.mark.parametrize(
    ("error", "level"), [(BlockingIOError(), "INFO"), (ValueError("other"), "ERROR")]
)
def test_gunicorns_messages_go_where_all_others_go(
    config: Config, caplog: pytest.LogCaptureFixture, error: Exception, level: str
) -> None:
    log = BridgeLogger(Server(config).cfg)
    caplog.set_level("INFO", logger="gunicorn.error")
    try:
        raise error
    except (BlockingIOError, ValueError):
        log.exception("Socket error processing request.")
    assert [record.levelname for record in caplog.records] == [level]
    assert log.error_log.handlers == []


def test_main_reads_the_configuration_sets_up_logs_and_serves(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    monkeypatch.setattr(__main__, "load_config_or_exit", lambda: config)
    monkeypatch.setattr(__main__, "setup", lambda settings, name: done.append((settings, name)))
    monkeypatch.setattr(Server, "run", lambda self: done.append(self.config))
    __main__.main()
    assert done == [(config.settings, "ingress"), config]


def test_main_exits_with_2_if_the_configuration_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 2
    assert "KOJI_WEBHOOK_SECRETS" in capsys.readouterr().err


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.read().decode()


def test_two_processes_serve_without_redis_and_stop_when_told(config: Config) -> None:
    port = _free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": "2",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "BRIDGE_ROUTES": config.settings.bridge_routes,
        "MIXPANEL_WEBHOOK_CREDENTIALS": "mixpanel:first",
        "KOJI_WEBHOOK_SECRETS": "secret",
        "KOJI_API_KEY": "pk_live_x",
        "MIXPANEL_PROJECT_TOKEN": "token",
    }
    command = [sys.executable, "-m", "ingress"]
    with subprocess.Popen(command, cwd=REPOSITORY, env=environ, stderr=subprocess.PIPE) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            for _ in range(200):
                try:
                    assert _get(f"{base}/healthz")[0] == 200
                    break
                except urllib.error.URLError:
                    assert process.poll() is None
                    time.sleep(0.05)
            assert _get(f"{base}/readyz")[0] == 503
            for _ in range(8):
                assert _get(f"{base}/healthz")[0] == 200
            text = _get(f"{base}/metrics")[1]
            assert 'bridge_ingress_requests_total{route="/healthz",status="200"} 9.0' in text
        finally:
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b'"process":"ingress"' in stderr
