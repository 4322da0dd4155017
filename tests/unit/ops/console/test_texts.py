"""How figures are written."""

from __future__ import annotations

import pytest

from ops.console.texts import DASH, as_json, clock, counted, moment, number, words
from tests.unit.ops.conftest import NOON_MS


def test_numbers_have_separators_and_none_is_a_dash() -> None:
    assert (number(1_234_567), number(0), number(None)) == ("1,234,567", "0", DASH)


@pytest.mark.parametrize(("n", "told"), [(0, "0 people"), (1, "1 person"), (2000, "2,000 people")])
def test_a_noun_goes_with_its_number(n: int, told: str) -> None:
    assert counted(n, "person", "people") == told


def test_a_moment_is_in_utc_and_machine_readable() -> None:
    assert moment(NOON_MS) == (
        '<time datetime="2026-05-29T12:00:00.000Z">2026-05-29 12:00:00</time>'
    )
    assert moment(None) == "&ndash;"


def test_a_time_of_another_day_names_the_day() -> None:
    assert clock(NOON_MS + 60_000, NOON_MS) == "12:01"
    assert clock(NOON_MS + 86_400_000, NOON_MS) == "30 May 12:00"


def test_json_and_words_are_for_people() -> None:
    assert as_json({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'
    assert words("low_quality") == "low quality"
