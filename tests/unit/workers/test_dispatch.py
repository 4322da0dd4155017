"""Dispatch: no more tickets than the limit, the caps and the partner's health can use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from common.ledger import invitations
from common.ledger.lanes import INVITATIONS
from common.queues import TaskNames
from tests.unit.workers.harness import NOW_SECONDS, Answer
from workers.dispatch import dispatch
from workers.interviews import start_interviews

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

LANE = invitations("activation")
DAY = 86_400


def routes(**keys: Any) -> str:
    more = "\n".join(f"{name} = {value!r}" for name, value in keys.items())
    return f"""
[[routes]]
name = "activation"
cohort_id = "1"
study_id = "st_activation"
{more}
"""


def crowd(bench: Bench, people: int) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(people)))


def test_a_backlog_stays_in_the_ledger_but_for_the_next_seconds(bench: Bench) -> None:
    crowd(bench, 50)
    assert dispatch(bench.bridge, bench.route()) == 6, "60 a minute: four seconds and two"
    assert bench.count("in_flight", LANE) == 6
    assert dispatch(bench.bridge, bench.route()) == 0, "as long as those are out"


def test_each_ticket_that_ends_makes_room_for_the_next(bench: Bench) -> None:
    crowd(bench, 10)
    first, *_ = bench.tickets()
    start_interviews(bench.bridge, "activation", [first])
    assert dispatch(bench.bridge, bench.route()) == 1


def test_a_slow_limit_gives_each_person_a_ticket(bench: Bench) -> None:
    crowd(bench, 4)
    dispatch(bench.bridge, bench.route())
    assert [task for task, _ in bench.sent] == [TaskNames.START_INTERVIEWS] * 4
    assert {route for _, (route, _) in bench.sent} == {"activation"}
    assert [len(tickets) for _, (_, tickets) in bench.sent] == [1] * 4


@pytest.mark.parametrize(
    ("rate", "people", "sizes"),
    [("6000/minute", 10, [4, 4, 2]), ("3000/minute", 3, [2, 1]), ("1000/second", 45, [40, 5])],
)
def test_a_fast_limit_puts_people_together(
    build: Callable[..., Bench], rate: str, people: int, sizes: list[int]
) -> None:
    bench = build(KOJI_RATE_LIMIT=rate)
    crowd(bench, people)
    dispatch(bench.bridge, bench.route())
    assert [len(tickets) for _, (_, tickets) in bench.sent] == sizes


def test_a_ticket_survives_json(bench: Bench) -> None:
    bench.invite_ann()
    dispatch(bench.bridge, bench.route())
    ((_, arguments),) = bench.sent
    assert orjson.loads(orjson.dumps(arguments)) == list(arguments)
    assert b"example.com" not in orjson.dumps(arguments)


def test_people_are_dispatched_in_the_order_they_came(bench: Bench) -> None:
    keys = []
    for n in range(5):
        bench.invite({"email": f"p{n}@example.com"})
        keys.append(bench.key(f"p{n}@example.com"))
        bench.clock.seconds += 1
    assert [key for key, _ in bench.tickets()] == keys


def test_nobody_due_is_nothing_sent(bench: Bench) -> None:
    assert dispatch(bench.bridge, bench.route()) == 0
    assert bench.sent == []


# --- held back -------------------------------------------------------------------------------


def test_a_paused_route_sends_nothing_until_it_is_resumed(bench: Bench) -> None:
    crowd(bench, 3)
    bench.bridge.pauses.pause("activation", "by hand")
    assert dispatch(bench.bridge, bench.route()) == 0
    assert bench.count("pending", LANE) == 3
    bench.bridge.pauses.resume("activation")
    assert dispatch(bench.bridge, bench.route()) == 3


def test_while_the_limit_is_blocked_nothing_is_sent(bench: Bench) -> None:
    crowd(bench, 3)
    limit = bench.bridge.limit(bench.route())
    bench.bridge.limiter.heed(limit, {"Retry-After": "20"}, refused=True)
    assert dispatch(bench.bridge, bench.route()) == 0
    bench.clock.seconds += 20
    assert dispatch(bench.bridge, bench.route()) == 3


def test_an_open_breaker_sends_nothing_and_a_half_open_one_a_single_probe(bench: Bench) -> None:
    crowd(bench, 5)
    name = bench.bridge.koji_breaker(bench.route())
    for _ in range(5):
        bench.bridge.breaker.record(name, ok=False)
    assert dispatch(bench.bridge, bench.route()) == 0
    bench.clock.seconds += 1
    assert dispatch(bench.bridge, bench.route()) == 1
    assert dispatch(bench.bridge, bench.route()) == 0
    bench.bridge.breaker.record(name, ok=True)
    assert dispatch(bench.bridge, bench.route()) == 4


def test_routes_with_keys_of_their_own_do_not_hold_each_other_back(bench: Bench) -> None:
    bench.invite_private()
    bench.bridge.pauses.pause("activation", "by hand")
    limit = bench.bridge.limit(bench.route())
    bench.bridge.limiter.heed(limit, {"Retry-After": "20"}, refused=True)
    assert dispatch(bench.bridge, bench.route("private")) == 1


def test_routes_with_one_key_share_its_limit(build: Callable[..., Bench]) -> None:
    second = '[[routes]]\nname = "second"\ncohort_id = "2"\nstudy_id = "st_second"\n'
    bench = build(routes() + second)
    bench.invite({"email": "ann@example.com"}, route="second")
    limit = bench.bridge.limit(bench.route())
    bench.bridge.limiter.heed(limit, {"Retry-After": "20"}, refused=True)
    assert dispatch(bench.bridge, bench.route("second")) == 0


ONE_KEY = """
[[routes]]
name = "activation"
cohort_id = "1"
study_id = "st_activation"

[[routes]]
name = "second"
cohort_id = "2"
study_id = "st_second"
"""


def test_routes_that_share_a_key_and_have_work_share_its_window(
    build: Callable[..., Bench],
) -> None:
    bench = build(ONE_KEY)
    crowd(bench, 20)
    bench.invite({"email": "ann@example.com"}, route="second")
    assert dispatch(bench.bridge, bench.route()) == 3
    assert dispatch(bench.bridge, bench.route("second")) == 1


def test_a_route_without_work_takes_no_share(build: Callable[..., Bench]) -> None:
    bench = build(ONE_KEY)
    crowd(bench, 20)
    assert dispatch(bench.bridge, bench.route()) == 6


# --- caps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "starts"),
    [
        ({"max_invites": "3/day"}, 3),
        ({"max_invites": "0/day"}, 0),
        ({"monthly_credits": 4}, 4),
        ({"monthly_credits": 8, "mode": "voice"}, 2),
        ({"monthly_credits": 2, "mode": "voice"}, 0),
        ({"monthly_credits": 5, "max_invites": "2/week"}, 2),
        ({"max_invites": "9/week", "monthly_credits": 3}, 3),
    ],
)
def test_a_cap_lets_so_many_start_and_the_rest_wait(
    build: Callable[..., Bench], keys: dict[str, Any], starts: int
) -> None:
    bench = build(routes(**keys))
    crowd(bench, 12)
    bench.start_all()
    assert len(bench.koji.requests) == starts
    assert bench.count("pending", LANE) == 12 - starts


@pytest.mark.parametrize(
    ("cap", "days"),
    [("2/day", 1), ("2/week", 4), ("2/month", 4)],  # from Thursday 2026-05-28
)
def test_the_next_period_lets_the_next_ones_start(
    build: Callable[..., Bench], cap: str, days: int
) -> None:
    bench = build(routes(max_invites=cap))
    crowd(bench, 6)
    bench.start_all()
    midnight = NOW_SECONDS - NOW_SECONDS % DAY + days * DAY
    bench.clock.seconds = midnight - 20
    bench.start_all()
    assert len(bench.koji.requests) == 2
    bench.clock.seconds = midnight
    bench.start_all()
    assert len(bench.koji.requests) == 4


def test_a_start_that_koji_did_not_accept_uses_up_no_cap(build: Callable[..., Bench]) -> None:
    bench = build(routes(max_invites="2/day"))
    crowd(bench, 6)
    bench.koji.then(Answer(422), Answer(422), Answer(503))
    for _ in range(5):
        bench.start_all()
        bench.clock.seconds += 10
    assert bench.ledger.redis.zcard(INVITATIONS.key("done")) == 2
    assert len(bench.koji.requests) == 5


def test_tickets_that_are_out_count_against_the_cap(build: Callable[..., Bench]) -> None:
    bench = build(routes(max_invites="3/day", rate_limit="600/minute"))
    crowd(bench, 2)
    assert dispatch(bench.bridge, bench.route()) == 2
    bench.invite(*({"email": f"later{n}@example.com"} for n in range(5)))
    assert dispatch(bench.bridge, bench.route()) == 1
