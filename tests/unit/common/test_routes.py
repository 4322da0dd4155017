"""routes.toml: what is taken, what is refused and in which words, and how routes are found."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from common.hours import Span
from common.rates import Cap, Rate
from common.route_reading import parse_routes
from common.routes import Route, Routes, api_key_names

SMALLEST = 'name = "activation"\nstudy_id = "st_activation"\n'
FULL = """
[defaults]
locale = "de"
mode = "voice"

[[routes]]
name = "activation"
cohort_id = 5167408
cohort_name = "Activation drop-offs"
study_id = "st_activation"
api_key_env = "ACTIVATION_KEY"
mode = "text"
join_key = "respondent_id"
min_quality = 2.5
include_transcript_url = false
include_open_ended = true
rate_limit = "30/minute"
cooldown_days = 30
max_invites = "10/week"
monthly_credits = 79
properties = ["plan", "$city"]
reconcile_after_hours = 12
interview_timeout_days = 14
sample = 0.25
exclude = ["@example.org", "ann@example.com", "u-7"]
timezone = "Europe/Berlin"
send_between = "Mon-Fri 09:00-18:00"
quiet_hours = "20:00-08:00"
priority = 2
"""


def table(*lines: str, base: str = SMALLEST) -> str:
    return "[[routes]]\n" + base + "\n".join(lines) + "\n"


def only(text: str) -> Route:
    routes, problems = parse_routes(text)
    assert problems == []
    (route,) = routes
    return route


def problems(text: str) -> list[str]:
    return parse_routes(text)[1]


def test_the_smallest_route_has_the_documented_defaults() -> None:
    assert only(table()) == Route(
        name="activation",
        study_id="st_activation",
        api_key_env="KOJI_API_KEY",
        mode="text",
        locale="en",
        join_key="email",
        min_quality=3,
        include_transcript_url=True,
        include_open_ended=False,
    )


def test_every_key_is_read_and_a_routes_own_is_stronger_than_the_defaults() -> None:
    assert only(FULL) == Route(
        name="activation",
        study_id="st_activation",
        cohort_id="5167408",
        cohort_name="Activation drop-offs",
        api_key_env="ACTIVATION_KEY",
        mode="text",
        locale="de",
        join_key="respondent_id",
        min_quality=2.5,
        include_transcript_url=False,
        include_open_ended=True,
        rate_limit=Rate(30, 60),
        cooldown_days=30,
        max_invites=Cap(10, "week"),
        monthly_credits=79,
        properties=("plan", "$city"),
        reconcile_after_hours=12,
        interview_timeout_days=14,
        sample=0.25,
        exclude=("@example.org", "ann@example.com", "u-7"),
        timezone=ZoneInfo("Europe/Berlin"),
        send_between=Span.parse("Mon-Fri 09:00-18:00"),
        quiet_hours=Span.parse("20:00-08:00"),
        priority=2,
    )


@pytest.mark.parametrize(("mode", "credits_each"), [("text", 1), ("voice", 3)])
def test_an_interview_costs_what_koji_bills(mode: str, credits_each: int) -> None:
    assert only(table(f'mode = "{mode}"')).credits_per_interview == credits_each


@pytest.mark.parametrize("written", ["5167408", '"5167408"', '" 5167408 "'])
def test_a_cohorts_id_may_be_a_number_or_a_string(written: str) -> None:
    assert only(table(f"cohort_id = {written}")).cohort_id == "5167408"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("cohort_id = true", "cohort_id"),
        ('cohort_id = " "', "cohort_id"),
        ("cohort_id = 1.5", "cohort_id"),
        ('cohort_name = ""', "cohort_name"),
        ('api_key_env = "MY KEY"', "api_key_env"),
        ('mode = "video"', "mode"),
        ('locale = ""', "locale"),
        ('join_key = "phone"', "join_key"),
        ("min_quality = 6", "min_quality"),
        ("include_open_ended = 7", "include_open_ended"),
        ('rate_limit = "60 a minute"', "rate_limit"),
        ("rate_limit = 60", "rate_limit"),
        ("cooldown_days = -1", "cooldown_days"),
        ('max_invites = "10/minute"', "max_invites"),
        ("monthly_credits = 1.5", "monthly_credits"),
        ("monthly_credits = -1", "monthly_credits"),
        ("sample = 1.1", "sample"),
        ('sample = "some"', "sample"),
        ('exclude = "ann@example.com"', "exclude"),
        ('exclude = ["@no domain"]', "exclude"),
        ('exclude = ["anonymous"]', "exclude"),
        ('timezone = "Berlin"', "timezone"),
        ('timezone = "../etc/passwd"', "timezone"),
        ('send_between = "9-18"', "send_between"),
        ('send_between = "09:00-09:00"', "send_between"),
        ('quiet_hours = "Mon-Foo 09:00-18:00"', "quiet_hours"),
        ('quiet_hours = "20:00-25:00"', "quiet_hours"),
        ("priority = 1.5", "priority"),
        ("priority = 101", "priority"),
        ("reconcile_after_hours = -1", "reconcile_after_hours"),
        ("interview_timeout_days = 3651", "interview_timeout_days"),
        ('properties = "plan"', "properties"),
        ('properties = ["plan", ""]', "properties"),
        (f"properties = {['p'] * 51}", "properties"),
    ],
)
def test_a_wrong_value_is_one_problem_of_that_key(line: str, key: str) -> None:
    routes, found = parse_routes(table(line))
    assert len(routes) == 0
    assert [problem.startswith(f"route 'activation': {key}: ") for problem in found] == [True]


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "a/b", "ä", "a" * 65, "a\\n", "mixpanel"])
def test_a_name_that_would_confuse_is_refused(name: str) -> None:
    (found,) = problems(table(base=f'name = "{name}"\nstudy_id = "st"\n'))
    assert "name: " in found


@pytest.mark.parametrize("name", ["a", "A-1_b.c", "0", "a" * 64])
def test_a_plain_name_is_taken(name: str) -> None:
    assert only(table(base=f'name = "{name}"\nstudy_id = "st"\n')).name == name


def test_what_is_missing_is_told_and_a_nameless_route_goes_by_its_number() -> None:
    assert problems(table() + "[[routes]]\nmode = 'text'\n") == [
        "route 2: name: Missing data for required field.",
        "route 2: study_id: Missing data for required field.",
    ]


def test_all_problems_of_all_routes_are_told_and_right_ones_are_returned() -> None:
    wrong = '[[routes]]\nname = "b"\nstudy_id = ""\nmode = "video"\n'
    routes, found = parse_routes(table() + wrong + wrong.replace('"b"', '"c"'))
    assert [route.name for route in routes] == ["activation"]
    assert sorted(problem.split(": ")[:2] for problem in found) == [
        ["route 'b'", "mode"],
        ["route 'b'", "study_id"],
        ["route 'c'", "mode"],
        ["route 'c'", "study_id"],
    ]


def test_an_unknown_key_is_a_mistake_and_the_likely_one_is_offered() -> None:
    assert problems(table("cooldown_day = 3")) == [
        "route 'activation': unknown key 'cooldown_day' (did you mean 'cooldown_days'?)"
    ]


def test_an_unknown_key_like_no_other_is_told_with_all_that_are_known() -> None:
    (found,) = problems(table("xyzzy = 3"))
    assert found.startswith("route 'activation': unknown key 'xyzzy' (known: name, study_id, ")
    assert "interview_timeout_days" in found


def test_an_unknown_key_of_the_defaults_is_told_too() -> None:
    assert problems("[defaults]\nlocal = 'de'\n" + table()) == [
        "route 'activation': unknown key 'local' (did you mean 'locale'?)"
    ]


def test_an_unknown_table_is_told() -> None:
    assert problems("[default]\nmode = 'voice'\n" + table()) == [
        "unknown table or key 'default' at the top (known: defaults, routes)"
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("", "routes = []", "routes = 1", "routes = [1, 'a']", "[routes]\nname = 'a'"),
        "defaults = 1\n" + table(),
    ],
)
def test_without_a_route_there_is_one_problem(text: str) -> None:
    routes, found = parse_routes(text)
    assert len(routes) == 0
    assert found == ["needs at least one [[routes]] table (see routes.example.toml)"]


def test_text_that_is_no_toml_is_told_with_the_place() -> None:
    (found,) = problems("[[routes]\n")
    assert found.startswith("not valid TOML: ")
    assert "line 1" in found


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('name = "same"', "name 'same' stands in 2 routes"),
        ("cohort_id = 7", "cohort_id '7' stands in 2 routes"),
        ('cohort_name = "C"', "cohort_name 'C' stands in 2 routes"),
    ],
)
def test_a_name_or_cohort_that_stands_twice_is_refused(line: str, told: str) -> None:
    names = ["", ""] if line.startswith("name") else ['name = "a"', 'name = "b"']
    text = "".join(f'[[routes]]\n{name}\n{line}\nstudy_id = "st"\n' for name in names)
    assert problems(text) == [told]


def test_two_routes_may_lead_to_one_study() -> None:
    second = table(base=SMALLEST.replace('"activation"', '"b"'))
    assert problems(table() + second) == []


# --- finding a route ---

BY_ID = Route("by-id", "st_one", cohort_id="7", cohort_name="Old name")
BY_NAME = Route("by-name", "st_two", cohort_name="Power users")
UNBOUND = Route("unbound", "st_two", api_key_env="OTHER_KEY")
ALL = Routes([BY_ID, BY_NAME, UNBOUND])


@pytest.mark.parametrize(
    ("cohort_id", "cohort_name", "expected"),
    [
        ("7", "", BY_ID),
        ("8", "Old name", BY_ID),
        ("8", "Power users", BY_NAME),
        ("7", "Power users", BY_ID),
        ("8", "power users", None),
        ("", "", None),
    ],
)
def test_a_cohort_is_found_by_its_id_before_its_name(
    cohort_id: str, cohort_name: str, expected: Route | None
) -> None:
    assert ALL.for_cohort(cohort_id, cohort_name) is expected


@pytest.mark.parametrize(
    ("study_id", "expected"), [("st_one", BY_ID), ("st_two", BY_NAME), ("st_three", None)]
)
def test_a_study_leads_to_the_first_of_its_routes(study_id: str, expected: Any) -> None:
    assert ALL.for_study(study_id) is expected


@pytest.mark.parametrize(("name", "expected"), [("by-name", BY_NAME), ("nobody", None)])
def test_a_route_is_found_by_its_name(name: str, expected: Any) -> None:
    assert ALL.named(name) is expected


def test_routes_keep_the_order_of_the_file() -> None:
    assert list(ALL) == [BY_ID, BY_NAME, UNBOUND]
    assert len(ALL) == 3


def test_each_key_variable_is_told_with_its_routes() -> None:
    assert api_key_names(ALL) == {"KOJI_API_KEY": ["by-id", "by-name"], "OTHER_KEY": ["unbound"]}


# --- names of results, and answers on the profile ---


def test_a_route_calls_its_results_what_it_likes() -> None:
    text = table('[routes.names]\nevent = "Talked"\nsentiment = "mood"\n')
    (route,), told = parse_routes(text)
    assert told == []
    assert (route.names.event, route.names.sentiment, route.names.route) == (
        *("Talked", "mood", "route"),
    )


def test_names_of_the_defaults_and_of_a_route_add_up() -> None:
    text = '[defaults.names]\nevent = "Talked"\nroute = "line"\n' + table(
        '[routes.names]\nroute = "path"\n'
    )
    (route,), told = parse_routes(text)
    assert (told, route.names.event, route.names.route) == ([], "Talked", "path")
    (_, told) = parse_routes('[defaults.names]\nroute = "line"\n' + table("names = 3"))
    assert told == ["route 'activation': names: Invalid input type."]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('sentiment = "$mood"', "names: '$mood' is Mixpanel's own; choose another name."),
        ('event = "mp_event"', "names: 'mp_event' is Mixpanel's own; choose another name."),
        ('route = "time"', "names: 'time' is Mixpanel's own; choose another name."),
        (
            'sentiment = "route"',
            "names: sentiment and route would both be 'route'; each needs its own.",
        ),
        (
            'route = "answer_x"',
            (
                "names: route: 'answer_x' begins like an answer ('answer_'); "
                "choose another name, or another prefix."
            ),
        ),
        ('route = " x"', "names: Must be a name without space around it."),
        (f'route = "{"é" * 128}"', "names: Must not be longer than 255 bytes."),
        ('mood = "x"', "names: Unknown field."),
    ],
)
def test_a_name_that_cannot_be_is_refused(line: str, told: str) -> None:
    assert problems(table(f"[routes.names]\n{line}\n")) == [f"route 'activation': {told}"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            'properties = ["$route"]',
            "properties: '$route' is a result's own name; call that another with names.route.",
        ),
        (
            'profile_answers = ["at"]',
            (
                "profile_answers: 'at' would take the place of last_interview_at; "
                "set names.last_interview_."
            ),
        ),
        (
            'profile_answers = ["How likely?"]',
            "profile_answers: Must be a question's slug, as it stands behind answer_ on the event.",
        ),
    ],
)
def test_what_would_take_the_place_of_a_result_is_refused(line: str, told: str) -> None:
    assert problems(table(line)) == [f"route 'activation': {told}"]


def test_a_clash_is_gone_once_the_result_has_another_name() -> None:
    renamed = '[routes.names]\nroute = "line"\nlast_interview_ = "koji_"\n'
    assert problems(table(f'properties = ["route"]\nprofile_answers = ["at"]\n{renamed}')) == []
