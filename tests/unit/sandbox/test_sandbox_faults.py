"""Faults fall on the API alone, can be told apart, and end."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.fault_box import Fault, FaultBox

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.sandbox.sandbox_harness import Client, Running

BODY = {"study_id": "st_1", "respondent_email": "jane@example.com", "respondent_id": "u-1"}


def set_faults(client: Client, partner: str = "koji", **faults: Any) -> Any:
    return client.post(f"/_sandbox/{partner}/faults", faults)


def test_a_dropped_call_was_processed_and_its_repeat_is_a_duplicate(sandbox: Running) -> None:
    set_faults(sandbox.koji, drop_rate=1.0)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        sandbox.start(BODY)
    sandbox.koji.call("DELETE", "/_sandbox/koji/faults")

    assert sandbox.start(BODY).json["duplicate"] is True
    summary = sandbox.summary()
    assert (summary["started"], summary["duplicates"], summary["faults"]) == (1, 1, 1)
    assert sandbox.koji.get("/_sandbox/koji/starts")[0]["fault"] == "drop"


@pytest.mark.parametrize("faults", [{"drop_before_rate": 1.0}, {"down": True}])
def test_a_call_cut_before_it_was_processed_starts_nothing(sandbox: Running, faults: Any) -> None:
    set_faults(sandbox.koji, **faults)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        sandbox.start(BODY)

    summary = sandbox.summary()
    assert (summary["calls"], summary["started"], summary["faults"]) == (1, 0, 1)


def test_control_routes_and_the_page_work_while_the_partner_is_down(sandbox: Running) -> None:
    set_faults(sandbox.mixpanel, "mixpanel", down=True)

    assert sandbox.mixpanel.call("GET", "/").status == 200
    assert sandbox.mixpanel.get("/_sandbox/health")["status"] == "ok"
    assert sandbox.koji.get("/_sandbox/health")["mixpanel"] == sandbox.mixpanel.url


def test_a_status_holds_for_every_call_in_the_words_of_the_partner(sandbox: Running) -> None:
    set_faults(sandbox.koji, status=402, retry_after=True)
    set_faults(sandbox.mixpanel, "mixpanel", status=503, retry_after=True)

    refused = sandbox.start(BODY)
    assert (refused.status, set(refused.json)) == (402, {"error", "message"})
    assert "Retry-After" not in refused.headers
    imported = sandbox.mixpanel.call("POST", "/import", [])
    assert (imported.status, imported.json["status"]) == (503, "Service Unavailable")
    assert imported.headers["Retry-After"] == "1"


def test_a_burst_of_429_lasts_and_says_how_long(sandbox: Running) -> None:
    set_faults(sandbox.koji, burst_429_rate=1.0, burst_429_seconds=20, retry_after=True)
    answers = [sandbox.start(BODY), sandbox.start(BODY)]

    assert [answer.status for answer in answers] == [429, 429]
    assert 18 <= int(answers[1].headers["Retry-After"]) <= 20
    assert sandbox.summary()["refused_429"] == 0


def test_a_slow_call_is_answered_late_and_was_processed_at_once(
    sandbox: Running, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    set_faults(sandbox.koji, slow_rate=1.0, slow_seconds=30)
    with pytest.raises(TimeoutError):
        sandbox.koji.call(
            "POST",
            "/api/v1/interviews/start",
            BODY,
            {"Authorization": "Bearer k"},
            timeout=0.1,
        )

    wait_until(lambda: sandbox.summary()["started"] == 1)


def test_latency_is_added_to_a_call(sandbox: Running) -> None:
    set_faults(sandbox.koji, latency_ms=60)
    before = time.monotonic()
    sandbox.start(BODY)

    assert time.monotonic() - before >= 0.06


def test_a_lower_limit_holds_from_now_on(start_sandbox: Callable[..., Running]) -> None:
    sandbox = start_sandbox(rate_limit=60)
    sandbox.start(BODY)
    set_faults(sandbox.koji, limit=1)

    answer = sandbox.start(BODY)
    assert (answer.status, answer.headers["X-RateLimit-Limit"]) == (429, "1")
    set_faults(sandbox.koji, limit=None)
    assert sandbox.start(BODY).status == 200


def test_a_poisoned_person_is_always_refused_and_others_are_not(sandbox: Running) -> None:
    set_faults(sandbox.koji, poison_external_id="u-1")

    assert [sandbox.start(BODY).status for _ in range(2)] == [422, 422]
    assert sandbox.start(BODY | {"respondent_id": "u-2"}).status == 201


def test_faults_merge_and_a_delete_ends_them(sandbox: Running) -> None:
    set_faults(sandbox.koji, error_rate=0.5)
    shown = set_faults(sandbox.koji, slow_rate=0.25)
    assert (shown["faults"]["error_rate"], shown["faults"]["slow_rate"]) == (0.5, 0.25)

    sandbox.koji.call("DELETE", "/_sandbox/koji/faults")
    assert sandbox.koji.get("/_sandbox/koji/faults")["faults"]["error_rate"] == 0


def test_faults_end_by_themselves(
    sandbox: Running, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    set_faults(sandbox.koji, status=500, for_seconds=0.1)
    assert sandbox.start(BODY).status == 500

    wait_until(lambda: sandbox.start(BODY).status == 201)


def test_faults_can_be_held_to_one_route(sandbox: Running) -> None:
    set_faults(sandbox.mixpanel, "mixpanel", status=500, only="/engage")

    assert sandbox.mixpanel.call("POST", "/engage", []).status == 500
    assert sandbox.mixpanel.call("POST", "/import", []).status == 401


@pytest.mark.parametrize(
    "faults",
    [
        {"error_rte": 0.5},
        {"error_rate": 2},
        {"error_rate": True},
        {"down": 1},
        {"status": 200},
        {"limit": -1},
        {"for_seconds": 0},
        {"poison_external_id": [1]},
        [],
    ],
)
def test_what_is_not_a_fault_is_refused_and_changes_nothing(sandbox: Running, faults: Any) -> None:
    answer = sandbox.koji.call("POST", "/_sandbox/koji/faults", faults)

    assert answer.status == 400
    assert sandbox.start(BODY).status == 201


def test_a_seed_repeats_its_faults_and_their_share_is_the_rate() -> None:
    boxes = [FaultBox("7"), FaultBox("7"), FaultBox("8")]
    for box in boxes:
        box.merge({"error_rate": 0.2, "error_status": 503})
    drawn = [[box.draw("/") for _ in range(1000)] for box in boxes]

    assert drawn[0] == drawn[1] != drawn[2]
    assert 150 < drawn[0].count(Fault("error", 503, 1.0)) < 250
    assert boxes[0].injected["error"] == drawn[0].count(Fault("error", 503, 1.0))
