"""JSON answers, and what each failure looks like from outside."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from flask import Response, request
from werkzeug.exceptions import HTTPException

from common.errors import BadPayloadError, StorageUnavailableError
from ingress.errors import NoRouteError, RefusedError, TooLargeError
from ingress.metrics import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Blueprint, Flask

log = structlog.get_logger(__name__)

RETRY_AFTER = {"Retry-After": "5"}
SERVER_ERROR = 500
FRAMES_LOGGED = 5
_STATUS: Mapping[type[Exception], int] = {
    BadPayloadError: 400,
    NoRouteError: 404,
    TooLargeError: 413,
}


@dataclass(frozen=True)
class Problem:
    """A failure as the caller may know it: HTTP status, a text without personal data, headers."""

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Make a JSON response."""
    own = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status, {**own, **headers} if headers else own)


def plain_failure(problem: Problem) -> Response:
    """Answer in the form of every route but Mixpanel's."""
    error = {"message": problem.message, "code": problem.status}
    return answer(problem.status, {"status": "error", "error": error}, problem.headers)


def explain(error: Exception) -> Problem:
    """Say what a failure means over HTTP: 503 is the only 5xx, so that senders try again."""
    match error:
        case BadPayloadError() | NoRouteError() | TooLargeError():
            return Problem(_STATUS[type(error)], str(error))
        case RefusedError():
            return Problem(401, "Not authorized.")
        case StorageUnavailableError():
            return Problem(503, str(error), RETRY_AFTER)
        case HTTPException(code=int(code)) if code < SERVER_ERROR:
            headers = {k: v for k, v in error.get_headers() if k != "Content-Type"}
            return Problem(code, f"{error.name}.", headers)
        case _:
            return Problem(503, "Something went wrong here; please send it again.", RETRY_AFTER)


def answer_failures(
    app: Flask | Blueprint,
    source: str,
    form: Callable[[Problem], Response],
    refused_headers: Mapping[str, str] | None = None,
) -> None:
    """Answer whatever a view raises in `form`; log and count refusals and surprises."""

    def handle(error: Exception) -> Response:
        problem = explain(error)
        if isinstance(error, RefusedError):
            REFUSED.labels(source, error.reason).inc()
            # Names only: which header really came is what an operator needs to see.
            names = sorted(request.headers.keys())
            log.warning("request_refused", source=source, reason=error.reason, headers=names)
            problem = Problem(problem.status, problem.message, refused_headers or {})
        elif isinstance(error, BadPayloadError | NoRouteError | TooLargeError):
            log.warning("payload_rejected", source=source, status=problem.status, why=str(error))
        elif isinstance(error, StorageUnavailableError):
            log.error("payload_not_stored", source=source, why=type(error.__cause__).__name__)
        elif not isinstance(error, HTTPException):
            # Without the exception's text: it may quote the payload.
            frames = traceback.format_tb(error.__traceback__)[-FRAMES_LOGGED:]
            log.error("request_failed", source=source, error=type(error).__name__, frames=frames)
        return form(problem)

    app.register_error_handler(Exception, handle)
