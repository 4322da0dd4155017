"""The health checks of containers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from kombu.exceptions import OperationalError

from ops import probe
from ops.local.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable


def app(answer: Callable[..., Any]) -> Any:
    return SimpleNamespace(control=SimpleNamespace(broadcast=answer))


def test_a_worker_that_answers_is_alive() -> None:
    asked: dict[str, Any] = {}

    def broadcast(command: str, **options: Any) -> list[dict[str, str]]:
        asked.update(options, command=command)
        return [{"koji-7@here": "pong"}]

    assert probe.worker_answers(app(broadcast), "koji")
    assert asked["command"] == "ping"
    assert asked["pattern"].startswith("koji-*@")


def test_a_worker_that_is_silent_is_not() -> None:
    assert not probe.worker_answers(app(lambda *_, **__: []), "koji")


def test_a_redis_that_is_away_makes_no_worker_unhealthy() -> None:
    def broadcast(*_: Any, **__: Any) -> None:
        raise OperationalError("away")

    assert probe.worker_answers(app(broadcast), "koji")


def test_nobody_there_is_no_answer() -> None:
    assert not probe.answers(f"http://127.0.0.1:{free_port()}/healthz")


@pytest.mark.parametrize("arguments", [[], ["beat"], ["ingress", "ingress"]])
def test_wrong_usage_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main(arguments) == 2
    assert "python -m ops.probe ingress|worker-inbox" in capsys.readouterr().err
