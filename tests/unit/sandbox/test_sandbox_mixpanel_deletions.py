"""A deletion by the GDPR API: whom it names is gone, whoever is not named stays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.sandbox.sandbox_harness import Answer, Running

PATH = "/api/app/data-deletions/v3.0/"
BEARER = {"Authorization": "Bearer oauth", "Content-Type": "application/json"}


@pytest.fixture
def sandbox(start_sandbox: Callable[..., Running]) -> Running:
    return start_sandbox(project_token="token")


def ask(sandbox: Running, body: Any, query: str = "?token=token", **headers: str) -> Answer:
    return sandbox.mixpanel.call("POST", PATH + query, body, BEARER | headers)


def test_events_and_profiles_of_the_named_go_and_the_task_is_told(sandbox: Running) -> None:
    auth = {"Authorization": "Basic dG9rZW46"}
    events = [
        {
            "event": "x",
            "properties": {"time": int(time.time()), "distinct_id": who, "$insert_id": f"i-{who}"},
        }
        for who in ("u-1", "u-2")
    ]
    assert sandbox.mixpanel.call("POST", "/import?strict=1", events, auth).status == 200
    profiles = [
        {"$token": "token", "$distinct_id": who, "$set": {"a": 1}} for who in ("u-1", "u-2")
    ]
    sandbox.mixpanel.call("POST", "/engage?verbose=1", profiles)
    answer = ask(sandbox, {"distinct_ids": ["u-1", "u-9"], "compliance_type": "CCPA"})
    assert answer.status == 201
    for path in ("events", "events/raw"):
        kept = sandbox.mixpanel.get(f"/_sandbox/mixpanel/{path}")
        assert [event["properties"]["distinct_id"] for event in kept] == ["u-2"]
    kept = sandbox.mixpanel.get("/_sandbox/mixpanel/profiles")
    assert [profile["$distinct_id"] for profile in kept] == ["u-2"]
    task = answer.json["results"]["task_id"]
    told = sandbox.mixpanel.call("GET", f"{PATH}{task}?token=token", None, BEARER)
    assert told.json["results"]["status"] == "SUCCESS"
    assert told.json["results"]["compliance_type"] == "CCPA"


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [("?token=other", {}, 401), ("", {}, 401), ("?token=token", {"Authorization": "Bearer "}, 401)],
)
def test_both_tokens_have_to_be_right(
    sandbox: Running, query: str, headers: dict[str, str], status: int
) -> None:
    body = {"distinct_ids": ["u"], "compliance_type": "GDPR"}
    assert ask(sandbox, body, query, **headers).status == status


@pytest.mark.parametrize(
    "body", [{}, {"distinct_ids": []}, [], b"x", {"distinct_ids": ["u"], "compliance_type": "x"}]
)
def test_what_names_nobody_or_no_law_is_refused(sandbox: Running, body: Any) -> None:
    assert ask(sandbox, body).status == 400


def test_a_task_that_nobody_made_is_not_found(sandbox: Running) -> None:
    assert sandbox.mixpanel.call("GET", f"{PATH}nope?token=token", None, BEARER).status == 404
