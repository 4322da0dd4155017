"""POST /webhooks/mixpanel/cohorts: Mixpanel's Cohort Sync.

Mixpanel shows `error.message` to its users, pauses the sync on 400, 401 and 404, and tries again
on 5xx (docs.mixpanel.com/docs/cohort-sync/webhooks).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, g, request

from common.messages import CohortPage
from ingress.answers import Problem, answer, answer_failures
from ingress.body import inflate, parse_json, read_body
from ingress.cohort_payload import CohortCall, known_action, parse_cohort
from ingress.credentials import check_basic
from ingress.errors import NoRouteError
from ingress.metrics import ACCEPTED, MEMBERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config
    from common.routes import Route
    from ingress.storage import Storage

log = structlog.get_logger(__name__)

SOURCE = "mixpanel"


def make_blueprint(config: Config, storage: Storage, now_seconds: Callable[[], float]) -> Blueprint:
    """Make the route; the password comes before the content, the ledger before the answer."""
    blueprint = Blueprint(SOURCE, __name__)
    answer_failures(
        blueprint, SOURCE, _failure, {"WWW-Authenticate": 'Basic realm="bridge", charset="UTF-8"'}
    )
    most_bytes = config.settings.max_body_bytes

    @blueprint.post("/webhooks/mixpanel/cohorts")
    def receive_cohort_page() -> Response:
        raw = read_body(request, most_bytes)
        check_basic(request.headers, config.settings.mixpanel_webhook_credentials)
        document = parse_json(inflate(raw, request.headers.get("Content-Encoding", ""), most_bytes))
        g.action = known_action(document)
        call = parse_cohort(document)
        route = config.routes.for_cohort(call.cohort_id, call.cohort_name)
        if route is not None:
            page = _page(call, route, int(now_seconds() * 1000))
            # Mixpanel re-sends people, not pages: what makes it safe is the invitation's key.
            storage.keep([(f"page:{uuid.uuid4().hex}", page)])
            ACCEPTED.labels(SOURCE).inc()
            MEMBERS.labels(SOURCE).inc(len(call.members))
        elif call.action != "remove_members":
            raise NoRouteError(_no_route(call))
        log.info(
            "cohort_page_accepted",
            action=call.action,
            route=route.name if route else None,
            cohort_id=call.cohort_id,
            session_id=call.session_id,
            page=call.page,
            total_pages=call.total_pages,
            members=len(call.members),
        )
        return answer(200, {"action": call.action, "status": "success"})

    return blueprint


def _page(call: CohortCall, route: Route, received_at_ms: int) -> CohortPage:
    return CohortPage(
        action=call.action,
        route=route.name,
        cohort_id=call.cohort_id,
        members=call.members,
        received_at_ms=received_at_ms,
        session_id=call.session_id,
        page=call.page,
        total_pages=call.total_pages,
        trace_id=g.trace_id,
    )


def _failure(problem: Problem) -> Response:
    error = {"message": problem.message, "code": problem.status}
    body = {"action": g.get("action", ""), "status": "failure", "error": error}
    return answer(problem.status, body, problem.headers)


def _no_route(call: CohortCall) -> str:
    named = " ".join(
        part
        for part in (call.cohort_id, f'"{call.cohort_name}"' if call.cohort_name else "")
        if part
    )
    key = (
        f'cohort_id = "{call.cohort_id}"'
        if call.cohort_id
        else f'cohort_name = "{call.cohort_name}"'
    )
    return (
        f"No Koji study is connected to cohort {named}. Add a [[routes]] table with {key} to the "
        "bridge's routes.toml, restart the bridge, then resume this sync."
    )
