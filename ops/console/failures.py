"""Pages for what cannot be shown: unknown, refused, too large, or Redis is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import Flask, make_response, render_template
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from flask import Response

RETRY_AFTER_SECONDS = 5
SAID = {
    404: "There is no such page.",
    405: "This address cannot be used like that.",
    413: "This file is too large. Split it, or raise MAX_BODY_BYTES.",
}
log = structlog.get_logger(__name__)


def answer_failures(app: Flask) -> None:
    """Answer every failure with a page in words; nothing of an exception is shown."""

    @app.errorhandler(RedisError)
    def redis_is_away(exc: RedisError) -> Response:
        log.warning("console_without_redis", error=type(exc).__name__)
        response = _page(503, "Redis does not answer", "")
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response

    @app.errorhandler(HTTPException)
    def refused(exc: HTTPException) -> Response:
        status = exc.code or 500
        said = SAID.get(status) or str(exc.description)
        return _page(status, exc.name, said)

    @app.errorhandler(Exception)
    def broken(exc: Exception) -> Response:
        log.error("console_failed", exc_info=exc)
        said = "The reason stands in the log of the console. Nothing else is affected by it."
        return _page(500, "This page failed", said)


def _page(status: int, title: str, said: str) -> Response:
    return make_response(
        render_template(
            "failure.html", status=status, title=title, said=said, retry=RETRY_AFTER_SECONDS
        ),
        status,
    )
