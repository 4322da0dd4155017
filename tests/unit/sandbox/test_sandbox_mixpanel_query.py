"""The query of a cohort: page by page, within the hourly limit."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.sandbox.sandbox_harness import Answer, Running

ACCOUNT = {
    "Authorization": "Basic " + base64.b64encode(b"user:key").decode(),
    "Content-Type": "application/x-www-form-urlencoded",
}


def query(sandbox: Running, path: str = "/api/query/engage?project_id=7", **form: Any) -> Answer:
    body = urlencode(form).encode()
    return sandbox.mixpanel.call("POST", path, body, ACCOUNT)


def load(sandbox: Running, count: int, cohort_id: str = "5") -> Any:
    members = [
        {"distinct_id": f"u-{number}", "properties": {"$email": f"{number}@example.com", "plan": 1}}
        for number in range(count)
    ]
    return sandbox.mixpanel.post(
        "/_sandbox/mixpanel/cohorts", {"id": cohort_id, "members": members}
    )


def test_a_cohort_comes_in_pages_of_1000_under_one_session(sandbox: Running) -> None:
    load(sandbox, 2300)
    cohort = json.dumps({"id": 5})
    first = query(sandbox, filter_by_cohort=cohort).json
    pages = [first] + [
        query(sandbox, filter_by_cohort=cohort, session_id=first["session_id"], page=number).json
        for number in (1, 2)
    ]

    assert [len(page["results"]) for page in pages] == [1000, 1000, 300]
    assert [page["page"] for page in pages] == [0, 1, 2]
    assert {(page["page_size"], page["total"], page["status"]) for page in pages} == {
        (1000, 2300, "ok")
    }
    found = [item["$distinct_id"] for page in pages for item in page["results"]]
    assert found == [f"u-{number}" for number in range(2300)]


def test_a_session_shows_the_cohort_as_it_was_on_the_first_page(sandbox: Running) -> None:
    load(sandbox, 1001)
    session_id = query(sandbox, filter_by_cohort='{"id": 5}').json["session_id"]
    load(sandbox, 1)

    second = query(sandbox, filter_by_cohort='{"id": 5}', session_id=session_id, page=1).json
    assert (len(second["results"]), second["total"]) == (1, 1001)


def test_only_the_wanted_properties_are_told_and_engage_writes_are_among_them(
    sandbox: Running,
) -> None:
    load(sandbox, 1)
    sandbox.mixpanel.post(
        "/engage", [{"$token": "t", "$distinct_id": "u-0", "$set": {"plan": 2, "extra": 3}}]
    )
    told = query(sandbox, filter_by_cohort='{"id": 5}', output_properties='["$email","plan"]').json

    properties = {"$email": "0@example.com", "plan": 2}
    assert told["results"] == [{"$distinct_id": "u-0", "$properties": properties}]


@pytest.mark.parametrize(("include", "ids"), [("true", [4, "u"]), ("false", ["u"])])
def test_members_without_a_profile_are_included_unless_it_is_forbidden(
    sandbox: Running, include: str, ids: list[Any]
) -> None:
    members = [{"distinct_id": 4}, {"distinct_id": "u", "properties": {"plan": 1}}]
    sandbox.mixpanel.post("/_sandbox/mixpanel/cohorts", {"id": 5, "members": members})

    told = query(sandbox, filter_by_cohort='{"id": 5}', include_all_users=include).json
    assert [item["$distinct_id"] for item in told["results"]] == ids


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"filter_by_cohort": '{"id": 6}'}, 404),
        ({"filter_by_cohort": "5"}, 400),
        ({"filter_by_cohort": "no json"}, 400),
        ({"page": "1"}, 400),
        ({"page": "1", "session_id": "unknown"}, 400),
        ({"output_properties": '"$email"'}, 400),
        ({"where": 'properties["a"] == 1'}, 400),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(
    sandbox: Running, form: dict[str, str], status: int
) -> None:
    answer = query(sandbox, **form)

    assert answer.status == status
    assert set(answer.json) == {"request", "error"}


def test_only_a_service_account_with_a_project_may_query(
    start_sandbox: Callable[..., Running],
) -> None:
    sandbox = start_sandbox(service_account="user:key")
    path = "/api/query/engage?project_id=7"

    assert query(sandbox).status == 200
    assert query(sandbox, "/api/query/engage").status == 400
    assert sandbox.mixpanel.call("POST", path, b"").status == 401


def test_the_61st_query_of_an_hour_is_refused_in_the_words_of_mixpanel(
    start_sandbox: Callable[..., Running],
) -> None:
    sandbox = start_sandbox(query_limit=2)
    answers = [query(sandbox) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].json["error"].startswith("Query rate limit exceeded for project_id: 7. ")
    assert "3/2 queries running in the last hour" in answers[2].json["error"]


def test_the_cohorts_are_listed(sandbox: Running) -> None:
    load(sandbox, 3)
    [cohort] = query(sandbox, "/api/query/cohorts/list?project_id=7").json

    assert (cohort["id"], cohort["count"], cohort["project_id"]) == (5, 3, 7)


@pytest.mark.parametrize(
    "body", [{}, {"id": 5}, {"id": 5, "members": [{}]}, {"id": 5, "members": ["u"]}]
)
def test_what_is_not_a_cohort_is_not_loaded(sandbox: Running, body: object) -> None:
    assert sandbox.mixpanel.call("POST", "/_sandbox/mixpanel/cohorts", body).status == 400
