"""Logs and Sentry: their form, and that no address leaves through either."""

from __future__ import annotations

import copy
import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import sentry_sdk
import structlog

from common.config import load_config
from common.log_writer import writer
from common.masking import MASK, mask_emails
from common.observability import setup
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from common.settings import Settings

    Start = Callable[..., Callable[[], str]]

ANN = "ann@example.com"
DSN = "https://key@sentry.example/1"
QUIET = ("kombu", "urllib3", "celery.app.trace", "celery.worker.strategy", "celery.beat")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root, before = logging.getLogger(), structlog.get_config()
    level, handlers = root.level, root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in QUIET}
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    return lambda **environ: load_config({**smallest_environ(tmp_path), **environ}).settings


@pytest.fixture
def started(
    settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> Callable[..., Callable[[], str]]:
    """Set logging up; the result returns what has been written since."""

    def start(**environ: str) -> Callable[[], str]:
        setup(settings(**environ), "ingress")

        def written() -> str:
            writer.flush()
            out, err = capsys.readouterr()
            assert out == "", "logs go to stderr"
            return err

        return written

    return start


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# --- form ---


def test_an_event_is_one_line_of_json(started: Start) -> None:
    written = started()
    structlog.get_logger("bridge.test").info("started", route="activation", attempt=2)
    (line,) = lines(written())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "started",
        "level": "info",
        "logger": "bridge.test",
        "process": "ingress",
        "route": "activation",
        "attempt": 2,
    }


def test_another_librarys_line_has_the_same_form(started: Start) -> None:
    written = started()
    logging.getLogger("some.library").warning("lost %s of %d", "one", 3)
    (line,) = lines(written())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "lost one of 3",
        "level": "warning",
        "logger": "some.library",
        "process": "ingress",
    }


def test_what_is_bound_to_the_context_stands_in_every_line(started: Start) -> None:
    written = started()
    structlog.contextvars.bind_contextvars(delivery="d-1")
    structlog.get_logger("a").info("one")
    logging.getLogger("b").warning("two")
    assert [line["delivery"] for line in lines(written())] == ["d-1", "d-1"]


def test_an_exception_stays_within_its_line(started: Start) -> None:
    written = started()
    try:
        raise ValueError("on\ntwo lines")  # noqa: TRY301
    except ValueError:
        structlog.get_logger("a").exception("failed")
    (line,) = lines(written())
    assert line["level"] == "error"
    assert "Traceback" in line["exception"]
    assert "ValueError: on\ntwo lines" in line["exception"]


def test_pretty_lines_are_for_people(started: Start) -> None:
    written = started(LOG_FORMAT="pretty")
    structlog.get_logger("bridge.test").info("started", route="activation")
    (line,) = written().splitlines()
    assert "started" in line
    assert "route=activation" in line
    assert "process=ingress" in line
    assert not line.startswith("{")


def test_no_colours_where_nobody_looks_at_a_terminal(started: Start) -> None:
    written = started(LOG_FORMAT="pretty")
    structlog.get_logger("a").error("failed")
    assert "\x1b" not in written()


# --- levels ---


@pytest.mark.parametrize(
    ("level", "expected"),
    [("DEBUG", ["debug", "info", "error"]), ("INFO", ["info", "error"]), ("ERROR", ["error"])],
)
def test_what_is_below_the_level_is_not_written(
    started: Start, level: str, expected: list[str]
) -> None:
    written = started(LOG_LEVEL=level)
    log = structlog.get_logger("bridge.test")
    log.debug("a")
    log.info("b")
    log.error("c")
    assert [line["level"] for line in lines(written())] == expected


@pytest.mark.parametrize("name", QUIET)
def test_a_librarys_chatter_about_each_message_is_left_out(started: Start, name: str) -> None:
    written = started()
    logging.getLogger(name).info("received a message")
    logging.getLogger(name).warning("lost the connection")
    assert [line["event"] for line in lines(written())] == ["lost the connection"]


def test_who_debugs_gets_the_chatter_too(started: Start) -> None:
    written = started(LOG_LEVEL="DEBUG")
    logging.getLogger("kombu").debug("received a message")
    assert [line["event"] for line in lines(written())] == ["received a message"]


def test_setting_up_twice_does_not_write_twice(started: Start) -> None:
    started()
    written = started()
    logging.getLogger("a").warning("once")
    assert len(lines(written())) == 1


# --- masking ---


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ANN, MASK),
        (f"to {ANN}, and <{ANN}>", f"to {MASK}, and <{MASK}>"),
        (f'{{"email":"{ANN}"}}', f'{{"email":"{MASK}"}}'),
        ("jürgen+tag@post.münchen.de", MASK),
        ({"a": {"b": [ANN, {"c": (ANN, 1)}]}}, {"a": {"b": [MASK, {"c": (MASK, 1)}]}}),
        ({ANN: 1}, {MASK: 1}),
        ("user@host", "user@host"),
        ("@ 5 o'clock", "@ 5 o'clock"),
        (5, 5),
        (None, None),
        (b"bytes", b"bytes"),
    ],
)
def test_addresses_are_masked_at_any_depth(value: Any, expected: Any) -> None:
    assert mask_emails(value) == expected


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_an_address_in_an_event_is_masked(started: Start, form: str) -> None:
    written = started(LOG_FORMAT=form)
    structlog.get_logger("a").info(f"for {ANN}", who=ANN, deep={"list": [{"email": ANN}]})
    text = written()
    assert "example.com" not in text
    assert text.count(MASK) == 3


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_an_address_in_another_librarys_line_is_masked(started: Start, form: str) -> None:
    written = started(LOG_FORMAT=form)
    logging.getLogger("some.library").warning("cannot reach %s", ANN)
    text = written()
    assert "example.com" not in text
    assert f"cannot reach {MASK}" in text


@pytest.mark.parametrize("form", ["json", "pretty"])
@pytest.mark.parametrize("logger", [structlog.get_logger("a"), logging.getLogger("b")])
def test_an_address_in_an_exception_is_masked(started: Start, form: str, logger: Any) -> None:
    written = started(LOG_FORMAT=form)
    try:
        raise ValueError(f"no such person: {ANN}")  # noqa: TRY301
    except ValueError:
        logger.exception("failed")
    text = written()
    assert "example.com" not in text
    assert f"ValueError: no such person: {MASK}" in text


@pytest.mark.parametrize("form", ["json", "pretty"])
@pytest.mark.parametrize(
    "value",
    [ValueError(ANN), {ANN}, ANN.encode(), urlsplit(f"mailto:{ANN}")],
    ids=["exception", "set", "bytes", "named tuple"],
)
def test_an_address_within_any_other_object_is_masked(
    started: Start, form: str, value: Any
) -> None:
    written = started(LOG_FORMAT=form)
    structlog.get_logger("a").info("refused", value=value, deep=[value])
    text = written()
    assert "example.com" not in text
    assert text.count(MASK) == 2
    assert "refused" in text


def test_an_address_bound_to_the_context_is_masked(started: Start) -> None:
    written = started()
    structlog.contextvars.bind_contextvars(who=ANN)
    logging.getLogger("a").warning("lost")
    assert [line["who"] for line in lines(written())] == [MASK]


# --- Sentry ---

SECRET = "held-in-confidence"
EVENT = {
    "level": "error",
    "exception": {"values": [{"type": "ValueError", "value": f"no such person: {ANN}"}]},
    "request": {
        "url": "https://bridge.example/webhooks/koji",
        "method": "POST",
        "data": {"respondent_name": SECRET},
        "cookies": {"session": SECRET},
        "headers": {"Authorization": f"Bearer {SECRET}"},
        "env": {"REMOTE_ADDR": SECRET},
        "query_string": f"name={SECRET}",
    },
    "breadcrumbs": {"values": [{"message": SECRET}]},
    "user": {"ip_address": SECRET},
    "extra": {"celery-job": {"args": [SECRET]}},
    "tags": {"process": "ingress", "who": ANN},
}


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Sentry was started with; it is not started."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(sentry_sdk, "init", lambda **options: calls.append(options))
    monkeypatch.setattr(sentry_sdk, "set_tag", lambda name, value: calls.append({name: value}))
    return calls


@pytest.fixture
def scrubbed(
    started: Start, sentry: list[dict[str, Any]]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what becomes of an event before it is sent."""
    started(SENTRY_DSN=DSN)
    scrub = sentry[0]["before_send"]
    return lambda event: scrub(copy.deepcopy(event), {})


def test_without_a_dsn_sentry_stays_off(started: Start, sentry: list[dict[str, Any]]) -> None:
    started()
    assert sentry == []


def test_sentry_is_told_which_process_reports(started: Start, sentry: list[dict[str, Any]]) -> None:
    started(SENTRY_DSN=DSN)
    options, tag = sentry
    assert options["dsn"] == DSN
    assert tag == {"process": "ingress"}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("send_default_pii", False),
        ("include_local_variables", False),
        ("max_request_body_size", "never"),
    ],
)
def test_sentry_is_started_without_anything_personal(
    started: Start, sentry: list[dict[str, Any]], option: str, value: Any
) -> None:
    started(SENTRY_DSN=DSN)
    assert sentry[0][option] == value


def test_nobody_is_named_in_what_is_sent(scrubbed: Callable[..., dict[str, Any]]) -> None:
    text = json.dumps(scrubbed(EVENT))
    assert "example.com" not in text
    assert SECRET not in text


def test_what_tells_the_fault_is_sent(scrubbed: Callable[..., dict[str, Any]]) -> None:
    found = scrubbed(EVENT)
    assert found["level"] == "error"
    assert found["exception"]["values"][0]["type"] == "ValueError"
    assert found["request"] == {"url": "https://bridge.example/webhooks/koji", "method": "POST"}
    assert found["tags"]["process"] == "ingress"


@pytest.mark.parametrize("part", ["data", "cookies", "headers", "env", "query_string"])
def test_each_part_of_a_request_that_may_hold_a_person_is_dropped(
    scrubbed: Callable[..., dict[str, Any]], part: str
) -> None:
    found = scrubbed({"request": {"method": "POST", part: "anything"}})
    assert found["request"] == {"method": "POST"}


@pytest.mark.parametrize("part", ["breadcrumbs", "user"])
def test_what_came_before_and_who_asked_are_dropped(
    scrubbed: Callable[..., dict[str, Any]], part: str
) -> None:
    assert part not in scrubbed({"level": "error", part: {"a": "b"}})


def test_an_event_without_a_request_gets_none(scrubbed: Callable[..., dict[str, Any]]) -> None:
    found = scrubbed({"level": "error"})
    assert found["level"] == "error"
    assert "request" not in found
