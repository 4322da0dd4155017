"""Caps of a route as counters: which period a start counts for, and how much."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from common.budgets import budgets, credits_billed, long_over, period, start_counters
from common.ledger.ledger import Budget
from common.rates import Cap
from common.routes import Route


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOW_MS = ms("2026-05-28T20:00:00")


@pytest.mark.parametrize(
    ("unit", "at", "expected"),
    [
        ("day", "2026-05-28T23:59:59", "2026-05-28"),
        ("day", "2026-05-29T00:00:00", "2026-05-29"),
        ("week", "2026-05-31T23:59:59", "2026-W22"),
        ("week", "2026-06-01T00:00:00", "2026-W23"),
        ("week", "2027-01-01T12:00:00", "2026-W53"),
        ("week", "2027-01-04T00:00:00", "2027-W01"),
        ("month", "2026-02-28T23:59:59", "2026-02"),
        ("month", "2026-03-01T00:00:00", "2026-03"),
    ],
)
def test_a_period_begins_at_midnight_utc(unit: str, at: str, expected: str) -> None:
    assert period(unit, ms(at)) == expected


def test_a_route_without_caps_has_no_budget() -> None:
    route = Route(name="r", study_id="s")
    assert budgets(route, NOW_MS) == []
    assert start_counters(route, NOW_MS) == {"started:r": 1}


@pytest.mark.parametrize(("mode", "cost"), [("text", 1), ("voice", 3)])
def test_credits_cost_what_koji_bills_for_the_mode(mode: str, cost: int) -> None:
    route = Route(name="r", study_id="s", mode=mode, monthly_credits=79)
    assert budgets(route, NOW_MS) == [
        Budget("credits:r:2026-05", 79, cost, reserved="reserved:r"),
    ]
    assert start_counters(route, NOW_MS) == {"started:r": 1}
    assert route.credits_to_reserve == cost


@pytest.mark.parametrize(
    ("unit", "name"), [("day", "2026-05-28"), ("week", "2026-W22"), ("month", "2026-05")]
)
def test_an_invitation_counts_once_in_its_period(unit: str, name: str) -> None:
    route = Route(name="r", study_id="s", mode="voice", max_invites=Cap(10, unit))
    assert budgets(route, NOW_MS) == [Budget(f"invites:r:{name}", 10, unit=unit)]
    assert start_counters(route, NOW_MS) == {"started:r": 1, f"invites:r:{name}": 1}


def test_both_caps_hold_together() -> None:
    route = Route(name="r", study_id="s", max_invites=Cap(0, "day"), monthly_credits=0)
    assert [budget.allowed for budget in budgets(route, NOW_MS)] == [0, 0]


@pytest.mark.parametrize(
    ("route_mode", "mode", "quality", "billed"),
    [
        ("text", "text", 3, 1),
        ("text", "voice", 3, 3),
        ("voice", "text", 5, 1),
        ("voice", "", 4, 3),
        ("text", "", 4, 1),
        ("voice", "voice", 2.9, 0),
        ("text", "text", 0, 0),
    ],
)
def test_the_result_says_what_is_billed(
    route_mode: str, mode: str, quality: float, billed: int
) -> None:
    assert credits_billed(Route(name="r", study_id="s", mode=route_mode), quality, mode) == billed


@pytest.mark.parametrize(
    ("counter", "over"),
    [
        ("invites:r:2026-05-28", False),
        ("invites:r:2026-03-27", False),
        ("invites:r:2026-03-26", True),
        ("invites:r:2026-W22", False),
        ("invites:r:2026-W13", False),
        ("invites:r:2026-W12", True),
        ("invites:r:2025-W52", True),
        ("credits:r:2026-03", False),
        ("credits:r:2026-02", True),
        ("started:r:2026-02", False),
        ("invites:2026-02x", False),
        ("started:r", False),
        ("reserved:r", False),
        ("token", False),
    ],
)
def test_a_counter_is_over_a_month_after_its_period(counter: str, *, over: bool) -> None:
    assert long_over(counter, NOW_MS) is over


def test_a_period_begins_at_midnight_of_the_routes_zone() -> None:
    at = ms("2026-05-31T20:00:00")
    tokyo = Route("r", "s", max_invites=Cap(1, "month"), timezone=ZoneInfo("Asia/Tokyo"))
    assert budgets(tokyo, at)[0].counter == "invites:r:2026-06"
