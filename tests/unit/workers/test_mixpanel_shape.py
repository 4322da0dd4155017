"""A result as Mixpanel is to see it: one event, four profile properties."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.messages import Answer, InterviewResult, Invitation
from common.result_names import EVENT_NAMES, EVERY_NAME, PROFILE_NAMES, ResultNames
from common.routes import Route
from workers.identify import Respondent
from workers.mixpanel_limits import clip, fit
from workers.mixpanel_shape import (
    distinct_themes,
    event_time_ms,
    insert_id,
    make_event,
    make_profile,
)

RECEIVED_MS = 1_780_000_000_000
COMPLETED_MS = RECEIVED_MS - 5000
ROUTE = Route(name="activation", study_id="st_activation", cohort_id="5167408")
PERSON = Invitation(distinct_id="u-ann", email="ann@example.com", route="activation")
RESULT = InterviewResult(
    interview_id="int-1",
    completed_at_ms=COMPLETED_MS,
    received_at_ms=RECEIVED_MS,
    study_id="st_as_koji_says",
    themes=("Pricing", "Onboarding", "Speed"),
    sentiment=" Negative ",
    quality=4,
    mode="voice",
    transcript_url="https://koji.so/t/1",
)
WHO = Respondent("u-ann", ROUTE, PERSON)


def properties(result: InterviewResult = RESULT, who: Respondent = WHO) -> dict[str, Any]:
    found: dict[str, Any] = make_event(result, who)[0]["properties"]
    return found


def left_out(result: InterviewResult = RESULT, who: Respondent = WHO) -> dict[str, int]:
    return make_event(result, who)[1]


def test_the_event_holds_what_was_agreed_and_nothing_else() -> None:
    assert left_out() == {}
    assert make_event(RESULT, WHO)[0] == {
        "event": "Koji Interview Completed",
        "properties": {
            "time": COMPLETED_MS,
            "distinct_id": "u-ann",
            "$insert_id": insert_id("int-1"),
            "ip": 0,
            "theme_top_1": "Pricing",
            "theme_top_2": "Onboarding",
            "sentiment": "negative",
            "quality_score": 4,
            "interview_mode": "voice",
            "transcript_url": "https://koji.so/t/1",
            "interview_id": "int-1",
            "study_id": "st_activation",
            "cohort_id": "5167408",
            "route": "activation",
        },
    }


def test_the_profile_holds_its_four_properties() -> None:
    assert make_profile(RESULT) == {
        "last_interview_at": "2026-05-28T20:26:35",
        "last_interview_sentiment": "negative",
        "last_interview_themes": ["Pricing", "Onboarding", "Speed"],
        "last_interview_quality": 4,
    }


def test_an_interview_that_no_route_knows_is_told_by_what_koji_said() -> None:
    found = properties(who=Respondent("u-x"))
    assert found["study_id"] == "st_as_koji_says"
    assert found["transcript_url"] == "https://koji.so/t/1"
    assert {"route", "cohort_id"}.isdisjoint(found)


def test_what_is_empty_is_left_out() -> None:
    bare = replace(RESULT, themes=(), sentiment="", transcript_url="", mode="")
    assert set(properties(bare)) == {
        *("time", "distinct_id", "$insert_id", "ip"),
        *("quality_score", "interview_mode", "interview_id", "study_id", "cohort_id", "route"),
    }
    assert properties(bare)["interview_mode"] == "text", "the route knows it"
    assert make_profile(bare)["last_interview_themes"] == []


def test_a_quality_of_zero_is_a_quality() -> None:
    assert properties(replace(RESULT, quality=0))["quality_score"] == 0


def test_the_persons_own_cohort_is_stronger_than_the_routes() -> None:
    who = replace(WHO, person=replace(PERSON, cohort_id="999"))
    assert properties(who=who)["cohort_id"] == "999"


# --- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("scale", 8),
        ("scale", 0),
        ("yes_no", True),
        ("yes_no", False),
        ("single_choice", "Monthly"),
        ("multiple_choice", ["A", "B"]),
        ("ranking", ["B", "A"]),
    ],
)
def test_structured_answers_keep_their_type_under_their_slug(kind: str, value: Any) -> None:
    found = properties(replace(RESULT, answers=(Answer("how_likely", kind, value),)))
    assert found["answer_how_likely"] == value
    assert type(found["answer_how_likely"]) is type(value)


OPEN = replace(RESULT, answers=(Answer("why", "open_ended", "Because I said so"),))


def test_free_text_stays_in_koji() -> None:
    assert "answer_why" not in properties(OPEN)
    assert "answer_why" not in properties(OPEN, Respondent("u-x"))


def test_free_text_comes_along_where_the_route_asks_for_it() -> None:
    who = replace(WHO, route=replace(ROUTE, include_open_ended=True))
    assert properties(OPEN, who)["answer_why"] == "Because I said so"


def test_an_answer_is_cut_at_255_bytes_and_a_list_below_255_items() -> None:
    answers = (
        Answer("long", "single_choice", "é" * 200),
        Answer("many", "ranking", ["x"] * 300),
        Answer("wide", "ranking", ["x" * 300] * 300),
    )
    found = properties(replace(RESULT, answers=answers))
    assert found["answer_long"] == "é" * 127
    assert found["answer_many"] == ["x"] * 254
    assert found["answer_wide"] == ["x" * 255] * 31, "a list on an event has at most 8 KB"


def test_no_more_than_254_properties_go_and_what_is_left_out_is_counted() -> None:
    passed = {f"p{n}": n for n in range(50)}
    who = replace(WHO, person=replace(PERSON, properties=passed))
    result = replace(RESULT, answers=tuple(Answer(f"q{n}", "scale", n) for n in range(200)))
    found = properties(result, who)
    assert len(found) == 254
    assert set(properties(who=who)) <= set(found), "the result's own and those passed on come first"
    kept = [name for name in found if name.startswith("answer_")]
    assert kept == [f"answer_q{n}" for n in range(190)]
    assert left_out(result, who) == {"property": 10}


def test_an_object_is_cut_to_three_levels_and_left_out_whole_over_8_kb() -> None:
    deep = {"a": {"b": {"c": {"d": 1}, "t": "é" * 200, "n": 1}}}
    assert fit(deep) == {"a": {"b": {"t": "é" * 127, "n": 1}}}
    assert len(fit({str(n): n for n in range(300)})) == 254
    wide = {str(n): "x" * 255 for n in range(100)}
    who = replace(WHO, person=replace(PERSON, properties={"wide": wide, "plan": "pro"}))
    assert "wide" not in properties(who=who)
    assert properties(who=who)["plan"] == "pro"
    assert left_out(who=who) == {"property": 1}


# --- passed properties -----------------------------------------------------------------------


def test_passed_properties_lose_mixpanels_own_dollar() -> None:
    passed = {"plan": "pro", "$city": "Ulm", "seats": 3, "tags": ["a"], "trial": False}
    who = replace(WHO, person=replace(PERSON, properties=passed))
    found = properties(who=who)
    assert {name: found[name] for name in ("plan", "city", "seats", "tags", "trial")} == {
        "plan": "pro",
        "city": "Ulm",
        "seats": 3,
        "tags": ["a"],
        "trial": False,
    }
    assert not [name for name in found if name.startswith("$") and name != "$insert_id"]


@pytest.mark.parametrize("name", ["time", "distinct_id", "token", "ip", "$insert_id", "insert_id"])
def test_a_property_cannot_take_the_place_of_mixpanels_own(name: str) -> None:
    who = replace(WHO, person=replace(PERSON, properties={name: "forged"}))
    assert properties(who=who) == properties()


@pytest.mark.parametrize("name", ["sentiment", "route", "interview_id", "quality_score"])
def test_a_property_cannot_take_the_place_of_the_results(name: str) -> None:
    who = replace(WHO, person=replace(PERSON, properties={name: "forged"}))
    assert properties(who=who) == properties()


# --- transcript ------------------------------------------------------------------------------


def test_the_transcripts_url_stays_out_where_the_route_says_so() -> None:
    who = replace(WHO, route=replace(ROUTE, include_transcript_url=False))
    assert "transcript_url" not in properties(who=who)


@pytest.mark.parametrize(("length", "kept"), [(255, True), (256, False)])
def test_a_url_that_would_be_cut_is_left_out_and_counted(length: int, *, kept: bool) -> None:
    result = replace(RESULT, transcript_url="https://koji.so/" + "x" * (length - 16))
    assert ("transcript_url" in properties(result)) is kept
    assert left_out(result) == ({} if kept else {"transcript_url": 1})
    unwanted = replace(WHO, route=replace(ROUTE, include_transcript_url=False))
    assert left_out(result, unwanted) == {}


def test_a_urls_length_is_counted_in_bytes() -> None:
    url = "https://koji.so/" + "é" * 120
    assert len(url) < 255
    assert "transcript_url" not in properties(replace(RESULT, transcript_url=url))


# --- themes, texts, ids, times ---------------------------------------------------------------


def test_themes_keep_their_order_and_come_once() -> None:
    themes = (" Pricing ", "", "Pricing", "  ", "Speed", "x" * 300)
    assert distinct_themes(replace(RESULT, themes=themes)) == ["Pricing", "Speed", "x" * 255]


@given(st.text(), st.integers(min_value=0, max_value=300))
def test_clipped_text_fits_and_no_character_is_cut(text: str, most: int) -> None:
    clipped = clip(text, most)
    assert len(clipped.encode("utf-8", "replace")) <= most
    assert text.startswith(clipped)
    assert clipped == text or len(text[: len(clipped) + 1].encode("utf-8", "replace")) > most


@given(st.text(min_size=1, max_size=300, alphabet=st.characters(exclude_categories=["Cs"])))
def test_the_insert_id_is_one_that_mixpanel_takes_and_always_the_same(interview: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9-]{1,36}", insert_id(interview))
    assert insert_id(interview) == insert_id(interview)


def test_the_insert_id_is_the_same_in_every_release() -> None:
    assert insert_id("int-1") == "3aacf4a4ceb6a45c99aaa2489c56dc5f196f"
    assert insert_id("int-1") != insert_id("int-2")


@pytest.mark.parametrize(
    ("completed_at_ms", "expected"),
    [
        (COMPLETED_MS, COMPLETED_MS),
        (RECEIVED_MS + 3_600_000, RECEIVED_MS + 3_600_000),
        (RECEIVED_MS + 3_600_001, RECEIVED_MS),
        (31_536_000_000, RECEIVED_MS),
        (31_536_000_001, 31_536_000_001),
        (0, RECEIVED_MS),
        (-5, RECEIVED_MS),
    ],
)
def test_the_time_is_the_completion_unless_mixpanel_would_refuse_it(
    completed_at_ms: int, expected: int
) -> None:
    assert event_time_ms(replace(RESULT, completed_at_ms=completed_at_ms)) == expected


def test_a_repeat_makes_the_same_event() -> None:
    again = InterviewResult.from_dict(
        {**RESULT.__dict__, "answers": [], "themes": list(RESULT.themes)}
    )
    assert make_event(again, WHO) == make_event(RESULT, WHO)


# --- the route's own names -------------------------------------------------------------------


def test_every_name_can_be_another() -> None:
    names = ResultNames(**{name: f"x {name}" for name in EVERY_NAME})
    answers = (Answer("recommend", "scale", 9),)
    route = replace(ROUTE, names=names, profile_answers=("recommend",))
    result, who = replace(RESULT, answers=answers), replace(WHO, route=route)
    event, _ = make_event(result, who)
    assert event["event"] == "x event"
    kept = {"time", "distinct_id", "$insert_id", "ip"}
    told = set(event["properties"]) - kept
    assert told == {f"x {name}" for name in EVENT_NAMES if name != "answer_"} | {
        "x answer_recommend"
    }
    told = set(make_profile(result, route))
    assert told == {f"x {name}" for name in PROFILE_NAMES if name != "last_interview_"} | {
        "x last_interview_recommend"
    }
    assert event["properties"]["$insert_id"] == properties()["$insert_id"], "the interview's own"


def test_answers_go_to_the_profile_where_the_route_names_them() -> None:
    answers = (
        Answer("recommend", "scale", 9),
        Answer("why", "open_ended", "Because I said so"),
        Answer("other", "scale", 1),
    )
    result = replace(RESULT, answers=answers)
    route = replace(ROUTE, profile_answers=("recommend", "why"))
    assert make_profile(result, route) == {**make_profile(RESULT), "last_interview_recommend": 9}
    asked = replace(route, include_open_ended=True)
    assert make_profile(result, asked)["last_interview_why"] == "Because I said so"
