from __future__ import annotations

from typing import Any

import pytest

from common.reading import as_flag, as_id, as_number, as_text, as_time_ms, dig, first


@pytest.mark.parametrize(
    ("place", "path", "found"),
    [
        ({"a": {"b": 1}}, "a.b", 1),
        ({"a": {"b": 1}}, "a", {"b": 1}),
        ({"a": [1]}, "a.b", None),
        ({"a": None}, "a.b", None),
        (None, "a", None),
        ("text", "a", None),
    ],
)
def test_dig_finds_a_dotted_path_or_nothing(place: Any, path: str, found: Any) -> None:
    assert dig(place, path) == found


def test_an_earlier_path_is_stronger_than_an_earlier_place() -> None:
    places = iter([{"b": "place one"}, {"a": "place two", "b": "no"}])
    assert first(places, ["a", "b"], as_text) == "place two"


def test_an_unusable_value_lets_the_next_one_speak() -> None:
    assert first([{"a": 5}, {"a": ""}, {"a": "x"}], ["a"], as_text) == "x"
    assert first([{"a": 5}], ["a"], as_text) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(" a ", "a"), ("", None), ("  ", None), ("x" * 255, "x" * 255), ("x" * 256, None)]
    + [(value, None) for value in (None, 1, True, [], {})],
)
def test_text_is_a_string_of_1_to_255_characters(value: Any, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (5167408, "5167408"),
        (5167408.0, "5167408"),
        (-1, "-1"),
        (2**64 - 1, str(2**64 - 1)),
    ]
    + [(value, None) for value in (True, 1.5, 1e29, None, [], {}, "", "x" * 256)],
)
def test_an_id_may_be_a_whole_number(value: Any, text: str | None) -> None:
    assert as_id(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (4, 4),
        (4.5, 4.5),
        ("4", 4),
        (" 4.0 ", 4),
        ("4.5", 4.5),
        ("1e30", 1e30),
        (1e300, 1e300),
        (0, 0),
    ]
    + [(value, None) for value in ("nan", "inf", "-inf", "4/5", "", "1" * 33, True, None, [], {})],
)
def test_a_number_is_finite(value: Any, number: float | None) -> None:
    assert as_number(value) == number
    assert type(as_number(value)) is type(number)


@pytest.mark.parametrize("value", [True, 1, 1.0, "true", "Yes", " y ", "1"])
def test_words_that_mean_yes(value: Any) -> None:
    assert as_flag(value) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "false", "No", "n", "0"])
def test_words_that_mean_no(value: Any) -> None:
    assert as_flag(value) is False


@pytest.mark.parametrize("value", [None, "", "maybe", 2, [], {}, [1]])
def test_anything_else_is_neither(value: Any) -> None:
    assert as_flag(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-27T10:00:00Z",
        "2026-05-27T10:00:00.000000000Z",
        "2026-05-27T12:00:00+02:00",
        "2026-05-27 10:00:00",
        1779876000,
        1779876000.0,
        1779876000000,
        "1779876000",
        "1779876000000",
    ],
)
def test_a_time_is_iso_8601_or_seconds_or_milliseconds(value: Any) -> None:
    assert as_time_ms(value) == 1_779_876_000_000


@pytest.mark.parametrize("value", [None, True, "", "yesterday", "2026-13-01", [], {}])
def test_anything_else_is_no_time(value: Any) -> None:
    assert as_time_ms(value) is None


def test_an_enormous_number_is_a_time_far_away_and_no_crash() -> None:
    assert (as_time_ms(1e300) or 0) > 10**200
