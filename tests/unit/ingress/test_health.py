from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_process_is_alive_whatever_redis_does(bench: Any) -> None:
    bench.break_redis()
    answer = bench.client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_it_is_ready_while_redis_answers(bench: Any) -> None:
    answer = bench.client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_it_is_not_ready_while_redis_does_not_answer_and_says_so_quickly(bench: Any) -> None:
    bench.break_redis()
    began = time.monotonic()
    answer = bench.client.get("/readyz")
    assert time.monotonic() - began < 5
    assert answer.status_code == 503
    assert answer.json["status"] == "unavailable"
    assert "Redis does not answer" in answer.json["reason"]
    bench.server.connected = True
    assert bench.client.get("/readyz").status_code == 200


def test_the_metrics_count_requests_by_route_and_status(bench: Any, cohort: Any) -> None:
    figure = 'bridge_ingress_requests_total{route="/webhooks/mixpanel/cohorts",status="200"}'
    before = bench.figure(figure)
    cohort.post()
    answer = bench.client.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    assert f"{figure} {before + 1}" in answer.text
    assert "bridge_ingress_request_seconds_bucket" in answer.text


def test_paths_that_are_not_ours_do_not_become_labels(bench: Any) -> None:
    bench.client.get("/wp-login.php")
    text = bench.client.get("/metrics").text
    assert "wp-login" not in text
    assert 'route="unmatched",status="404"' in text


def test_the_figures_of_the_fleet_are_appended(bench: Any) -> None:
    bench.fleet = lambda: "bridge_pending 7\n"
    assert bench.client.get("/metrics").text.endswith("\nbridge_pending 7\n")


def test_without_the_fleet_our_own_figures_are_still_there(bench: Any) -> None:
    def broken() -> str:
        raise ConnectionError

    bench.fleet = broken
    bench.break_redis()
    answer = bench.client.get("/metrics")
    assert answer.status_code == 200
    assert "bridge_ingress_requests_total" in answer.text


def test_the_metrics_hold_no_personal_data(bench: Any, cohort: Any, people: Any) -> None:
    cohort.post()
    people.post()
    text = bench.client.get("/metrics").text
    assert "ann" not in text
    assert "example.com" not in text


def test_several_processes_are_summed_from_their_folder(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    bench.configure(web_concurrency=2)
    answer = bench.client.get("/metrics")
    assert answer.status_code == 200
    assert "process_cpu_seconds_total" not in answer.text
