"""Logs, without personal data.

One JSON line an event. Addresses are masked whatever library wrote the line, because an exception
text of somebody else's code may hold one.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from common.error_reports import setup_error_reports
from common.log_lines import StderrHandler, make_lines, render_everyday
from common.masking import mask_emails

if TYPE_CHECKING:
    from common.settings import Settings

# The libraries' own chatter about each message; our own lines say what happened.
_QUIET = ("celery.worker.strategy", "celery.app.trace", "kombu", "urllib3", "celery.beat")


def _mask_event(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: mask_emails(item) for key, item in event.items() if key != "_record"} | (
        {"_record": event["_record"]} if "_record" in event else {}
    )


def setup(settings: Settings, process: str) -> None:
    """Send log lines to stderr in the configured form, and errors to Sentry if it is set up."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderers: list[structlog.typing.Processor] = [
        _add_process(process),
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if settings.log_format == "pretty"
        else structlog.processors.JSONRenderer(serializer=_json),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            render_everyday(_mask_event, renderers),
        ],
        logger_factory=make_lines,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[
            _mask_event,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *renderers,
        ],
    )
    handler = StderrHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    if settings.log_level != "DEBUG":
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
    setup_error_reports(settings, process)


def _add_process(process: str) -> structlog.typing.Processor:
    def add(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process
        return event

    return add


def _json(event: structlog.typing.EventDict, **_: Any) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
