"""docs/openapi.yaml against a running ingress: what fits it is understood, as it says."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from ops.local.local_bridge import COHORT_ID
from ops.local.supervised import ROOT
from ops.local.waiting import wait_until
from tests.functional.conftest import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import PreparedRequest

    from ops.local.local_bridge import LocalBridge

DOCUMENT = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.yaml")
TOKEN = "openapi-token"
MOST_BYTES = 50_000
EXAMPLES = 50
WAYS_IN = ["/webhooks/mixpanel/cohorts", "/webhooks/koji", "/members"]
PAGES = ["/healthz", "/readyz", "/metrics"]
CONFORM = [
    CHECKS.get_one(name)
    for name in (
        *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
        *("response_schema_conformance", "response_headers_conformance"),
    )
]
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
UNDERSTOOD = [*CONFORM, CHECKS.get_one("positive_data_acceptance")]


@pytest.fixture(scope="module")
def ingress() -> Iterator[LocalBridge]:
    environ = {"MEMBERS_API_TOKENS": TOKEN, "MAX_BODY_BYTES": str(MOST_BYTES)}
    with running(processes=("ingress",), environ=environ) as local:
        yield local


class Sender(requests.auth.AuthBase):
    """Proves who sends, each in the way of its path."""

    def __init__(self, ingress: LocalBridge) -> None:
        self.ingress = ingress

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        path = request.path_url.partition("?")[0]
        if path == "/webhooks/koji":
            body = request.body or b""
            raw = body.encode() if isinstance(body, str) else bytes(body)
            made = hmac.new(self.ingress.secret.encode(), raw, hashlib.sha256).hexdigest()
            request.headers["X-Koji-Signature"] = made
        elif path == "/members":
            request.headers["Authorization"] = f"Bearer {TOKEN}"
        else:
            requests.auth.HTTPBasicAuth(*self.ingress.credentials)(request)
        return request


def send(ingress: LocalBridge, case: schemathesis.Case, checks: list[Any], **more: Any) -> int:
    """Send a case and hold the answer to the document; returns its status."""
    response = case.call(base_url=ingress.url, timeout=10, **{"auth": Sender(ingress), **more})
    case.validate_response(response, checks=checks)
    return int(response.status_code)


def operation(path: str) -> Any:
    return next(found for one in DOCUMENT.get_all_operations() if (found := one.ok()).path == path)


def documented(path: str) -> set[int]:
    return {int(status) for status in operation(path).definition.raw["responses"]}


@pytest.mark.parametrize("path", WAYS_IN)
def test_whatever_fits_the_document_is_understood(ingress: LocalBridge, path: str) -> None:
    seen: set[int] = set()

    @BOUNDED
    @given(case=operation(path).as_strategy(GenerationMode.POSITIVE), ours=st.booleans())
    def fits(case: schemathesis.Case, *, ours: bool) -> None:
        if ours and path == WAYS_IN[0]:  # a random cohort has no route
            case.body["parameters"]["mixpanel_cohort_id"] = COHORT_ID
        if ours and path == WAYS_IN[1]:
            case.body["event"] = "interview.analysis_ready"
        seen.add(send(ingress, case, UNDERSTOOD))

    fits()
    assert seen == ({200, 404} if path == WAYS_IN[0] else {200})


@pytest.mark.parametrize("path", WAYS_IN)
def test_what_does_not_fit_gets_a_documented_answer(ingress: LocalBridge, path: str) -> None:
    seen: set[int] = set()

    @BOUNDED
    @given(case=operation(path).as_strategy(GenerationMode.NEGATIVE))
    def does_not_fit(case: schemathesis.Case) -> None:
        seen.add(send(ingress, case, CONFORM))

    does_not_fit()
    assert 400 in seen


GOOD: dict[str, Any] = {
    "/webhooks/mixpanel/cohorts": {
        "action": "members",
        "parameters": {"mixpanel_cohort_id": COHORT_ID, "members": []},
    },
    "/webhooks/koji": {"event": "interview.analysis_ready", "data": {"interview_id": "iv-1"}},
    "/members": {"route": "demo", "distinct_id": "a"},
}
NO_ROUTE = {"action": "members", "parameters": {"mixpanel_cohort_id": "9", "members": []}}


@pytest.mark.parametrize("path", WAYS_IN)
def test_every_documented_status_is_met_and_has_its_form(ingress: LocalBridge, path: str) -> None:
    def case(body: Any) -> schemathesis.Case:
        return operation(path).Case(body=body, media_type="application/json")

    met = {
        send(ingress, case(GOOD[path]), CONFORM),
        send(ingress, case(7), CONFORM),
        send(ingress, case(GOOD[path]), CONFORM, auth=None),
        send(ingress, case({"a": "b" * MOST_BYTES}), CONFORM),
    }
    if 404 in documented(path):
        met.add(send(ingress, case(NO_ROUTE), CONFORM))
    assert ingress.supervised is not None
    ingress.supervised.stop_one("redis")
    try:
        conform = [one for one in CONFORM if one is not CHECKS.get_one("not_a_server_error")]
        met.add(send(ingress, case(GOOD[path]), conform))
    finally:
        ingress.supervised.start_one("redis")
        wait_until(ingress.redis_answers, 20, "Redis is back")
    assert met == documented(path)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers_as_documented(ingress: LocalBridge, path: str) -> None:
    assert send(ingress, operation(path).Case(), CONFORM, auth=None) == 200
