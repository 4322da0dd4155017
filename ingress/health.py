"""Whether the process lives, whether it can store, and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from redis.exceptions import RedisError

from ingress.answers import RETRY_AFTER, answer
from ingress.metrics import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

log = structlog.get_logger(__name__)


def make_blueprint(redis: Redis, *, several_processes: bool, extra: Callable[[], str]) -> Blueprint:
    """Make /healthz, /readyz and /metrics; `extra` returns figures of the whole fleet."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        """Answer as long as the process does: restarting it would not bring Redis back."""
        return answer(200, {"status": "ok"})

    @blueprint.get("/readyz")
    def readyz() -> Response:
        """Answer 503 while nothing could be stored."""
        try:
            redis.ping()
        except RedisError as exc:
            reason = f"Redis does not answer ({type(exc).__name__})."
            return answer(503, {"status": "unavailable", "reason": reason}, RETRY_AFTER)
        return answer(200, {"status": "ready"})

    @blueprint.get("/metrics")
    def metrics() -> Response:
        """Answer with the figures of ingress, and of the fleet where they can be had."""
        text = render(several_processes=several_processes)
        try:
            text += extra()
        except Exception as exc:  # noqa: BLE001 - our own figures matter most when the rest is down
            log.warning("fleet_figures_missing", error=type(exc).__name__)
        return Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return blueprint
