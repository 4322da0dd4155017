"""pull: cohorts fetched page by page, by schedule, inside the hourly limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
import pytest

from common.ledger import INBOX
from common.ledger.pulls import Pull, Pulls
from common.messages import CohortPage
from common.queues import TaskNames
from common.stored import decode
from tests.unit.workers.conftest import ROUTES
from tests.unit.workers.harness import MIXPANEL_URL, Answer, refused_connection
from workers.clock import tick
from workers.pulls import LIMITED_WAIT_MS, MOST_FAILURES, pull
from workers.turn import turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

HOURLY = ROUTES.replace('study_id = "st_activation"', 'study_id = "st_activation"\npull = "hourly"')
BY_NAME = ROUTES.replace('cohort_id = "5167408"', 'cohort_name = "Drop-offs"')
ENVIRON = {
    "MIXPANEL_SERVICE_ACCOUNT": "bridge:secret",
    "MIXPANEL_PROJECT_ID": "1",
    "MIXPANEL_QUERY_HOST": MIXPANEL_URL,
}


def export(page: int, total: int = 3, session: str = "s-1", size: int = 2) -> Answer:
    numbers = range(page * size, min((page + 1) * size, total))
    results = [{"$distinct_id": n, "$properties": {"$email": f"m{n}@example.com"}} for n in numbers]
    body = {"page": page, "page_size": size, "results": results, "session_id": session}
    return Answer(200, {**body, "status": "ok", "total": total})


def forms(bench: Bench) -> list[dict[str, str]]:
    return [
        {key: values[0] for key, values in parse_qs(str(request.body)).items()}
        for request in bench.mixpanel.requests
    ]


def pages(bench: Bench) -> list[CohortPage]:
    values = bench.ledger.redis.hvals(INBOX.key("entries"))
    found = [page for value in values if isinstance(page := decode(value), CohortPage)]
    return sorted(found, key=lambda page: page.page)


def state(bench: Bench, route: str = "activation") -> Pull:
    found = Pulls(bench.ledger).get(route)
    assert found is not None
    return found


@pytest.fixture
def pulling(build: Callable[..., Bench]) -> Bench:
    """The operator has asked for a pull."""
    bench = build(ROUTES, **ENVIRON)
    assert Pulls(bench.ledger).start("activation")
    return bench


def test_pages_become_one_numbered_copy_of_the_cohort(pulling: Bench) -> None:
    pulling.mixpanel.then(export(0), export(1))
    assert pull(pulling.bridge) == 2
    first, second = pages(pulling)
    assert (first.action, first.source, first.cohort_id) == ("members", "mixpanel", "5167408")
    assert [(one.page, one.total_pages) for one in (first, second)] == [(1, 2), (2, 2)]
    assert first.session_id == second.session_id
    assert second.members == [{"$email": "m2@example.com", "mixpanel_distinct_id": "2"}]
    assert (state(pulling).state, state(pulling).members) == ("done", 3)
    one, two = forms(pulling)
    assert one["filter_by_cohort"] == '{"id":5167408}'
    asked = ["$city", "$email", "$first_name", "$last_name", "$name", "plan"]
    assert orjson.loads(one["output_properties"]) == asked
    assert "session_id" not in one
    assert (two["session_id"], two["page"]) == ("s-1", "1")
    assert (TaskNames.UNPACK, ()) in pulling.sent


def test_an_empty_cohort_is_one_empty_page(pulling: Bench) -> None:
    pulling.mixpanel.then(export(0, total=0))
    assert pull(pulling.bridge) == 1
    assert [(one.page, one.total_pages, one.members) for one in pages(pulling)] == [(1, 1, [])]


def test_a_cohort_that_is_known_by_name_is_looked_up_once(build: Callable[..., Bench]) -> None:
    bench = build(BY_NAME, **ENVIRON)
    Pulls(bench.ledger).start("activation")
    bench.mixpanel.then(Answer(200, [{"id": 8, "name": "Drop-offs"}]), export(0), export(1))
    assert pull(bench.bridge) == 2
    assert forms(bench)[1]["filter_by_cohort"] == '{"id":8}'
    assert {page.cohort_id for page in pages(bench)} == {"8"}


def test_a_name_that_mixpanel_does_not_know_ends_the_pull(build: Callable[..., Bench]) -> None:
    bench = build(BY_NAME, **ENVIRON)
    Pulls(bench.ledger).start("activation")
    bench.mixpanel.then(Answer(200, [{"id": 8, "name": "Others"}, "odd"]))
    assert pull(bench.bridge) == 0
    assert state(bench).state == "failed"
    assert "set cohort_id" in state(bench).error


def test_a_page_that_was_stored_before_a_kill_is_stored_once(pulling: Bench) -> None:
    pulling.mixpanel.then(export(0), export(1))
    before = state(pulling)
    pull(pulling.bridge)
    Pulls(pulling.ledger).save(before)
    pulling.mixpanel.then(export(0), export(1))
    pull(pulling.bridge)
    assert len(pages(pulling)) == 2


def test_the_hourly_limit_is_waited_for(build: Callable[..., Bench]) -> None:
    bench = build(ROUTES, **ENVIRON, MIXPANEL_QUERIES_PER_HOUR="1")
    Pulls(bench.ledger).start("activation")
    bench.mixpanel.then(export(0), export(1))
    assert pull(bench.bridge) == 1
    assert state(bench).error == "waits for Mixpanel's hourly limit"
    bench.clock.seconds += 3599
    assert pull(bench.bridge) == 0
    bench.clock.seconds += 2
    assert pull(bench.bridge) == 1
    assert state(bench).state == "done"
    assert len(bench.mixpanel.requests) == 2


@pytest.mark.parametrize(
    ("answer", "wait_ms"),
    [
        (Answer(429, {}), LIMITED_WAIT_MS),
        (Answer(429, {}, {"Retry-After": "60"}), 60_000),
        (Answer(503, {}), 5_000),
        (refused_connection(), 5_000),
        (Answer(200, b"<html>"), 5_000),
        (Answer(200, {"results": []}), 5_000),
    ],
)
def test_what_may_pass_is_tried_again_later(pulling: Bench, answer: Any, wait_ms: int) -> None:
    pulling.mixpanel.then(answer)
    assert pull(pulling.bridge) == 0
    now = state(pulling)
    assert (now.state, now.due_at_ms - pulling.clock()) == ("running", wait_ms)
    pulling.clock.seconds += wait_ms / 1000
    pulling.mixpanel.then(export(0), export(1))
    assert pull(pulling.bridge) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 404])
def test_a_refusal_ends_the_pull_and_says_why(pulling: Bench, status: int) -> None:
    pulling.mixpanel.then(Answer(status, {}))
    pull(pulling.bridge)
    assert (state(pulling).state, state(pulling).error) == ("failed", f"HTTP {status}")
    assert Pulls(pulling.ledger).start("activation"), "it may be asked for again"


def test_a_lost_session_starts_over_as_a_copy_of_its_own(pulling: Bench) -> None:
    lost = Answer(400, {"error": "request for page in uncached query for params"})
    pulling.mixpanel.then(export(0), lost)
    pull(pulling.bridge)
    pulling.clock.seconds += 5
    pulling.mixpanel.then(export(0, session="s-2"), export(1, session="s-2"))
    pull(pulling.bridge)
    assert len({page.session_id for page in pages(pulling)}) == 2
    assert state(pulling).members == 3


def test_failing_on_and_on_ends(pulling: Bench) -> None:
    for _ in range(MOST_FAILURES):
        pulling.mixpanel.then(Answer(500, {}))
        pull(pulling.bridge)
        pulling.clock.seconds += 900
    assert state(pulling).state == "failed"


def test_a_route_or_an_account_that_is_gone_ends_the_pull(build: Callable[..., Bench]) -> None:
    bench = build(ROUTES)
    for route in ("activation", "gone"):
        Pulls(bench.ledger).start(route)
    pull(bench.bridge)
    assert state(bench).error == "no service account"
    assert state(bench, "gone").error == "the route has left routes.toml"


def test_one_worker_pulls_at_a_time(pulling: Bench) -> None:
    with turn(pulling.bridge.redis, "pull", 1000):
        assert pull(pulling.bridge) == 0
    assert pulling.mixpanel.requests == []


def test_a_schedule_begins_with_its_next_time_and_is_kept_once(build: Callable[..., Bench]) -> None:
    bench = build(HOURLY, **ENVIRON)
    tick(bench.bridge)
    assert Pulls(bench.ledger).get("activation") is None
    bench.clock.seconds += 5 * 3600  # nothing ran meanwhile
    tick(bench.bridge)
    assert (TaskNames.PULL, ()) in bench.sent
    bench.mixpanel.then(export(0), export(1))
    assert pull(bench.bridge) == 2
    bench.sent.clear()
    tick(bench.bridge)
    assert (TaskNames.PULL, ()) not in bench.sent, "one pull makes up for all that was missed"


def test_a_slot_is_taken_once_and_a_pull_that_runs_is_left_alone(pulling: Bench) -> None:
    pulls = Pulls(pulling.ledger)
    assert not pulls.start("activation")
    assert pulls.start("private", 1000)
    assert not pulls.start("private", 1000)
