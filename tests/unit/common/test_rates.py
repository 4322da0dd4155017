"""Rates and caps: how they are written."""

from __future__ import annotations

import pytest

from common.rates import Cap, Rate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5/second", Rate(5, 1)),
        ("60/minute", Rate(60, 60)),
        (" 1 / hour ", Rate(1, 3600)),
        ("999999999/day", Rate(999_999_999, 86_400)),
    ],
)
def test_a_rate_is_read(text: str, expected: Rate) -> None:
    assert Rate.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "60", "60/week", "0/minute", "-1/minute", "1.5/minute", "60/Minute", "x/minute"),
        *("9999999999/day", "60/minute!", "60 per minute"),
    ],
)
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="60/minute") as caught:
        Rate.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["5/second", "60/minute", "7/hour", "1000/day"])
def test_a_rate_is_written_as_it_is_read(text: str) -> None:
    assert str(Rate.parse(text)) == text


def test_a_rate_is_so_many_calls_a_second() -> None:
    assert Rate.parse("90/minute").per_second == 1.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10/week", Cap(10, "week")),
        ("3/day", Cap(3, "day")),
        (" 79 /month", Cap(79, "month")),
        ("0/week", Cap(0, "week")),
    ],
)
def test_a_cap_is_read(text: str, expected: Cap) -> None:
    assert Cap.parse(text) == expected


@pytest.mark.parametrize("text", ["", "10", "10/minute", "10/year", "-1/week", "ten/week"])
def test_what_is_no_cap_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="10/week") as caught:
        Cap.parse(text)
    assert repr(text) in str(caught.value)
