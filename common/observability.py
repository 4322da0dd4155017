"""Logs and Sentry, without personal data.

One JSON line an event. Addresses are masked whatever library wrote the line, because an exception
text of somebody else's code may hold one.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import sentry_sdk
import structlog

if TYPE_CHECKING:
    from common.config import Settings

_EMAIL = re.compile(r"[^\s\"'<>(){}\[\],;:=]+@[^\s\"'<>(){}\[\],;:=]+\.[^\s\"'<>(){}\[\],;:=]+")
MASK = "[email]"
# The libraries' own chatter about each message; our own lines say what happened.
_QUIET = ("celery.worker.strategy", "celery.app.trace", "kombu", "urllib3", "celery.beat")


def mask_emails(value: Any) -> Any:
    """Return the value with every e-mail address in its strings masked, at any depth."""
    if isinstance(value, str):
        return _EMAIL.sub(MASK, value) if "@" in value else value
    if isinstance(value, dict):
        return {mask_emails(key): mask_emails(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(mask_emails(item) for item in value)
    return value


def _mask_event(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: mask_emails(item) for key, item in event.items() if key != "_record"} | (
        {"_record": event["_record"]} if "_record" in event else {}
    )


def _scrub_sentry(event: Any, _: Any) -> Any:
    """Drop what may hold a person: request bodies, headers, cookies, variables, breadcrumbs."""
    request = event.get("request", {})
    for part in ("data", "cookies", "headers", "env", "query_string"):
        request.pop(part, None)
    event.pop("breadcrumbs", None)
    event.pop("user", None)
    event.get("extra", {}).pop("celery-job", None)
    return mask_emails(event)


def setup(settings: Settings, process: str) -> None:
    """Send log lines to stderr in the configured form, and errors to Sentry if it is set up."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    pretty = settings.log_format == "pretty"
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[
            _mask_event,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _add_process(process),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
            if pretty
            else structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    if settings.log_level != "DEBUG":
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
    if settings.sentry_dsn:
        sentry_sdk.init(
            dsn=settings.sentry_dsn,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            before_send=_scrub_sentry,
        )
        sentry_sdk.set_tag("process", process)


def _add_process(process: str) -> structlog.typing.Processor:
    def add(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process
        return event

    return add
