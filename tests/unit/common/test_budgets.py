"""Caps of a route as counters: which period a start counts for, and how much."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from common.budgets import budgets, period, start_counters
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
    assert budgets(route, NOW_MS) == [Budget("credits:r:2026-05", 79, cost)]
    assert start_counters(route, NOW_MS) == {"started:r": 1, "credits:r:2026-05": cost}


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
