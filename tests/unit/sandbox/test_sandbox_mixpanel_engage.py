"""Profiles: each operation, answers that are 200 even when they say no, and the history."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.mixpanel.profile_operations import OperationError, apply_operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.sandbox.sandbox_harness import Answer, Running


def update(operation: str, argument: object, distinct_id: str = "u-1") -> dict[str, Any]:
    return {"$token": "token", "$distinct_id": distinct_id, operation: argument}


def send(sandbox: Running, updates: object, query: str = "verbose=1&ip=0") -> Answer:
    return sandbox.mixpanel.call("POST", f"/engage?{query}", updates)


@pytest.mark.parametrize(
    ("operation", "argument", "before", "after"),
    [
        ("$set", {"a": 2, "b": 3}, {"a": 1, "c": 4}, {"a": 2, "b": 3, "c": 4}),
        ("$set", {"a": "x" * 300}, {}, {"a": "x" * 255}),
        ("$set_once", {"a": 2, "b": 3}, {"a": 1}, {"a": 1, "b": 3}),
        ("$add", {"a": 2, "b": -1}, {"a": 1}, {"a": 3, "b": -1}),
        ("$union", {"a": [2, 3]}, {"a": [1, 2]}, {"a": [1, 2, 3]}),
        ("$union", {"a": ["x"]}, {}, {"a": ["x"]}),
        ("$append", {"a": 1}, {"a": [1]}, {"a": [1, 1]}),
        ("$remove", {"a": 1, "b": 1}, {"a": [1, 2, 1]}, {"a": [2]}),
        ("$unset", ["a"], {"a": 1, "b": 2}, {"b": 2}),
    ],
)
def test_an_operation_changes_the_properties(
    operation: str, argument: object, before: dict[str, Any], after: dict[str, Any]
) -> None:
    given = dict(before)

    assert apply_operation(operation, argument, given) == after
    assert given == before


@pytest.mark.parametrize(
    ("operation", "argument", "before"),
    [
        ("$set", ["a"], {}),
        ("$set", {"x" * 256: 1}, {}),
        ("$set", {str(number): 1 for number in range(2001)}, {}),
        ("$add", {"a": "1"}, {}),
        ("$add", {"a": 1}, {"a": "text"}),
        ("$union", {"a": []}, {}),
        ("$append", {"a": 1}, {"a": "text"}),
        ("$unset", {"a": 1}, {}),
    ],
)
def test_an_invalid_argument_is_refused(
    operation: str, argument: object, before: dict[str, Any]
) -> None:
    with pytest.raises(OperationError):
        apply_operation(operation, argument, before)


def test_a_profile_is_made_by_the_first_write_and_gone_after_a_delete(sandbox: Running) -> None:
    profile = "/_sandbox/mixpanel/profiles/u-1"
    assert send(sandbox, [update("$set", {"plan": "pro"})]).json == {"status": 1, "error": None}
    assert sandbox.mixpanel.get(profile)["$properties"]["plan"] == "pro"

    send(sandbox, [update("$delete", None)])
    assert sandbox.mixpanel.call("GET", profile).status == 404


def test_the_time_last_seen_stays_where_it_is_to_be_ignored(sandbox: Running) -> None:
    send(sandbox, [update("$set", {"a": 1}) | {"$ignore_time": True}])
    send(sandbox, [update("$set", {"a": 1}, "u-2")])

    profiles = {
        item["$distinct_id"]: item["$properties"]
        for item in sandbox.mixpanel.get("/_sandbox/mixpanel/profiles")
    }
    assert set(profiles["u-1"]) == {"a"}
    assert set(profiles["u-2"]) == {"a", "$last_seen"}


@pytest.mark.parametrize(
    "broken",
    [
        {"$distinct_id": "u-2", "$set": {"a": 1}},
        update("$set", {"a": 1}) | {"$token": "other"},
        update("$set", {"a": 1}, distinct_id=""),
        update("$union", {"a": []}),
        {"$token": "token", "$distinct_id": "u-2"},
        update("$set", {"a": 1}) | {"$unset": ["b"]},
        "text",
    ],
)
def test_an_invalid_update_is_a_200_that_says_no_and_the_others_are_applied(
    start_sandbox: Callable[..., Running], broken: object
) -> None:
    sandbox = start_sandbox(project_token="token")
    answer = send(sandbox, [broken, update("$set", {"a": 1}, "u-good")], "verbose=1&strict=1")

    assert (answer.status, answer.json["status"]) == (200, 0)
    assert answer.json["error"].endswith("at index 0")
    assert answer.json["num_good_events"] == 1
    profiles = sandbox.mixpanel.get("/_sandbox/mixpanel/profiles")
    assert [profile["$distinct_id"] for profile in profiles] == ["u-good"]


@pytest.mark.parametrize("body", [b"no json", b"{}", b"[]", [update("$set", {"a": 1})] * 2001])
def test_a_batch_that_cannot_be_read_is_a_200_that_says_no(sandbox: Running, body: object) -> None:
    answer = send(sandbox, body)

    assert (answer.status, answer.json["status"]) == (200, 0)
    assert sandbox.mixpanel.get("/_sandbox/mixpanel/profiles") == []


def test_gzip_is_not_accepted(sandbox: Running) -> None:
    body = gzip.compress(json.dumps([update("$set", {"a": 1})]).encode())
    answer = sandbox.mixpanel.call("POST", "/engage?verbose=1", body, {"Content-Encoding": "gzip"})

    assert answer.json["status"] == 0


def test_without_verbose_the_answer_is_a_digit(sandbox: Running) -> None:
    assert send(sandbox, [update("$set", {"a": 1})], "ip=0").body == b"1"
    assert send(sandbox, [update("$union", {"a": 1})], "ip=0").body == b"0"


def test_the_history_shows_whether_the_last_interview_moved_back(sandbox: Running) -> None:
    for at in ("2026-01-01T00:00:00", "2026-03-01T00:00:00", "2026-02-01T00:00:00"):
        send(sandbox, [update("$set", {"last_interview_at": at})])
    send(sandbox, [update("$set", {"plan": "pro"})])

    profile = sandbox.mixpanel.get("/_sandbox/mixpanel/profiles/u-1")
    assert [item["last_interview_at"][5:7] for item in profile["history"]] == ["01", "03", "02"]
    assert profile["moved_back"] == 1
    assert sandbox.mixpanel.get("/_sandbox/mixpanel/summary")["moved_back"] == 1
