"""What Sentry gets: where and what failed, on which route and entry, and nobody's name."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import sentry_sdk
import structlog
from celery import Celery
from flask import Flask
from sentry_sdk.transport import Transport

import common
from common import observability
from common.config import load_config
from common.error_reports import NOT_SENT, scrub
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANN, NAME = "ann@example.com", "Annabel Marker"
EVENT = {
    "level": "error",
    "message": f"could not read {ANN}",
    "logentry": {"message": f"no {NAME}", "formatted": f"no {NAME}", "params": [ANN]},
    "exception": {
        "values": [
            {
                "type": "ValueError",
                "module": None,
                "value": f"{NAME} <{ANN}> is nobody",
                "stacktrace": {"frames": [{"function": "f", "vars": {"who": NAME, "at": ANN}}]},
            }
        ]
    },
    "request": {
        "url": f"https://bridge.example/webhooks/koji?who={NAME}",
        "method": "POST",
        "data": {"respondent_name": NAME},
        "headers": {"X-Who": ANN},
        "query_string": f"who={NAME}",
        "cookies": {"who": NAME},
        "env": {"REMOTE_ADDR": NAME},
    },
    "breadcrumbs": {"values": [{"message": f"read {NAME}", "data": {"email": ANN}}]},
    "user": {"email": ANN},
    "extra": {"celery-job": {"args": [NAME]}, "payload": ANN},
    "contexts": {"runtime": {"name": "CPython"}, "payload": {"who": NAME}},
    "tags": {"process": "ingress", "who": ANN},
}


def test_nobody_is_named_wherever_they_stood() -> None:
    text = json.dumps(scrub(json.loads(json.dumps(EVENT)), {}))
    assert "Annabel" not in text
    assert "example.com" not in text


def test_what_failed_and_where_is_kept() -> None:
    found = scrub(json.loads(json.dumps(EVENT)), {})
    (exception,) = found["exception"]["values"]
    assert exception["type"] == "ValueError"
    assert exception["value"] == NOT_SENT
    assert exception["stacktrace"]["frames"] == [{"function": "f"}]
    assert found["request"] == {"url": "https://bridge.example/webhooks/koji", "method": "POST"}
    assert found["contexts"] == {"runtime": {"name": "CPython"}}


@pytest.mark.parametrize("module", ["redis.exceptions", "kombu.exceptions", "common.errors"])
def test_what_speaks_of_connections_and_code_keeps_its_text(module: str) -> None:
    event = {"exception": {"values": [{"type": "E", "module": module, "value": "gone"}]}}
    assert scrub(event, None)["exception"]["values"][0]["value"] == "gone"


def places(found: Any, path: str = "") -> Iterator[str]:
    """Yield where the name stands."""
    if isinstance(found, dict | list):
        items = found.items() if isinstance(found, dict) else enumerate(found)
        for key, item in items:
            yield from places(item, f"{path}.{key}")
    elif "Annabel" in str(found):
        yield f"{path}: {found}"


# --- through the real library -----------------------------------------------------------------


# The library wants another option in its place, which has no single word for "nothing".
pytestmark = pytest.mark.filterwarnings("ignore:The send_default_pii option:DeprecationWarning")


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Any) -> None:
        if envelope.get_event():
            self.events.append(envelope.get_event())


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    transport, real = Kept(), sentry_sdk.init
    monkeypatch.setattr(sentry_sdk, "init", lambda **options: real(transport=transport, **options))
    root = logging.getLogger()
    before, level, was = root.handlers[:], root.level, structlog.get_config()
    environ = smallest_environ(tmp_path) | {"SENTRY_DSN": "https://key@127.0.0.1/1"}
    observability.setup(load_config(environ).settings, "worker-koji")
    yield transport.events
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    structlog.configure(**was)
    root.handlers[:] = before
    root.setLevel(level)


def test_an_error_line_is_reported_with_route_lane_and_key(sent: list[dict[str, Any]]) -> None:
    with structlog.contextvars.bound_contextvars(lane="invitations", key="k1"):
        structlog.get_logger("workers.interviews").error(
            "route_paused", route="activation", status=402, error=f"for {NAME}"
        )
    (event,) = sent
    assert event["logentry"] == {"message": "route_paused"}
    assert event["release"] == f"bridge@{common.__version__}"
    wanted = {"route": "activation", "lane": "invitations", "key": "k1", "status": "402"}
    assert event["tags"] == {"process": "worker-koji", **wanted}
    assert list(places(event)) == []


def test_another_librarys_line_is_reported_without_its_arguments(
    sent: list[dict[str, Any]],
) -> None:
    logging.getLogger("some.library").error("cannot reach %s", NAME)
    logging.getLogger("some.library").error(f"cannot reach {NAME}")  # noqa: G004
    told = [event["logentry"]["message"] for event in sent]
    assert told == ["some.library: cannot reach %s", "some.library"]


def test_an_exception_in_a_task_is_reported(sent: list[dict[str, Any]]) -> None:
    app = Celery("bridge", set_as_current=False)
    app.conf.task_always_eager = True

    def write(who: str) -> None:
        raise RuntimeError(who)

    task = app.task(write, name="bridge.write", shared=False)
    task.apply(args=[NAME])
    (event,) = sent
    assert event["exception"]["values"][-1]["type"] == "RuntimeError"
    assert event["transaction"] == "bridge.write"
    assert list(places(event)) == []


def test_an_exception_in_a_view_is_reported(sent: list[dict[str, Any]]) -> None:
    app = Flask("x")

    def view() -> None:
        raise RuntimeError(NAME)

    app.add_url_rule("/webhooks/koji", view_func=view, methods=["POST"])
    app.test_client().post(f"/webhooks/koji?who={NAME}", json={"who": NAME})
    assert [event["request"]["url"] for event in sent][:1] == ["http://localhost/webhooks/koji"]
    assert list(places(sent)) == []
