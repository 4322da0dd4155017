from __future__ import annotations

from typing import Any

import pytest

from common.koji.answers import ANSWERS_MOST, read_answers
from common.messages import Answer

LONG = "a sentence that somebody typed, which goes on and on until it has more than sixty"


def _one(kind: str | None, value: Any) -> tuple[str, Any] | None:
    item = {"question_id": "some_question", "value": value} | ({"type": kind} if kind else {})
    answers = read_answers([item])
    return (answers[0].kind, answers[0].value) if answers else None


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("scale", 7, 7),
        ("scale", "7", 7),
        ("scale", "7.5", 7.5),
        ("scale", 0, 0),
        ("scale", {"value": 7, "max": 10}, 7),
        ("yes_no", True, True),
        ("yes_no", "no", False),
        ("yes_no", "Yes", True),
        ("yes_no", 0, False),
        ("single_choice", "Pro", "Pro"),
        ("single_choice", 3, "3"),
        ("single_choice", ["Pro"], "Pro"),
        ("single_choice", {"label": "Pro", "id": "x"}, "Pro"),
        ("multiple_choice", ["A", "B"], ["A", "B"]),
        ("multiple_choice", "A", ["A"]),
        ("multiple_choice", [{"label": "A"}, {"text": "B"}, None, {}], ["A", "B"]),
        ("multiple_choice", {"value": ["A"]}, ["A"]),
        ("ranking", ["B", "A"], ["B", "A"]),
        ("open_ended", LONG, LONG),
        ("open_ended", {"value": LONG}, LONG),
    ],
)
def test_each_type_has_its_own_kind_of_value(kind: str, value: Any, read: Any) -> None:
    answer = _one(kind, value)
    assert answer == (kind, read)
    assert type(answer[1]) is type(read)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("scale", "many"),
        ("scale", True),
        ("scale", [7]),
        ("yes_no", "maybe"),
        ("yes_no", []),
        ("single_choice", ["A", "B"]),
        ("single_choice", {}),
        ("single_choice", "x" * 256),
        ("multiple_choice", []),
        ("ranking", [[], {}]),
        ("open_ended", ""),
        ("open_ended", 5),
        ("scale", None),
        (None, None),
        (None, {}),
        (None, LONG),
        (None, ["short", LONG]),
    ],
)
def test_what_was_skipped_or_makes_no_sense_is_left_out(kind: str | None, value: Any) -> None:
    assert _one(kind, value) is None


@pytest.mark.parametrize(
    ("value", "kind", "read"),
    [
        (7, "scale", 7),
        (True, "yes_no", True),
        ("Pro", "single_choice", "Pro"),
        (["A"], "multiple_choice", ["A"]),
    ],
)
def test_without_a_type_the_value_tells_it(value: Any, kind: str, read: Any) -> None:
    assert _one(None, value) == (kind, read)


@pytest.mark.parametrize("kind", ["openEnded", "Open-Ended", "open ended"])
def test_a_type_is_known_in_any_spelling(kind: str) -> None:
    assert _one(kind, "text") == ("open_ended", "text")


def test_a_string_of_an_unknown_type_counts_as_free_text() -> None:
    assert _one("short_text", "I am Ann") == ("open_ended", "I am Ann")
    assert _one("nps", 9) == ("scale", 9)


@pytest.mark.parametrize(
    ("item", "slug"),
    [
        ({"question_id": "nps_score", "value": 1}, "nps_score"),
        ({"id": "q1", "question": "How likely?", "value": 1}, "how_likely"),
        (
            {"question": {"id": "q1", "text": "How likely?", "type": "scale"}, "value": 1},
            "how_likely",
        ),
        ({"question": {"id": 17, "title": "How likely?"}, "answer": 1}, "how_likely"),
        ({"id": "q1", "text": "How likely?", "type": "scale", "response": 1}, "how_likely"),
        ({"id": "q1", "value": 1}, "q1"),
        ({"value": 1}, "question_1"),
    ],
)
def test_a_question_is_named_in_many_ways(item: dict[str, Any], slug: str) -> None:
    assert read_answers([item]) == (Answer(slug, "scale", 1),)


def test_a_dict_of_objects_is_keyed_by_slug() -> None:
    source = {"nps": {"type": "scale", "value": 9}, "q2": {"question": "Why?", "value": "Price"}}
    assert read_answers(source) == (
        Answer("nps", "scale", 9),
        Answer("why", "single_choice", "Price"),
    )


def test_a_dict_of_bare_values_leaves_out_what_may_be_free_text() -> None:
    source = {"nps": 9, "Would you pay?": "yes", "why": LONG, "sixty": "x" * 60, "skipped": None}
    assert read_answers(source) == (
        Answer("nps", "scale", 9),
        Answer("would_you_pay", "single_choice", "yes"),
        Answer("sixty", "single_choice", "x" * 60),
    )


def test_slugs_are_unique() -> None:
    answers = read_answers([{"question_id": "nps", "value": n} for n in range(3)]) or ()
    assert [answer.slug for answer in answers] == ["nps", "nps_2", "nps_3"]


@pytest.mark.parametrize("source", [None, [], {}, "text", 5, True, ["text", 1, None], [{}]])
def test_nothing_usable_is_none(source: Any) -> None:
    assert read_answers(source) is None


def test_there_is_an_end_to_how_many_are_taken() -> None:
    answers = read_answers([{"value": n} for n in range(ANSWERS_MOST + 50)])
    assert len(answers or ()) == ANSWERS_MOST


def test_a_skipped_question_leaves_the_others_slugs_as_they_are() -> None:
    twice = [{"question": "Why?", "type": "scale", "value": n} for n in (1, 2)]
    skipped = [{**twice[0], "value": None}, twice[1]]
    assert [one.slug for one in read_answers(twice) or ()] == ["why", "why_2"]
    assert [one.slug for one in read_answers(skipped) or ()] == ["why_2"]
