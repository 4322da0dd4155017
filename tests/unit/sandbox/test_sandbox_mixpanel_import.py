"""Imports: who may, what a valid event is, and that the good ones of a bad batch are kept."""

from __future__ import annotations

import base64
import gzip
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.sandbox.sandbox_harness import Answer, Running


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def event(
    insert_id: str = "id-1", name: str = "Koji Interview Completed", **properties: Any
) -> dict[str, Any]:
    known = {"time": int(time.time()) - 60, "distinct_id": "u-1", "$insert_id": insert_id}
    return {"event": name, "properties": known | properties}


def send(
    sandbox: Running,
    events: list[Any],
    query: str = "strict=1",
    headers: dict[str, str] | None = None,
) -> Answer:
    body = gzip.compress(json.dumps(events).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"} | (
        headers or basic("token:")
    )
    return sandbox.mixpanel.call("POST", f"/import?{query}", body, headers)


def test_good_events_are_kept_where_a_bad_one_makes_the_answer_a_400(sandbox: Running) -> None:
    events = [event("id-1"), event("id-2", time="soon"), event("id-3")]
    answer = send(sandbox, events)

    assert answer.status == 400
    assert answer.json == {
        "code": 400,
        "error": "some data points in the request failed validation",
        "failed_records": [
            {
                "index": 1,
                "$insert_id": "id-2",
                "field": "properties.time",
                "message": "'properties.time' is invalid: must be specified as seconds since epoch",
            }
        ],
        "num_records_imported": 2,
        "status": "Bad Request",
    }
    kept = sandbox.mixpanel.get("/_sandbox/mixpanel/events")
    assert [item["properties"]["$insert_id"] for item in kept] == ["id-1", "id-3"]
    assert sandbox.mixpanel.get("/_sandbox/mixpanel/summary")["rejected_records"] == 1


def test_a_good_batch_is_a_200(sandbox: Running) -> None:
    answer = send(sandbox, [event("id-1"), event("id-2")])

    assert answer.status == 200
    assert answer.json == {"code": 200, "num_records_imported": 2, "status": "OK"}


def test_lines_of_json_are_imported_too(sandbox: Running) -> None:
    body = "\n".join(json.dumps(event(f"id-{number}")) for number in range(3)).encode()
    headers = {"Content-Type": "application/x-ndjson"} | basic("token:")

    answer = sandbox.mixpanel.call("POST", "/import?strict=1", body, headers)
    assert answer.json["num_records_imported"] == 3


def test_a_long_property_is_stored_cut(sandbox: Running) -> None:
    send(sandbox, [event(transcript_url="https://koji.example/" + "x" * 300)])

    [kept] = sandbox.mixpanel.get("/_sandbox/mixpanel/events")
    assert len(kept["properties"]["transcript_url"]) == 255


def test_a_time_in_the_next_hour_is_stored_as_now(sandbox: Running) -> None:
    send(sandbox, [event(time=int(time.time()) + 3000)])

    [kept] = sandbox.mixpanel.get("/_sandbox/mixpanel/events")
    assert kept["properties"]["time"] <= time.time()


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        (basic("token:"), "strict=1", 200),
        (basic("user:key"), "strict=1&project_id=7", 200),
        (basic("user:key"), "strict=1", 400),
        (basic("other:"), "strict=1", 401),
        (basic("user:wrong"), "strict=1&project_id=7", 401),
        ({"Authorization": "Bearer token"}, "strict=1", 401),
        ({"Authorization": "Basic !"}, "strict=1", 401),
    ],
)
def test_a_project_token_or_a_service_account_may_import(
    start_sandbox: Callable[..., Running], headers: dict[str, str] | None, query: str, status: int
) -> None:
    sandbox = start_sandbox(project_token="token", service_account="user:key")
    answer = send(sandbox, [event()], query, headers)

    assert answer.status == status
    failures = sandbox.mixpanel.get("/_sandbox/mixpanel/summary")["auth_failures"]
    assert failures == (status == 401)
    if status == 401:
        expected = {"code": 401, "error": "Invalid credentials", "status": "Unauthorized"}
        assert answer.json == expected


def test_a_batch_over_2_mib_uncompressed_is_a_413(sandbox: Running) -> None:
    answer = send(sandbox, [event(f"id-{number}", text="x" * 1500) for number in range(1500)])

    assert answer.status == 413
    assert answer.json == {
        "code": 413,
        "error": "request exceeds max limit of 2097152 bytes",
        "status": "Request Entity Too Large",
    }


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"[]", mtime=0)[:-5], gzip.compress(b"{}", mtime=0)],
    ids=["no gzip", "cut short", "no list"],
)
def test_a_body_that_cannot_be_read_is_a_400(sandbox: Running, body: object) -> None:
    headers = {"Content-Encoding": "gzip"} | basic("token:")
    answer = sandbox.mixpanel.call("POST", "/import?strict=1", body, headers)

    assert answer.status == 400
    assert "failed_records" not in answer.json


def test_more_than_2000_events_are_refused(sandbox: Running) -> None:
    assert send(sandbox, [event(f"id-{number}") for number in range(2000)]).status == 200
    assert send(sandbox, [event(f"id-{number}") for number in range(2001)]).status == 400


def test_a_repeat_is_stored_raw_and_shown_once_with_its_last_properties(sandbox: Running) -> None:
    at = int(time.time()) - 60
    send(sandbox, [event(time=at, interview_id="i-1", score=1)])
    send(sandbox, [event(time=at * 1000, interview_id="i-1", score=2)])

    [shown] = sandbox.mixpanel.get("/_sandbox/mixpanel/events")
    assert shown["properties"]["score"] == 2
    assert len(sandbox.mixpanel.get("/_sandbox/mixpanel/events/raw")) == 2
    assert len(sandbox.mixpanel.get("/_sandbox/mixpanel/events/raw?limit=1")) == 1
    assert sandbox.mixpanel.get("/_sandbox/mixpanel/summary")["written_twice"] == 0


@pytest.mark.parametrize("change", [{"$insert_id": "id-2"}, {"time": 1_700_000_001}])
def test_an_interview_shown_twice_is_counted(sandbox: Running, change: dict[str, Any]) -> None:
    first = event(time=1_700_000_000, interview_id="i-1")
    send(sandbox, [first, {**first, "properties": first["properties"] | change}])

    summary = sandbox.mixpanel.get("/_sandbox/mixpanel/summary")
    assert (summary["events"], summary["written_twice"]) == (2, 1)


def test_a_poisoned_person_and_a_drawn_reject_are_failed_records(sandbox: Running) -> None:
    faults = "/_sandbox/mixpanel/faults"
    sandbox.mixpanel.post(faults, {"poison_external_id": "u-bad"})
    answer = send(sandbox, [event("id-1", distinct_id="u-bad"), event("id-2")])
    assert [record["index"] for record in answer.json["failed_records"]] == [0]

    sandbox.mixpanel.post(faults, {"poison_external_id": None, "reject_rate": 1.0})
    assert send(sandbox, [event("id-3")]).json["num_records_imported"] == 0
    assert sandbox.mixpanel.get(faults)["injected"] == {"reject": 1}


def test_without_strict_the_bad_events_are_left_out_silently(sandbox: Running) -> None:
    answer = send(sandbox, [event("id-1"), event("id-2", time=0)], "strict=0")

    assert (answer.status, answer.json["num_good_events"]) == (200, 1)
