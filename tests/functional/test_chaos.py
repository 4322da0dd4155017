"""A short storm, so that every change meets one; `make chaos` runs the long ones."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.accounts import Accounts
from tests.chaos.harness import run
from tests.chaos.plan import short_plan
from tests.support import FORKING


def test_a_short_storm_loses_and_doubles_nobody() -> None:
    notes: list[str] = []
    report = run(short_plan(seed=20260501), notes.append, FORKING)
    assert report["void"] == "", notes
    assert report["broken"] == [], notes
    assert report["kills"] >= 8
    assert report["accepted"] == 200
    assert report["started"] + report["held_as_ambiguous"] + report["dead"] == 200
    assert report["written"] > 100


GOOD = Accounts(
    accepted=10,
    started=6,
    double_started=0,
    cancelled=1,
    held_as_ambiguous=2,
    dead=1,
    still_owed=0,
    results_accepted=6,
    results_skipped=1,
    written=4,
    written_twice=0,
    writes_dead=1,
    events_in_mixpanel=4,
    profiles_moved_back=0,
    given_up_by_koji=0,
)


def test_sums_that_add_up_are_neither_void_nor_broken() -> None:
    assert (GOOD.void(), GOOD.broken()) == ("", [])


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"started": 5}, ["lost: 1"]),
        ({"written": 3, "events_in_mixpanel": 3}, ["results lost: 1"]),
        ({"double_started": 2}, ["double-started: 2"]),
        ({"written_twice": 1}, ["written twice: 1"]),
        ({"profiles_moved_back": 1}, ["profiles moved back: 1"]),
    ],
)
def test_a_broken_promise_is_named(change: dict[str, Any], broken: list[str]) -> None:
    accounts = Accounts(**{**GOOD.__dict__, **change})
    assert accounts.broken() == broken


@pytest.mark.parametrize(
    "change", [{"still_owed": 1}, {"started": 9}, {"events_in_mixpanel": 6}, {"results_skipped": 9}]
)
def test_sums_that_do_not_add_up_make_a_run_void(change: dict[str, Any]) -> None:
    assert Accounts(**{**GOOD.__dict__, **change}).void() != ""
