"""POST /webhooks/koji: analysed interviews (koji.so/docs/webhook-setup).

Koji tries a delivery up to four times and then forgets it, so whatever may be ours and cannot be
stored is answered with an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, Response, g, request

from common.errors import BadPayloadError
from common.koji import inbox_key
from common.koji.envelope import analysed_interview, has_interview
from common.koji.pruning import pruned
from common.messages import ReceivedResult
from ingress.answers import answer, answer_failures, plain_failure
from ingress.body import inflate, parse_json, read_body
from ingress.errors import RefusedError
from ingress.metrics import ACCEPTED
from ingress.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.settings import Settings
    from ingress.storage import Storage

log = structlog.get_logger(__name__)

SOURCE = "koji"
# Where a delivery's id may stand; it is only logged, as one interview has one result.
DELIVERY_HEADERS = ("webhook-id", "svix-id", "X-Koji-Delivery", "X-Koji-Event-Id")
_IN_ENVIRON = [f"HTTP_{name.upper().replace('-', '_')}" for name in DELIVERY_HEADERS]  # PEP 3333
DELIVERY_CHARS = 100


def make_blueprint(
    settings: Settings, storage: Storage, now_seconds: Callable[[], float]
) -> Blueprint:
    """Make the route; the signature comes before the content, the ledger before the answer."""
    blueprint = Blueprint(SOURCE, __name__)
    answer_failures(blueprint, SOURCE, plain_failure)
    accepted = ACCEPTED.labels(SOURCE)

    @blueprint.post("/webhooks/koji")
    def receive_result() -> Response:
        raw = read_body(request, settings.max_body_bytes)
        headers = request.headers
        try:
            verify(headers, raw, settings, now_seconds())
        except RefusedError as exc:
            unsigned = exc.reason == "no_header"
            if unsigned and settings.koji_webhook_setup and not _names_interview(raw):
                return _answer("ignored", "setup_ping")
            raise
        if not raw:
            return _answer("ignored", "empty")
        document = _content(raw)
        interview_id = analysed_interview(document)
        if interview_id is None:
            return _answer("ignored", "other_event")
        now_ms = int(now_seconds() * 1000)
        result = ReceivedResult(interview_id, now_ms, pruned(document), g.trace_id)
        (new,) = storage.keep([(inbox_key(interview_id), result)])
        if new:
            accepted.inc()
        return _answer("accepted" if new else "duplicate", "analysed", interview_id)

    def _content(raw: bytes) -> Any:
        encoding = request.headers.get("Content-Encoding", "")
        return parse_json(inflate(raw, encoding, settings.max_body_bytes))

    def _names_interview(raw: bytes) -> bool:
        try:
            return has_interview(_content(raw))
        except BadPayloadError:
            return False

    return blueprint


def _answer(status: str, what: str, interview_id: str | None = None) -> Response:
    environ = request.environ
    delivery = next((value for name in _IN_ENVIRON if (value := environ.get(name))), None)
    log.info(
        "koji_delivery_answered",
        status=status,
        what=what,
        interview_id=interview_id,
        delivery_id=delivery[:DELIVERY_CHARS] if delivery else None,
    )
    return answer(200, {"status": status})
