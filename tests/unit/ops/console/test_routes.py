"""Routes: settings, pause, resume, plan."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from common.hours import Span
from common.rates import Cap
from common.result_names import ResultNames
from common.routes import Routes
from tests.unit.ops.conftest import email
from tests.unit.ops.console.conftest import visible

if TYPE_CHECKING:
    from ops.console.desk import Desk
    from tests.unit.ops.conftest import Book
    from tests.unit.ops.console.conftest import Visitor

CSV = f"""\
email,mixpanel_distinct_id
{email(1)},user_1
new@example.com,new
,idonly
new@example.com,
"""


def plan(visitor: Visitor, content: bytes, route: str = "activation") -> str:
    return visible(
        visitor.post("/routes/plan", route=route, file=(io.BytesIO(content), "a.csv")).text
    )


@pytest.mark.parametrize(
    "shown",
    [
        *("study_id st_activation", "cohort_id 5167408", "api_key_env KOJI_API_KEY"),
        *("rate_limit 60/minute (KOJI_RATE_LIMIT)", "cooldown_days 30", "properties plan, $city"),
        *("cohort_name Churned users", "api_key_env CHURN_KEY", "mode voice"),
        *("rate_limit 30/minute", "include_transcript_url yes", "include_open_ended no"),
        "timezone UTC",
    ],
)
def test_the_settings_of_each_route_are_shown_but_no_key(visitor: Visitor, shown: str) -> None:
    page = visible(visitor.get("/routes").text)
    assert shown in page
    assert "pk_live" not in page


def test_a_cap_is_shown_as_it_was_written(visitor: Visitor, desk: Desk) -> None:
    (first, _) = desk.config.routes
    capped = replace(first, max_invites=Cap(10, "week"), quiet_hours=Span.parse("20:00-08:00"))
    object.__setattr__(desk.config, "routes", Routes([capped]))
    page = visible(visitor.get("/routes").text)
    assert "max_invites 10/week" in page
    assert "quiet_hours 20:00-08:00" in page


def test_only_names_that_were_changed_are_shown(visitor: Visitor, desk: Desk) -> None:
    (first, second) = desk.config.routes
    named = replace(first, names=ResultNames(event="Talked"), profile_answers=("nps", "why"))
    object.__setattr__(desk.config, "routes", Routes([named, second]))
    page = visible(visitor.get("/routes").text)
    assert "names event = Talked " in page
    assert "profile_answers nps, why" in page
    assert page.count("names") == page.count("profile_answers") == 1
    assert "ResultNames" not in page


def test_whom_a_route_excludes_is_counted_and_not_named(visitor: Visitor, desk: Desk) -> None:
    (first, _) = desk.config.routes
    route = replace(first, exclude=("ann@example.com", "@example.org"))
    object.__setattr__(desk.config, "routes", Routes([route]))
    page = visible(visitor.get("/routes").text)
    assert "exclude 2" in page
    assert "@" not in page


@pytest.mark.parametrize("name", ["activation", "churned", "mixpanel"])
def test_a_route_is_paused_and_resumed_and_both_are_noted(
    visitor: Visitor, desk: Desk, name: str
) -> None:
    page = visitor.post("/routes/pause", route=name, reason="study is being reworked").text
    assert f"{name} is paused." in page
    assert "UTC: study is being reworked" in page
    assert "was paused already" in visitor.post("/routes/pause", route=name, reason="x").text
    found = desk.pauses.get(name)
    assert found is not None
    assert found.reason == "study is being reworked"
    assert f"{name} goes on." in visitor.post("/routes/resume", route=name).text
    assert desk.pauses.get(name) is None
    assert f"{name} was not paused." in visitor.post("/routes/resume", route=name).text
    notes, _ = desk.audit.read(0, 9)
    assert [(note.what, note.on) for note in notes] == [("resume", name), ("pause", name)]


def test_a_pause_without_a_reason_names_who_paused(visitor: Visitor, desk: Desk) -> None:
    visitor.post("/routes/pause", route="activation")
    found = desk.pauses.get("activation")
    assert found is not None
    assert found.reason == "paused in the console by ada"


def test_a_route_that_left_the_file_can_still_be_resumed(
    visitor: Visitor, book: Book, desk: Desk
) -> None:
    book.invite(1, route="old", study="st_old")
    desk.pauses.pause("old", "x")
    assert "no longer in routes.toml" in visitor.get("/routes").text
    assert "old goes on." in visitor.post("/routes/resume", route="old").text


@pytest.mark.parametrize("path", ["/routes/pause", "/routes/resume", "/routes/plan"])
def test_an_unknown_route_is_404(visitor: Visitor, desk: Desk, path: str) -> None:
    assert visitor.post(path, route="nobody").status_code == 404
    assert desk.pauses.all() == {}


def test_a_plan_says_what_a_cohort_would_do_and_keeps_nothing(
    visitor: Visitor, book: Book, desk: Desk
) -> None:
    book.invite(1)
    before = set(desk.redis.keys())
    page = plan(visitor, CSV.encode())
    assert "Plan for activation" in page
    assert "Members in the file 4 Would be invited 1 Already invited to this study 1" in page
    assert "no email 1 1 Stand in the file more than once 1" in page
    assert "Koji credits at most 1 People waiting already 1" in page
    assert "All of them would be invited in 2 s , at 2026-05-29 12:00:02 UTC." in page
    assert set(desk.redis.keys()) == before


def test_a_plan_for_a_paused_route_has_no_finish(visitor: Visitor, desk: Desk) -> None:
    desk.pauses.pause("activation", "being reworked")
    page = plan(visitor, b'[{"email": "a@example.com"}]')
    assert "No finish time can be told: being reworked." in page


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "not UTF-8 text; save the file as UTF-8"),
        (b"[1]", "must be a list of objects"),
        (b"a,b\n1,2", "line 1: must name the columns"),
        (
            b'email\n"' + b"x" * 200_000 + b'"\n',
            "near line 2: not CSV: field larger than field limit",
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_why(visitor: Visitor, content: bytes, why: str) -> None:
    assert f"The file could not be read: {why}" in plan(visitor, content)


def test_a_plan_needs_a_file(visitor: Visitor) -> None:
    assert "Choose a file first." in visitor.post("/routes/plan", route="activation").text
