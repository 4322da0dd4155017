"""reconcile: asks Koji for results whose webhook never came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from requests.exceptions import ReadTimeout

from common.ledger import INBOX, WRITES
from common.ledger.lanes import INVITATIONS
from common.queues import TaskNames
from tests.unit.workers.conftest import ROUTES
from tests.unit.workers.harness import Answer, usual_koji
from workers.clock import tick
from workers.inbox import unpack
from workers.reconcile import reconcile
from workers.turn import turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

    from tests.unit.workers.harness import Bench

HOUR, DAY = 3600, 86_400
ANALYSED = {
    "status": "completed",
    "respondent_email": "ann@example.com",
    "study_id": "st_activation",
    "themes": ["Pricing"],
    "sentiment": "negative",
    "quality_score": 4,
    "completed_at": "2026-05-28T21:00:00Z",
}
UNFINISHED = {"status": "active", "study_id": "st_activation"}


def awaited(bench: Bench) -> int:
    return int(bench.ledger.redis.zcard(INVITATIONS.key("awaiting")))


def reads(bench: Bench) -> list[PreparedRequest]:
    return [request for request in bench.koji.requests if request.method == "GET"]


@pytest.fixture
def overdue(bench: Bench) -> Bench:
    """Ann was started more than a day ago, and nothing was heard since."""
    bench.invite_ann()
    bench.start()
    bench.clock.seconds += DAY + 60
    return bench


def test_a_result_that_never_came_is_asked_for_and_takes_the_webhooks_way(overdue: Bench) -> None:
    overdue.koji.then(Answer(200, ANALYSED))
    assert reconcile(overdue.bridge) == 1
    (request,) = reads(overdue)
    assert request.url == "https://koji.test/api/v1/interviews/int-1"
    assert overdue.sent[-1] == (TaskNames.UNPACK, ())
    assert awaited(overdue) == 0
    unpack(overdue.bridge)
    assert overdue.write() == 1
    assert overdue.state("int-1", WRITES) == "done"


def test_several_results_found_at_once_are_one_wake_up(build: Callable[..., Bench]) -> None:
    bench = build(KOJI_RATE_LIMIT="1000/second")
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(2)))
    bench.start_all()
    bench.clock.seconds += DAY + 60
    bench.sent.clear()

    def answer(_: PreparedRequest) -> Answer:
        bench.clock.seconds += 0.01
        return Answer(200, ANALYSED)

    bench.koji.usual = answer
    assert reconcile(bench.bridge) == 2
    assert bench.sent == [(TaskNames.UNPACK, ())]


def test_what_was_found_is_not_asked_for_again(overdue: Bench) -> None:
    overdue.koji.then(Answer(200, ANALYSED))
    reconcile(overdue.bridge)
    overdue.clock.seconds += 10 * DAY
    assert reconcile(overdue.bridge) == 0
    assert len(reads(overdue)) == 1


def test_a_webhook_that_comes_after_all_is_a_duplicate(overdue: Bench) -> None:
    overdue.koji.then(Answer(200, ANALYSED))
    reconcile(overdue.bridge)
    (key,) = overdue.ledger.redis.hkeys(INBOX.key("entries"))
    new, _ = overdue.ledger.add(INBOX, [(key.decode(), overdue.result().encode())])
    assert new == [False]
    assert key == b"koji:int-1", "the key under which ingress stores it"


@pytest.mark.parametrize(("seconds", "asked"), [(DAY - 60, 0), (DAY + 60, 1)])
def test_nobody_is_asked_for_before_the_time(bench: Bench, seconds: int, asked: int) -> None:
    bench.invite_ann()
    bench.start()
    bench.clock.seconds += seconds
    reconcile(bench.bridge)
    assert len(reads(bench)) == asked


def test_whose_result_came_is_not_asked_for(bench: Bench) -> None:
    bench.invite_ann()
    bench.start()
    bench.ledger.add(INBOX, [("koji:int-1", bench.result().encode())])
    unpack(bench.bridge)
    bench.clock.seconds += 2 * DAY
    reconcile(bench.bridge)
    assert reads(bench) == []


def test_an_interview_under_way_is_asked_for_again_later(overdue: Bench) -> None:
    overdue.koji.usual = lambda _: Answer(200, UNFINISHED)
    for _ in range(5):
        assert reconcile(overdue.bridge) == 0
        overdue.clock.seconds += 60
    assert len(reads(overdue)) == 1
    assert overdue.ledger.redis.zcard(INBOX.key("pending")) == 0
    overdue.clock.seconds += DAY
    reconcile(overdue.bridge)
    assert len(reads(overdue)) == 2


def test_an_interview_that_nobody_finished_is_given_up(overdue: Bench) -> None:
    overdue.clock.seconds += 30 * DAY
    assert reconcile(overdue.bridge) == 0
    assert awaited(overdue) == 0
    assert reads(overdue) == []


def test_an_interview_that_koji_does_not_know_is_given_up(
    overdue: Bench, logged: list[dict[str, Any]]
) -> None:
    overdue.koji.then(Answer(404, {"error": "not_found"}))
    assert reconcile(overdue.bridge) == 0
    assert awaited(overdue) == 0
    assert [(line["event"], line["error"]) for line in logged] == [
        ("not_reconciled", "HTTP 404 not_found")
    ]


@pytest.mark.parametrize("failure", [*map(Answer, (401, 403, 422, 500, 503)), ReadTimeout()])
def test_a_failure_leaves_it_for_later_and_pauses_nothing(overdue: Bench, failure: Any) -> None:
    overdue.koji.then(failure)
    assert reconcile(overdue.bridge) == 0
    assert awaited(overdue) == 1
    assert overdue.bridge.pauses.all() == {}
    overdue.clock.seconds += DAY + 60
    overdue.koji.then(Answer(200, ANALYSED))
    assert reconcile(overdue.bridge) == 1


def test_a_429_slows_the_starts_too(overdue: Bench) -> None:
    overdue.koji.then(Answer(429, headers={"Retry-After": "40"}))
    reconcile(overdue.bridge)
    limit = overdue.bridge.limit(overdue.route())
    assert overdue.bridge.limiter.state(limit)[0] == pytest.approx(40, abs=0.01)


def test_silence_counts_for_the_breaker(overdue: Bench) -> None:
    name = overdue.bridge.koji_breaker(overdue.route())
    for _ in range(4):
        overdue.bridge.breaker.record(name, ok=False)
    overdue.koji.then(Answer(503))
    reconcile(overdue.bridge)
    assert overdue.bridge.breaker.look(name).open


@pytest.mark.parametrize("why", ["breaker", "pause", "limit"])
def test_it_stands_back_while_starts_cannot_go_or_come_first(overdue: Bench, why: str) -> None:
    bridge, route = overdue.bridge, overdue.route()
    if why == "breaker":
        for _ in range(5):
            bridge.breaker.record(bridge.koji_breaker(route), ok=False)
    elif why == "pause":
        bridge.pauses.pause(route.name, "by hand")
    else:
        bridge.limiter.reserve(bridge.limit(route))
    assert reconcile(bridge) == 0
    assert reads(overdue) == []
    assert overdue.clock.slept == []
    assert awaited(overdue) == 1


def test_a_few_are_asked_for_at_a_time(build: Callable[..., Bench]) -> None:
    bench = build(KOJI_RATE_LIMIT="1000/second")
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(12)))
    bench.start_all()
    bench.clock.seconds += DAY + 60
    bench.koji.usual = lambda _: Answer(200, UNFINISHED)
    for _ in range(20):
        before = len(reads(bench))
        reconcile(bench.bridge)
        assert len(reads(bench)) - before <= 5
        bench.clock.seconds += 1
    assert len(reads(bench)) <= 12


def test_each_route_has_its_own_patience(build: Callable[..., Bench]) -> None:
    impatient = ROUTES.replace('name = "private"', 'name = "private"\nreconcile_after_hours = 1')
    bench = build(impatient)
    bench.invite_ann()
    bench.invite_private()
    bench.start()
    bench.start("private")
    bench.clock.seconds += 2 * HOUR
    bench.koji.usual = lambda _: Answer(200, UNFINISHED)
    reconcile(bench.bridge)
    assert [request.url for request in reads(bench)] == [
        "https://koji.test/api/v1/interviews/int-2"
    ]


def test_somebody_whose_route_left_the_file_is_not_asked_for(build: Callable[..., Bench]) -> None:
    old = build()
    old.invite_ann()
    old.start()
    old.clock.seconds += DAY + 60
    new = build(ROUTES.replace('"activation"', '"renamed"'))
    assert reconcile(new.bridge) == 0
    assert awaited(new) == 0
    assert reads(new) == []


def test_one_lost_result_does_not_hide_the_next(build: Callable[..., Bench]) -> None:
    bench = build(KOJI_RATE_LIMIT="1000/second")
    bench.koji.usual = usual_koji()
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(3)))
    bench.start_all()
    bench.clock.seconds += DAY + 60
    bench.koji.usual = lambda _: Answer(200, ANALYSED)
    found = 0
    for _ in range(4):
        found += reconcile(bench.bridge)
        bench.clock.seconds += DAY
    assert found == 3


def test_a_tick_has_it_done_and_asks_nobody_itself(bench: Bench) -> None:
    bench.invite_ann()
    bench.start()
    bench.sent.clear()
    tick(bench.bridge)
    assert bench.sent == []
    bench.clock.seconds += DAY + 60
    tick(bench.bridge)
    assert bench.sent == [(TaskNames.RECONCILE, ())]
    assert reads(bench) == []


def test_one_worker_reconciles_at_a_time(overdue: Bench) -> None:
    overdue.koji.usual = lambda _: Answer(200, ANALYSED)
    with turn(overdue.bridge.redis, "reconcile", 1000):
        assert reconcile(overdue.bridge) == 0
    assert reads(overdue) == []
    assert reconcile(overdue.bridge) == 1


def test_the_log_names_nobody(
    overdue: Bench, logged: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    overdue.koji.then(Answer(503, {"error": "ann@example.com"}), Answer(200, ANALYSED))
    for _ in range(2):
        reconcile(overdue.bridge)
        overdue.clock.seconds += DAY + 60
    assert [line["event"] for line in logged] == ["not_reconciled", "reconciled"]
    assert "example.com" not in str(logged) + caplog.text
