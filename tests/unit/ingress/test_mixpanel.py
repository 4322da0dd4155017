from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import structlog

from common.messages import CohortPage

if TYPE_CHECKING:
    from collections.abc import Callable

NOW_MS = 1_780_000_000_000


def test_a_page_is_stored_for_its_route_and_echoed(bench: Any, cohort: Any) -> None:
    answer = cohort.post()
    assert (answer.status_code, answer.json) == (200, {"action": "members", "status": "success"})
    ((key, page),) = bench.stored().items()
    assert key.startswith("page:")
    assert page == CohortPage(
        action="members",
        route="activation",
        cohort_id="5167408",
        members=cohort.body["parameters"]["members"],
        received_at_ms=NOW_MS,
        session_id="0f3c1f0e-6f1c-4ac5-8d7e-5a2f5a4f6d01",
        page=6,
        total_pages=10,
        source="mixpanel",
        trace_id=page.trace_id,
    )
    assert bench.wakes == ["wake"]


@pytest.mark.parametrize("name", ["cohort_without_pages", "cohort_members_at_top"])
def test_observed_calls_are_stored(
    bench: Any, cohort: Any, payload: Callable[[str], Any], name: str
) -> None:
    cohort.body = payload(name)
    assert cohort.post().status_code == 200
    assert len(bench.stored()) == 1


def test_the_same_page_twice_is_stored_twice_and_wakes_once(bench: Any, cohort: Any) -> None:
    assert [cohort.post().status_code for _ in range(2)] == [200, 200]
    assert len(bench.stored()) == 2
    assert bench.wakes == ["wake"]


def test_a_cohort_can_be_known_by_its_name_alone(bench: Any, cohort: Any) -> None:
    del cohort.body["parameters"]["mixpanel_cohort_id"]
    cohort.body["parameters"]["mixpanel_cohort_name"] = "Power users"
    assert cohort.post().status_code == 200
    (page,) = bench.stored().values()
    assert (page.route, page.cohort_id) == ("power-users", "")


def test_an_empty_page_is_a_success(cohort: Any) -> None:
    cohort.body["parameters"]["members"] = []
    assert cohort.post().json["status"] == "success"


def test_a_gzip_body_is_accepted(bench: Any, cohort: Any) -> None:
    cohort.headers["Content-Encoding"] = "gzip"
    assert cohort.post(gzip.compress(orjson.dumps(cohort.body))).status_code == 200
    assert len(bench.stored()) == 1


@pytest.mark.parametrize("action", ["members", "add_members"])
@pytest.mark.parametrize(
    ("cohort_id", "name", "said"),
    [
        ("99", "Nobody", ['cohort 99 "Nobody"', 'cohort_id = "99"']),
        ("99", None, ["cohort 99.", 'cohort_id = "99"']),
        (None, "Nobody", ['cohort "Nobody"', 'cohort_name = "Nobody"']),
    ],
)
def test_a_cohort_without_a_route_is_404_and_says_what_to_do(
    bench: Any, cohort: Any, action: str, cohort_id: str | None, name: str | None, said: list[str]
) -> None:
    cohort.body["action"] = action
    cohort.body["parameters"] |= {"mixpanel_cohort_id": cohort_id, "mixpanel_cohort_name": name}
    answer = cohort.post()
    assert answer.status_code == 404
    assert answer.json["action"] == action
    assert answer.json["status"] == "failure"
    assert answer.json["error"]["code"] == 404
    for text in [*said, "routes.toml"]:
        assert text in answer.json["error"]["message"]
    assert bench.stored() == {}


def test_removing_from_a_cohort_without_a_route_is_a_success_and_stores_nothing(
    bench: Any, cohort: Any
) -> None:
    cohort.body["action"] = "remove_members"
    cohort.body["parameters"]["mixpanel_cohort_id"] = "99"
    assert cohort.post().json == {"action": "remove_members", "status": "success"}
    assert bench.stored() == {}


def test_a_wrong_field_is_400_with_the_action_and_the_field(bench: Any, cohort: Any) -> None:
    cohort.body["parameters"]["members"][1] = "bob"
    answer = cohort.post()
    assert answer.status_code == 400
    assert answer.json == {
        "action": "members",
        "status": "failure",
        "error": {"message": "parameters.members[1]: must be an object", "code": 400},
    }
    assert bench.stored() == {}


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"null", b"[]", b'{"action":"x"}', b"\xff", b"[" * 5000]
)
def test_what_is_not_understood_is_400_without_an_action(cohort: Any, raw: bytes) -> None:
    answer = cohort.post(raw)
    assert (answer.status_code, answer.json["action"]) == (400, "")
    assert answer.json["error"]["code"] == 400


def test_a_property_nested_too_deeply_is_400(bench: Any, cohort: Any) -> None:
    cohort.body["parameters"]["members"] = ["HERE"]
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    answer = cohort.post(orjson.dumps(cohort.body).replace(b'"HERE"', deep))
    assert answer.status_code == 400
    assert "nested too deeply" in answer.json["error"]["message"]
    assert bench.stored() == {}


@pytest.mark.parametrize(
    "value", ["a\x00b", "😀", "\u2028", 2**64 - 1, -(2**63), 1e300, None, [[]]]
)
def test_odd_property_values_are_kept(bench: Any, cohort: Any, value: Any) -> None:
    cohort.body["parameters"]["members"] = [{"mixpanel_distinct_id": "u", "odd": value}]
    assert cohort.post().status_code == 200
    (page,) = bench.stored().values()
    assert page.members[0]["odd"] == value


@pytest.mark.parametrize("authorization", [None, "Basic !", "Bearer x", "Basic bWl4cGFuZWw6eA=="])
def test_a_wrong_password_is_401_and_never_says_why(
    bench: Any, cohort: Any, authorization: str | None
) -> None:
    cohort.headers["Authorization"] = authorization or ""
    answer = cohort.post(b"not even json")
    assert answer.status_code == 401
    assert answer.json == {
        "action": "",
        "status": "failure",
        "error": {"message": "Not authorized.", "code": 401},
    }
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert bench.stored() == {}


def test_a_refusal_is_logged_with_header_names_and_counted(bench: Any, cohort: Any) -> None:
    figure = 'bridge_ingress_refused_total{reason="mismatch",source="mixpanel"}'
    before = bench.figure(figure)
    cohort.headers["Authorization"] = "Basic bWl4cGFuZWw6eA=="
    with structlog.testing.capture_logs() as logs:
        cohort.post()
    assert bench.figure(figure) == before + 1
    (line,) = logs
    assert line["reason"] == "mismatch"
    assert "Authorization" in line["headers"]
    assert "bWl4" not in str(line)


def test_a_broken_redis_is_503_with_retry_after(bench: Any, cohort: Any) -> None:
    bench.break_redis()
    answer = cohort.post()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["action"] == "members"
    assert answer.json["error"]["code"] == 503


def test_removing_from_a_cohort_without_a_route_needs_no_redis(bench: Any, cohort: Any) -> None:
    bench.break_redis()
    cohort.body["action"] = "remove_members"
    cohort.body["parameters"]["mixpanel_cohort_id"] = "99"
    assert cohort.post().status_code == 200
