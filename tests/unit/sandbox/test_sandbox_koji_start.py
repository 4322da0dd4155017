"""Starting interviews: who may, what is understood, how often, and who has one already."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.sandbox.sandbox_harness import Running

FLAT = {
    "project_id": "st_1",
    "study_id": "st_1",
    "respondent_email": "jane@example.com",
    "respondent_id": "u-1",
    "respondent_name": "Jane",
    "metadata": {"plan": "pro"},
    "mode": "voice",
    "language": "en",
}
NESTED = {
    "respondent": {"external_id": "u-1", "display_name": "Jane", "metadata": {"plan": "pro"}},
    "mode": "text",
    "locale": "en",
}


@pytest.mark.parametrize("body", [FLAT, NESTED, FLAT | NESTED, {}])
def test_nested_flat_and_union_bodies_start_an_interview(sandbox: Running, body: object) -> None:
    answer = sandbox.start(body)

    assert answer.status == 201
    assert set(answer.json) == {"interview_id", "session_token", "initial_message"}
    assert str(uuid.UUID(answer.json["interview_id"])) == answer.json["interview_id"]


def test_a_start_is_recorded_as_it_came(sandbox: Running) -> None:
    before = time.time()
    started = sandbox.start(FLAT | NESTED, headers={"Idempotency-Key": "abc"})

    [record] = sandbox.koji.get("/_sandbox/koji/starts")
    assert before <= record.pop("at") <= time.time()
    assert record == {
        "key": sandbox.key,
        "status": 201,
        "study": "st_1",
        "external_id": "u-1",
        "email": "jane@example.com",
        "idempotency_key": "abc",
        "interview_id": started.json["interview_id"],
        "duplicate": False,
        "fault": None,
    }
    assert sandbox.koji.get("/_sandbox/koji/bodies?limit=5") == [FLAT | NESTED]
    assert sandbox.koji.get(f"/_sandbox/koji/starts?since={time.time()}") == []


def test_without_a_study_the_key_stands_for_one(sandbox: Running) -> None:
    sandbox.start(NESTED, key="a")
    sandbox.start(NESTED, key="a")
    sandbox.start(NESTED, key="b")

    studies = [record["study"] for record in sandbox.koji.get("/_sandbox/koji/starts")]
    assert studies[0] == studies[1] != studies[2]


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer wrong", "Basic pk_right"])
def test_a_call_without_an_accepted_key_is_unauthorized(
    start_sandbox: Callable[..., Running], authorization: str
) -> None:
    sandbox = start_sandbox(api_key=("pk_right",))
    answer = sandbox.koji.call(
        "POST", "/api/v1/interviews/start", NESTED, {"Authorization": authorization}
    )

    assert answer.status == 401
    assert answer.json["error"] == "unauthorized"
    assert sandbox.start(NESTED, key="pk_right").status == 201
    assert sandbox.summary()["unauthorized"] == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", [], "text", {"respondent": "Jane"}, {"mode": "video"}, {"study_id": 5}],
)
def test_a_body_that_is_not_understood_is_a_400_that_starts_nothing(
    sandbox: Running, body: object
) -> None:
    answer = sandbox.start(body)

    assert answer.status == 400
    assert set(answer.json) == {"error", "message"}
    assert sandbox.summary()["started"] == 0
    assert sandbox.summary()["rejected"] == 1


def test_every_answer_carries_the_rate_headers_and_the_excess_is_a_429(
    start_sandbox: Callable[..., Running],
) -> None:
    sandbox = start_sandbox(rate_limit=2)
    now = time.time()
    answers = [sandbox.start(FLAT), sandbox.start(b"no json"), sandbox.start(NESTED)]

    assert [answer.status for answer in answers] == [201, 400, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"2"}
    assert all(59 < int(a.headers["X-RateLimit-Reset"]) - now < 63 for a in answers)
    assert "Retry-After" not in answers[2].headers
    assert answers[2].json == {
        "error": "rate_limited",
        "message": "Rate limit exceeded. Please retry after the window resets.",
    }
    assert sandbox.start(NESTED, key="another").status == 201


def test_the_window_of_a_key_can_be_used_up_beforehand(
    start_sandbox: Callable[..., Running],
) -> None:
    sandbox = start_sandbox(rate_limit=2)

    assert sandbox.koji.post("/_sandbox/koji/window", {"key": "pk_test"}) == {"key": "pk_test"}

    # One of the two calls is a window old by now, the other half a window.
    assert [sandbox.start(FLAT).status, sandbox.start(NESTED).status] == [201, 429]
    assert sandbox.start(NESTED, key="another").status == 201
    assert sandbox.koji.call("POST", "/_sandbox/koji/window", {}).status == 400


def test_who_waits_until_the_reset_is_admitted(start_sandbox: Callable[..., Running]) -> None:
    sandbox = start_sandbox(rate_limit=1, rate_window_seconds=0.2)
    sandbox.start(FLAT)
    refused = sandbox.start(NESTED)
    while time.time() < int(refused.headers["X-RateLimit-Reset"]):
        time.sleep(0.01)

    assert refused.status == 429
    assert sandbox.start(NESTED).status == 201


def test_an_interview_can_be_read_before_and_after_its_analysis(sandbox: Running) -> None:
    interview_id = sandbox.start(FLAT).json["interview_id"]
    path = f"/api/v1/interviews/{interview_id}"
    bearer = {"Authorization": f"Bearer {sandbox.key}"}

    assert sandbox.koji.call("GET", path, headers=bearer).json["status"] == "active"
    sandbox.koji.post("/_sandbox/koji/complete", {"interview_id": interview_id})
    read = sandbox.koji.call("GET", path, headers=bearer).json

    assert read["status"] == "completed"
    assert (read["respondent_id"], read["study_id"], read["mode"]) == ("u-1", "st_1", "voice")
    assert sandbox.koji.call("GET", path).status == 401
    unknown = sandbox.koji.call("GET", f"/api/v1/interviews/{uuid.uuid4()}", headers=bearer)
    assert unknown.status == 404


def test_the_pace_tells_the_most_calls_of_any_window(start_sandbox: Callable[..., Running]) -> None:
    sandbox = start_sandbox(rate_limit=2)
    for key in ("a", "a", "a", "b"):
        sandbox.start(NESTED, key=key)

    pace = sandbox.koji.get("/_sandbox/koji/pace?window_seconds=60")
    assert (pace["max_calls"], pace["max_admitted"]) == (4, 3)
    assert pace["keys"]["a"] == {"max_calls": 3, "max_admitted": 2}
    assert sum(second["admitted"] for second in pace["per_second"]) == 3
