"""Where the fetching of cohorts stands, on the command line and on the page "The loop"."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from common.ledger.pulls import DONE, FAILED, Pull, Pulls
from ops.console.texts import DASH
from tests.unit.ops.conftest import NOON_MS
from tests.unit.ops.console.conftest import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from common.ledger import Ledger
    from tests.unit.ops.console.conftest import Visitor

DAY_MS = 86_400_000
PULL = Pull("activation", started_at_ms=NOON_MS, due_at_ms=NOON_MS + 5000, total_pages=5)


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    file = Path(environ["BRIDGE_ROUTES"])
    daily = 'cooldown_days = 30\npull = "daily 06:00"'
    file.write_text(file.read_text().replace("cooldown_days = 30", daily))
    account = {"MIXPANEL_SERVICE_ACCOUNT": "bridge:secret", "MIXPANEL_PROJECT_ID": "1"}
    return {**environ, **account}


@pytest.fixture
def pulls(ledger: Ledger) -> Pulls:
    return Pulls(ledger)


def test_before_the_first_it_is_told_when_that_will_be(run_json: Any, visitor: Visitor) -> None:
    assert run_json("status")[1]["pulls"] == [
        {
            "route": "activation",
            "schedule": "daily 06:00",
            "next_at": "2026-05-30T06:00:00.000Z",
            "state": None,
            "started_at": None,
            "goes_on_at": None,
            "error": None,
            "pages": 0,
            "total_pages": 0,
            "members": 0,
        }
    ]
    page = visible(visitor.get("/").text)
    assert f"activation daily 06:00 {DASH} not yet 30 May 06:00" in page


def test_a_running_pull_tells_what_it_waits_for(
    run: Callable[..., Result], run_json: Any, pulls: Pulls, visitor: Visitor
) -> None:
    pulls.save(replace(PULL, page=3, members=3000, error="waits for Mixpanel's hourly limit"))
    (told,) = run_json("status")[1]["pulls"]
    assert (told["state"], told["pages"], told["members"]) == ("running", 3, 3000)
    assert told["goes_on_at"] == "2026-05-29T12:00:05.000Z"
    waits = "running, 3 of 5 pages: waits for Mixpanel's hourly limit"
    assert waits in run("status").stdout
    assert waits in visible(visitor.get("/").text).replace("&#39;", "'")


def test_a_finished_pull_tells_how_many_came(
    run: Callable[..., Result], pulls: Pulls, visitor: Visitor
) -> None:
    pulls.save(replace(PULL, state=DONE, page=5, members=4711))
    assert "2026-05-29 12:00  done, 4,711 members  2026-05-30 06:00" in run("status").stdout
    page = visible(visitor.get("/").text)
    assert "activation daily 06:00 12:00 done, 4,711 members 30 May 06:00" in page


def test_a_failed_pull_says_why_and_raises_an_alert(
    run: Callable[..., Result], run_json: Any, pulls: Pulls, visitor: Visitor
) -> None:
    pulls.save(replace(PULL, state=FAILED, page=1, error="HTTP 403 no such cohort"))
    (told,) = run_json("status")[1]["pulls"]
    assert (told["state"], told["error"]) == ("failed", "HTTP 403 no such cohort")
    assert "failed after 1 of 5 pages: HTTP 403 no such cohort" in run("status").stdout
    page = visible(visitor.get("/").text)
    assert "The cohort of route activation was not fetched: HTTP 403 no such cohort" in page


def test_a_time_that_nobody_took_up_is_shown_as_the_next(run_json: Any, pulls: Pulls) -> None:
    pulls.note_slot("activation", NOON_MS - 2 * DAY_MS)
    assert run_json("status")[1]["pulls"][0]["next_at"] == "2026-05-29T06:00:00.000Z"


def test_a_pull_on_demand_needs_no_schedule(
    run: Callable[..., Result], run_json: Any, pulls: Pulls
) -> None:
    assert pulls.start("churned")
    told = run_json("status")[1]["pulls"][1]
    assert (told["route"], told["schedule"], told["next_at"]) == ("churned", None, None)
    assert "on demand" in run("status").stdout
