"""examples/routes: each can be read, all together too, and says what its questions arrive as."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from common.koji.slugs import question_slug
from common.result_names import DEFAULT_NAMES, EVERY_NAME
from common.route_reading import parse_routes
from ops.local.supervised import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted((ROOT / "examples" / "routes").glob("*.toml"))
# koji.so/docs, the six types of question
STRUCTURED = {"scale", "single_choice", "multiple_choice", "ranking", "yes_no"}
QUESTION = re.compile(r'^#   (\w+) +"([^"]+)"(?: → (answer_\w+))?$', re.MULTILINE)


@pytest.fixture(params=FILES, ids=[path.stem for path in FILES])
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_there_is_one_for_each_cohort_of_the_guide() -> None:
    assert len(FILES) == 5


def test_it_is_a_route_named_like_its_file_with_bounds(file: Path) -> None:
    routes, problems = parse_routes(file.read_text(encoding="utf-8"))
    assert problems == []
    (route,) = routes
    assert route.name == file.stem
    assert route.cohort_name
    assert route.cooldown_days
    assert route.max_invites
    assert route.monthly_credits


def test_its_questions_say_what_they_arrive_as(file: Path) -> None:
    questions = QUESTION.findall(file.read_text(encoding="utf-8"))
    assert len(questions) >= 4
    for kind, text, name in questions:
        assert kind in {*STRUCTURED, "open_ended"}
        assert (kind in STRUCTURED) == bool(name), text
        assert name in {"", f"answer_{question_slug('', text, 1)}"}


def test_every_line_that_looks_like_a_question_is_one(file: Path) -> None:
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if '"' in line]
    asked = [line for line in lines if re.match(r"#   \w+_\w+ |#   (?:scale|ranking) ", line)]
    assert [line for line in asked if not QUESTION.match(line)] == []


def test_all_of_them_stand_in_one_file() -> None:
    routes, problems = parse_routes("\n".join(path.read_text(encoding="utf-8") for path in FILES))
    assert problems == []
    assert len({route.api_key_env for route in routes}) == len(FILES)


def test_the_reports_speak_of_properties_that_arrive() -> None:
    """Every name of ours in the page is one of those that a route's results have."""
    page = (ROOT / "docs" / "mixpanel-reports.md").read_text(encoding="utf-8")
    ours = r"`((?:last_interview|theme_top|quality|sentiment|transcript|route|interview)\w*)`"
    named = set(re.findall(ours, page))
    assert {"theme_top_1", "last_interview_themes", "sentiment"} <= named
    routes, _ = parse_routes("\n".join(path.read_text(encoding="utf-8") for path in FILES))
    on_profiles = {f"last_interview_{slug}" for route in routes for slug in route.profile_answers}
    assert named <= {*EVERY_NAME, *on_profiles}
    assert f"`{DEFAULT_NAMES.event}`" in page


def test_an_answer_for_the_profile_is_one_of_the_questions(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    (route,) = parse_routes(text)[0]
    names = {name for _, _, name in QUESTION.findall(text)}
    assert {f"answer_{slug}" for slug in route.profile_answers} <= names
