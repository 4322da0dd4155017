"""`python -m workers KIND`: the command line that each process is started with."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from celery.beat import PersistentScheduler

from common.celery_app import make_celery
from workers import __main__ as command

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config


class FakeApp:
    """Remembers how it was started."""

    def __init__(self) -> None:
        self.worker: dict[str, Any] = {}
        self.beat: dict[str, Any] = {}
        self.running: list[str] = []

    def Worker(self, **options: Any) -> SimpleNamespace:  # noqa: N802 - Celery's name
        self.worker = options
        return SimpleNamespace(start=lambda: self.running.append("worker"), exitcode=None)

    def Beat(self, **options: Any) -> SimpleNamespace:  # noqa: N802 - Celery's name
        self.beat = options
        return SimpleNamespace(run=lambda: self.running.append("beat"))


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FakeApp:
    made = FakeApp()
    monkeypatch.setattr(command, "make_worker_app", lambda _: made)
    return made


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch, config: Config) -> list[str]:
    """The names under which processes set up their logs."""
    names: list[str] = []
    monkeypatch.setattr(command, "load_config_or_exit", lambda: config)
    monkeypatch.setattr(command, "setup", lambda _, name: names.append(name))
    return names


def start_worker(*arguments: str) -> None:
    """Start a worker that ends at once."""
    with pytest.raises(SystemExit) as caught:
        command.main([*arguments])
    assert not caught.value.code


@pytest.mark.parametrize(
    ("kind", "queues", "threads"),
    [
        ("inbox", ["inbox", "clock"], 2),
        ("koji", ["koji", "deliveries", "clock"], 20),
        ("mixpanel", ["mixpanel", "clock"], 4),
    ],
)
def test_a_worker_consumes_its_queue_and_the_clock(
    app: FakeApp, processes: list[str], kind: str, queues: list[str], threads: int
) -> None:
    start_worker(kind)
    assert app.running == ["worker"]
    assert app.worker["queues"] == queues
    assert app.worker["concurrency"] == threads
    assert app.worker["pool_cls"] == "threads"
    assert re.fullmatch(rf"{kind}-[0-9]+@[^%]+", app.worker["hostname"])
    assert processes == [f"worker-{kind}"]


def test_the_number_of_threads_can_be_set(
    app: FakeApp,
    processes: list[str],
    make_config: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = make_config(WORKER_CONCURRENCY="7", LOG_LEVEL="WARNING")
    monkeypatch.setattr(command, "load_config_or_exit", lambda: config)
    start_worker("koji")
    assert app.worker["concurrency"] == 7
    assert app.worker["loglevel"] == "WARNING"
    assert processes


def test_beat_sleeps_until_a_tick_is_due(
    app: FakeApp, processes: list[str], config: Config
) -> None:
    command.main(["beat"])
    assert app.running == processes == ["beat"]
    clock = app.beat["scheduler_cls"](make_celery(config.settings), lazy=True)
    assert clock.adjust(1.0) == 1.0
    assert clock.adjust(None) is None
    assert not isinstance(clock, PersistentScheduler), "a read-only disk has to do"


@pytest.mark.parametrize("arguments", [[], ["unheard-of"], ["inbox", "koji"], [""]])
def test_a_wrong_name_ends_with_code_2_and_tells_the_right_ones(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2
    assert "inbox|koji|mixpanel|beat" in capsys.readouterr().err


def test_a_wrong_configuration_ends_with_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MIXPANEL_PROJECT_TOKEN", "BRIDGE_ROUTES"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as caught:
        command.main(["inbox"])
    assert caught.value.code == 2
    assert "MIXPANEL_PROJECT_TOKEN" in capsys.readouterr().err
