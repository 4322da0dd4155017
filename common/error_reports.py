"""Error reports to Sentry, without personal data; it is only imported where SENTRY_DSN is set.

What is sent: the place in the code, the name of the log line, the type of the exception, and as
tags the route, lane and key it was about. Nothing that a partner or a member sent goes along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

import common
from common.masking import mask_emails

if TYPE_CHECKING:
    import logging

    from common.settings import Settings

TAGS = ("route", "lane", "key", "trace_id", "interview_id", "source", "reason", "status")
NOT_SENT = "[not sent]"
# Whose exceptions speak of connections, commands and code, never of people.
_TRUSTED = ("common.", "ingress.", "workers.", "redis.", "kombu.", "celery.", "billiard.")
_REQUEST_PARTS = ("method", "url")


def setup_error_reports(settings: Settings, process: str) -> None:
    """Report errors of this process, if a DSN is set."""
    if not settings.sentry_dsn:
        return
    import sentry_sdk  # noqa: PLC0415 - ten megabytes that most processes can do without

    # Flask and Celery are found and watched by themselves (docs.sentry.io/platforms/python).
    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        release=f"bridge@{common.__version__}",
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=scrub,
    )
    sentry_sdk.set_tag("process", process)


def scrub(event: Any, hint: Any) -> Any:
    """Leave of an event only what cannot hold a person (Sentry's `before_send`)."""
    for part in ("breadcrumbs", "user", "extra", "modules"):
        event.pop(part, None)
    contexts = event.get("contexts", {})
    event["contexts"] = {k: contexts[k] for k in ("trace", "runtime") if k in contexts}
    if "request" in event:
        request = event["request"]
        event["request"] = {k: request[k] for k in _REQUEST_PARTS if k in request}
        if "url" in event["request"]:
            event["request"]["url"] = request["url"].partition("?")[0]
    for exception in event.get("exception", {}).get("values", []):
        if not f"{exception.get('module') or ''}.".startswith(_TRUSTED):
            exception["value"] = NOT_SENT
        for frame in exception.get("stacktrace", {}).get("frames", []):
            frame.pop("vars", None)
    told = _told(hint)
    if "logentry" in event:
        event["logentry"] = {"message": told.get("event", NOT_SENT)}
    event.pop("message", None)
    tags = {name: str(told[name]) for name in TAGS if told.get(name) not in {None, ""}}
    event["tags"] = {**event.get("tags", {}), **tags}
    # The release is left as it is: name@version looks like an address.
    return {name: one if name == "release" else mask_emails(one) for name, one in event.items()}


def _told(hint: Any) -> dict[str, Any]:
    """Return what our own log line said, on top of what the thread is working on."""
    record: logging.LogRecord | None = (hint or {}).get("log_record")
    bound = structlog.contextvars.get_contextvars()
    if record is None:
        return bound
    if isinstance(record.msg, dict):
        return {**bound, **record.msg}
    # A library's line: its template is code, its arguments are not.
    return {**bound, "event": f"{record.name}: {record.msg}" if record.args else record.name}
