"""Hours: windows by the wall clock of a zone, also on the days on which clocks change."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from common.hours import A_DAY, Hours, Span, parse_zone

BERLIN = ZoneInfo("Europe/Berlin")
AN_HOUR = 3_600_000


def ms(text: str) -> int:
    """Return a time with an offset as Unix ms."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def hours(send_between: str = "", quiet_hours: str = "", zone: ZoneInfo = BERLIN) -> Hours:
    return Hours(
        zone,
        Span.parse(send_between) if send_between else None,
        Span.parse(quiet_hours) if quiet_hours else None,
    )


@pytest.mark.parametrize(
    ("text", "begins", "ends", "days"),
    [
        ("09:00-18:00", 540, 1080, range(7)),
        (" 20:00 - 08:00 ", 1200, 480, range(7)),
        ("00:00-24:00", 0, A_DAY, range(7)),
        ("Mon-Fri 09:00-18:00", 540, 1080, range(5)),
        ("sat 10:15-10:16", 615, 616, [5]),
        ("Fri-Mon 09:00-18:00", 540, 1080, [4, 5, 6, 0]),
    ],
)
def test_a_span_is_read(text: str, begins: int, ends: int, days: list[int]) -> None:
    span = Span.parse(text)
    assert (span.begins, span.ends, span.days) == (begins, ends, tuple(days))
    assert str(span) == text.strip()


@pytest.mark.parametrize(
    "text", ["", "9:00-18:00", "09:00", "09:60-10:00", "24:01-08:00", "Day 09:00-10:00", "mon-"]
)
def test_another_form_is_refused_with_the_right_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not like 09:00-18:00 or Mon-Fri"):
        Span.parse(text)


def test_a_span_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="no time at all"):
        Span.parse("09:00-09:00")


@pytest.mark.parametrize("name", ["Berlin", "", "../UTC", "Europe/", "Mars/Olympus", "a\0b"])
def test_a_zone_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone such as Europe/Berlin"):
        parse_zone(name)


@pytest.mark.parametrize(
    ("send_between", "quiet_hours", "at", "are_open"),
    [
        ("09:00-18:00", "", "2026-05-28T08:59:59+02:00", False),
        ("09:00-18:00", "", "2026-05-28T09:00:00+02:00", True),
        ("09:00-18:00", "", "2026-05-28T17:59:59+02:00", True),
        ("09:00-18:00", "", "2026-05-28T18:00:00+02:00", False),
        ("", "20:00-08:00", "2026-05-28T20:00:00+02:00", False),
        ("", "20:00-08:00", "2026-05-29T07:59:00+02:00", False),
        ("", "20:00-08:00", "2026-05-29T08:00:00+02:00", True),
        ("Mon-Fri 09:00-18:00", "", "2026-05-30T12:00:00+02:00", False),
        ("Mon-Fri 22:00-02:00", "", "2026-05-30T01:00:00+02:00", True),
        ("Mon-Fri 22:00-02:00", "", "2026-06-01T01:00:00+02:00", False),
        ("09:00-18:00", "12:00-13:00", "2026-05-28T12:30:00+02:00", False),
        ("09:00-18:00", "12:00-13:00", "2026-05-28T13:00:00+02:00", True),
        # On 29 March the clock goes from 02:00 to 03:00, on 25 October from 03:00 back to 02:00.
        ("09:00-18:00", "", "2026-03-28T08:30:00+01:00", False),
        ("09:00-18:00", "", "2026-03-29T09:00:00+02:00", True),
        ("02:00-03:00", "", "2026-10-25T02:30:00+02:00", True),
        ("02:00-03:00", "", "2026-10-25T02:30:00+01:00", True),
        ("02:00-03:00", "", "2026-10-25T03:00:00+01:00", False),
        ("", "", "2026-05-28T03:00:00+02:00", True),
    ],
)
def test_what_the_clock_on_the_wall_shows_counts(
    send_between: str, quiet_hours: str, at: str, *, are_open: bool
) -> None:
    assert hours(send_between, quiet_hours).are_open(ms(at)) is are_open


@pytest.mark.parametrize(
    ("send_between", "at", "opens"),
    [
        ("09:00-18:00", "2026-05-28T10:00:00+02:00", "2026-05-28T10:00:00+02:00"),
        ("09:00-18:00", "2026-05-28T18:00:00+02:00", "2026-05-29T09:00:00+02:00"),
        ("Mon-Fri 09:00-18:00", "2026-05-29T18:00:00+02:00", "2026-06-01T09:00:00+02:00"),
        # The night is an hour shorter, then an hour longer.
        ("09:00-18:00", "2026-03-28T18:00:00+01:00", "2026-03-29T09:00:00+02:00"),
        ("09:00-18:00", "2026-10-24T18:00:00+02:00", "2026-10-25T09:00:00+01:00"),
    ],
)
def test_the_next_opening_is_told(send_between: str, at: str, opens: str) -> None:
    assert hours(send_between).next_opening_ms(ms(at)) == ms(opens)


def test_hours_that_exclude_each_other_never_come() -> None:
    never = hours("09:00-10:00", "08:00-12:00")
    assert never.next_opening_ms(ms("2026-05-28T09:30:00+02:00")) is None
    assert never.advance(ms("2026-05-28T09:30:00+02:00"), 1) is None


def test_only_open_time_passes() -> None:
    at = ms("2026-05-28T17:00:00+02:00")
    assert hours("09:00-18:00").advance(at, 3600) == at + AN_HOUR
    assert hours("09:00-18:00").advance(at, 2 * 3600) == ms("2026-05-29T10:00:00+02:00")
    assert hours().advance(at, 7200) == at + 2 * AN_HOUR


def test_what_takes_years_is_reckoned_by_the_average() -> None:
    at = ms("2026-05-28T09:00:00+02:00")
    years = hours("09:00-21:00").advance(at, 12 * 3600 * 1000)
    assert years is not None
    assert 995 < (years - at) / (24 * AN_HOUR) < 1005
