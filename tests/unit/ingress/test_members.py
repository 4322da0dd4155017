from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest
import structlog

from common.messages import CohortPage


def test_a_row_becomes_a_page_of_its_route(bench: Any, people: Any) -> None:
    answer = people.post()
    assert (answer.status_code, answer.json) == (200, {"accepted": 1, "rejected": []})
    ((key, page),) = bench.stored().items()
    assert key.startswith("page:")
    assert page == CohortPage(
        action="add_members",
        route="activation",
        cohort_id="5167408",
        members=[{"plan": "pro", "mixpanel_distinct_id": "u-1", "email": "ann@example.com"}],
        received_at_ms=1_780_000_000_000,
        source="members",
        trace_id=page.trace_id,
    )
    assert bench.wakes == ["wake"]


def test_rows_are_grouped_by_route_in_one_step(bench: Any, people: Any) -> None:
    other = {"route": "power-users", "distinct_id": "u-2"}
    people.body = [people.body, other, people.body, {"route": "nowhere"}, 5]
    answer = people.post()
    assert answer.json["accepted"] == 3
    assert [one["index"] for one in answer.json["rejected"]] == [3, 4]
    pages = {page.route: page for page in bench.stored().values()}
    assert {name: len(page.members) for name, page in pages.items()} == {
        "activation": 2,
        "power-users": 1,
    }
    assert pages["power-users"].cohort_id == ""


def test_many_rows_are_stored_in_pages_of_a_thousand(bench: Any, people: Any) -> None:
    bench.configure(max_body_bytes=1_000_000)
    people.body = [{"route": "activation", "distinct_id": str(n + 1)} for n in range(2001)]
    assert people.post().json["accepted"] == 2001
    assert sorted(len(page.members) for page in bench.stored().values()) == [1, 1000, 1000]


@pytest.mark.parametrize("body", [[], [{"route": "nowhere"}], {"members": []}])
def test_without_an_accepted_row_nothing_is_stored(bench: Any, people: Any, body: Any) -> None:
    people.body = body
    answer = people.post()
    assert (answer.status_code, answer.json["accepted"]) == (200, 0)
    assert bench.stored() == {}
    assert bench.wakes == []


@pytest.mark.parametrize("raw", [b"", b"{", b"5", b'{"members": 5}', b"\xff"])
def test_what_is_not_understood_is_400(bench: Any, people: Any, raw: bytes) -> None:
    answer = people.post(raw)
    assert answer.status_code == 400
    assert answer.json["status"] == "error"
    assert answer.json["error"]["code"] == 400
    assert bench.stored() == {}


def test_a_gzip_body_is_accepted(people: Any) -> None:
    people.headers["Content-Encoding"] = "gzip"
    assert people.post(gzip.compress(orjson.dumps(people.body))).json["accepted"] == 1


@pytest.mark.parametrize("authorization", ["", "Bearer other", "Basic token-one", "token-one"])
def test_without_a_token_it_is_401(bench: Any, people: Any, authorization: str) -> None:
    people.headers["Authorization"] = authorization
    answer = people.post(b"not even json")
    assert answer.status_code == 401
    assert answer.json == {"status": "error", "error": {"message": "Not authorized.", "code": 401}}
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert bench.stored() == {}


def test_each_token_is_accepted(people: Any) -> None:
    people.headers["Authorization"] = "Bearer token-two"
    assert people.post().status_code == 200


def test_without_configured_tokens_the_route_is_off(bench: Any, people: Any) -> None:
    bench.configure(members_api_tokens=())
    assert people.post().status_code == 404
    assert bench.client.get("/members").status_code == 404


def test_a_broken_redis_is_503_with_retry_after(bench: Any, people: Any) -> None:
    bench.break_redis()
    answer = people.post()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_the_log_counts_people_and_names_none(people: Any) -> None:
    with structlog.testing.capture_logs() as logs:
        people.post()
    (line,) = logs
    assert (line["accepted"], line["rejected"]) == (1, 0)
    assert "ann" not in str(line)
