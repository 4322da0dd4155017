"""Shares: routes with one key divide its window by priority, and by who can start somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workers.dispatch import dispatch
from workers.interviews import start_interviews
from workers.shares import share

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

DAY = 86_400


def two(second: str = "", first: str = "") -> str:
    return f"""
[[routes]]
name = "activation"
cohort_id = "1"
study_id = "st_activation"
{first}
[[routes]]
name = "second"
cohort_id = "2"
study_id = "st_second"
{second}
"""


def crowd(bench: Bench, people: int, route: str) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(people)), route=route)


@pytest.mark.parametrize(
    ("priority", "others", "part"),
    [
        (0, [], 100),
        (0, [0], 50),
        (1, [0], 90),
        (0, [1], 10),
        (0, [1, 1], 10),
        (1, [1, 0], 45),
        (0, [1, 2], 1),
        (0, [1, 0], 5),
        (-5, [1, 2, 3, 4], 1),
    ],
)
def test_a_higher_priority_gets_nine_tenths_and_leaves_a_tenth(
    priority: int, others: list[int], part: int
) -> None:
    assert share(100, priority, others) == part


def test_a_live_route_of_the_same_key_gets_half(build: Callable[..., Bench]) -> None:
    bench = build(two())
    crowd(bench, 20, "activation")
    crowd(bench, 20, "second")
    assert dispatch(bench.bridge, bench.route()) == 3


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ('max_invites = "0/day"', "no cap left"),
        ("monthly_credits = 0", "no credits left"),
        ('send_between = "00:00-00:01"', "outside its hours"),
        ("mode = 'voice'\nmonthly_credits = 2", "too few credits for one"),
    ],
)
def test_a_route_that_can_start_nobody_takes_no_share(
    build: Callable[..., Bench], keys: str, why: str
) -> None:
    bench = build(two(keys))
    crowd(bench, 20, "activation")
    crowd(bench, 20, "second")
    assert dispatch(bench.bridge, bench.route()) == 6, why


def test_a_paused_route_takes_no_share(build: Callable[..., Bench]) -> None:
    bench = build(two())
    crowd(bench, 20, "activation")
    crowd(bench, 20, "second")
    bench.bridge.pauses.pause("second", "holidays")
    assert dispatch(bench.bridge, bench.route()) == 6


def test_a_route_whose_people_are_not_due_takes_no_share(build: Callable[..., Bench]) -> None:
    bench = build(two())
    crowd(bench, 1, "second")
    ((key, token),) = bench.tickets("second")
    crowd(bench, 20, "activation")
    assert dispatch(bench.bridge, bench.route()) == 3, "it has somebody out"
    lane = bench.lane("second")
    bench.ledger.retry(lane, [(key, token, 60_000, False, False, None)])
    assert dispatch(bench.bridge, bench.route()) == 3, "the rest of the six"


def test_the_higher_priority_goes_first_and_the_lower_does_not_starve(
    build: Callable[..., Bench],
) -> None:
    bench = build(two(first="priority = 1"), KOJI_RATE_LIMIT="300/minute")
    crowd(bench, 60, "activation")
    crowd(bench, 60, "second")
    assert dispatch(bench.bridge, bench.route()) == 20
    assert dispatch(bench.bridge, bench.route("second")) == 3


# --- hours -----------------------------------------------------------------------------------


def hours(**keys: Any) -> str:
    return two(first="\n".join(f"{name} = {value!r}" for name, value in keys.items()))


def test_people_wait_for_the_hours_of_their_route(build: Callable[..., Bench]) -> None:
    bench = build(hours(send_between="09:00-18:00", timezone="America/New_York"))
    bench.clock.seconds = bench.clock.seconds // DAY * DAY + 12 * 3600  # 08:00 in New York
    crowd(bench, 4, "activation")
    bench.start_all()
    assert bench.koji.requests == []
    assert bench.count("pending", bench.lane()) == 4
    bench.clock.seconds += 3600
    bench.start_all()
    assert len(bench.koji.requests) == 4


def test_a_ticket_that_is_late_is_put_back(build: Callable[..., Bench]) -> None:
    bench = build(hours(quiet_hours="20:00-08:00"))
    bench.clock.seconds = bench.clock.seconds // DAY * DAY + 20 * 3600 - 1
    crowd(bench, 3, "activation")
    tickets = bench.tickets()
    bench.clock.seconds += 1
    start_interviews(bench.bridge, "activation", tickets)
    assert bench.koji.requests == []
    assert bench.count("pending", bench.lane()) == 3


def test_a_cap_begins_anew_at_midnight_of_the_routes_zone(build: Callable[..., Bench]) -> None:
    bench = build(hours(max_invites="2/day", timezone="Asia/Tokyo"))
    bench.clock.seconds = bench.clock.seconds // DAY * DAY + 15 * 3600 - 600
    crowd(bench, 6, "activation")
    bench.start_all()
    assert len(bench.koji.requests) == 2
    bench.clock.seconds += 600  # 00:00 in Tokyo
    bench.start_all()
    assert len(bench.koji.requests) == 4
