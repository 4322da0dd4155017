"""When a cohort is fetched: what is read, and the newest moment of it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from common.pull_schedule import PullSchedule

UTC = ZoneInfo("UTC")


def slot(text: str, now: str, zone: str = "UTC") -> str:
    now_ms = round(datetime.fromisoformat(now).timestamp() * 1000)
    at = PullSchedule.parse(text).last_slot_ms(now_ms, ZoneInfo(zone))
    return datetime.fromtimestamp(at / 1000, UTC).isoformat()[:16]


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("hourly", "2026-05-28T10:59:59Z", "2026-05-28T10:00"),
        ("daily 06:00", "2026-05-28T06:00:00Z", "2026-05-28T06:00"),
        ("daily 06:00", "2026-05-28T05:59:59Z", "2026-05-27T06:00"),
        ("Daily 06:00 Europe/Berlin", "2026-05-28T05:00:00Z", "2026-05-28T04:00"),
        ("daily 06:00 Europe/Berlin", "2026-12-28T05:30:00Z", "2026-12-28T05:00"),
        ("daily 00:30 Europe/Berlin", "2026-05-27T23:00:00Z", "2026-05-27T22:30"),
        ("weekly Mon 06:00", "2026-05-28T10:00:00Z", "2026-05-25T06:00"),
        ("weekly thu 12:00", "2026-05-28T10:00:00Z", "2026-05-21T12:00"),
    ],
)
def test_the_newest_moment_is_not_after_now(text: str, now: str, expected: str) -> None:
    assert slot(text, now) == expected


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("hourly", "2026-05-28T10:59:59Z", "2026-05-28T11:00"),
        ("daily 06:00", "2026-05-28T06:00:00Z", "2026-05-29T06:00"),
        ("daily 06:00", "2026-05-28T05:59:59Z", "2026-05-28T06:00"),
        ("daily 06:00 Europe/Berlin", "2026-10-24T05:00:00Z", "2026-10-25T05:00"),
        ("weekly Mon 06:00", "2026-05-28T10:00:00Z", "2026-06-01T06:00"),
        ("weekly thu 12:00", "2026-05-28T10:00:00Z", "2026-05-28T12:00"),
        ("weekly thu 12:00", "2026-05-28T12:00:00Z", "2026-06-04T12:00"),
    ],
)
def test_the_next_moment_is_after_now(text: str, now: str, expected: str) -> None:
    now_ms = round(datetime.fromisoformat(now).timestamp() * 1000)
    at = PullSchedule.parse(text).next_slot_ms(now_ms, UTC)
    assert datetime.fromtimestamp(at / 1000, UTC).isoformat()[:16] == expected


def test_without_a_zone_of_its_own_it_goes_by_the_routes() -> None:
    assert slot("daily 06:00", "2026-05-28T05:00:00Z", "Europe/Berlin") == "2026-05-28T04:00"


def test_it_shows_itself_as_it_was_written() -> None:
    assert str(PullSchedule.parse("daily 06:00 Europe/Berlin")) == "daily 06:00 Europe/Berlin"


@pytest.mark.parametrize(
    "text", ["", "daily", "daily 25:00", "weekly Xyz 06:00", "monthly", "daily 06:00 Mars/Base"]
)
def test_what_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as|like hourly"):
        PullSchedule.parse(text)
