"""POST /members: people from reverse ETL, Zapier, Make or a script, without a Mixpanel cohort."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, Response, g, request

from common.messages import CohortPage
from ingress.answers import answer, answer_failures, plain_failure
from ingress.body import inflate, parse_json, read_body
from ingress.credentials import check_bearer
from ingress.members_payload import Row, parse_rows
from ingress.metrics import ACCEPTED, MEMBERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config
    from ingress.storage import Storage

log = structlog.get_logger(__name__)

SOURCE = "members"
PAGE_MEMBERS = 1000  # as many as Mixpanel sends a call


def make_blueprint(config: Config, storage: Storage, now_seconds: Callable[[], float]) -> Blueprint:
    """Make the route; the token comes before the content, the ledger before the answer."""
    blueprint = Blueprint(SOURCE, __name__)
    answer_failures(blueprint, SOURCE, plain_failure, {"WWW-Authenticate": 'Bearer realm="bridge"'})
    settings = config.settings

    @blueprint.post("/members")
    def receive_members() -> Response:
        raw = read_body(request, settings.max_body_bytes)
        check_bearer(request.headers, settings.members_api_tokens)
        encoding = request.headers.get("Content-Encoding", "")
        body = parse_json(inflate(raw, encoding, settings.max_body_bytes))
        rows, rejected = parse_rows(body, config.routes, request.args.get("route"))
        pages = _pages(rows, int(now_seconds() * 1000))
        if pages:
            storage.keep([(f"page:{uuid.uuid4().hex}", page) for page in pages])
            ACCEPTED.labels(SOURCE).inc(len(pages))
            MEMBERS.labels(SOURCE).inc(len(rows))
        log.info("members_accepted", accepted=len(rows), rejected=len(rejected), pages=len(pages))
        return answer(200, {"accepted": len(rows), "rejected": rejected})

    return blueprint


def _pages(rows: list[Row], received_at_ms: int) -> list[CohortPage]:
    """Group rows by route, in pages of the size that Mixpanel's have."""
    by_route: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    for row in rows:
        cohort_id = row.route.cohort_id or ""
        by_route.setdefault(row.route.name, (cohort_id, []))[1].append(row.member)
    return [
        CohortPage(
            action="add_members",
            route=name,
            cohort_id=cohort_id,
            members=members[start : start + PAGE_MEMBERS],
            received_at_ms=received_at_ms,
            source=SOURCE,
            trace_id=g.trace_id,
        )
        for name, (cohort_id, members) in by_route.items()
        for start in range(0, len(members), PAGE_MEMBERS)
    ]
