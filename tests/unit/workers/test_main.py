"""`python -m workers KIND`: the command line that each process is started with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workers import __main__ as command

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config


class FakeApp:
    """Remembers how it was started."""

    def __init__(self) -> None:
        self.worker: list[str] = []
        self.started: list[str] = []

    def worker_main(self, arguments: list[str]) -> None:
        self.worker = arguments

    def start(self, arguments: list[str]) -> None:
        self.started = arguments


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


def option(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1]


@pytest.mark.parametrize(
    ("kind", "queues", "threads"),
    [
        ("inbox", "inbox,clock", 2),
        ("koji", "koji,deliveries,clock", 20),
        ("mixpanel", "mixpanel,clock", 4),
    ],
)
def test_a_worker_consumes_its_queue_and_the_clock(
    app: FakeApp, processes: list[str], kind: str, queues: str, threads: int
) -> None:
    command.main([kind])
    assert app.worker[0] == "worker"
    assert option(app.worker, "--queues") == queues
    assert option(app.worker, "--concurrency") == str(threads)
    assert option(app.worker, "--pool") == "threads"
    assert option(app.worker, "--hostname").startswith(f"{kind}-")
    assert processes == [f"worker-{kind}"]


def test_the_number_of_threads_can_be_set(
    app: FakeApp,
    processes: list[str],
    make_config: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = make_config(WORKER_CONCURRENCY="7", LOG_LEVEL="WARNING")
    monkeypatch.setattr(command, "load_config_or_exit", lambda: config)
    command.main(["koji"])
    assert option(app.worker, "--concurrency") == "7"
    assert option(app.worker, "--loglevel") == "WARNING"
    assert processes


def test_beat_writes_no_pid_file(app: FakeApp, processes: list[str]) -> None:
    command.main(["beat"])
    assert app.started[0] == "beat"
    assert option(app.started, "--pidfile") == ""
    assert processes == ["beat"]


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
