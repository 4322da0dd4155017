"""Days, in general and by lane."""

from __future__ import annotations

import pytest

from common.retention_days import Days


@pytest.mark.parametrize(
    ("text", "inbox", "writes"),
    [("30", 30, 30), (" 30 , inbox = 7 ", 7, 30), ("1.5,writes=2,inbox=1", 1, 2)],
)
def test_a_lane_has_its_own_days_or_the_general_ones(
    text: str, inbox: float, writes: float
) -> None:
    days = Days.parse(text)
    assert (days.of("inbox"), days.of("writes")) == (inbox, writes)
    assert Days.parse(str(days)) == days


@pytest.mark.parametrize("text", ["", "x", "0.5", "30,inbox=0", "inf", "nan", "30,inbox=x"])
def test_days_are_one_or_more(text: str) -> None:
    with pytest.raises(ValueError, match="such as 30, or 30,inbox=7, each of them 1 or more"):
        Days.parse(text)


@pytest.mark.parametrize("text", ["30,outbox=7", "30,7", "30,inbox=7,inbox=8"])
def test_each_lane_is_named_once(text: str) -> None:
    with pytest.raises(ValueError, match="Must name each lane once, of inbox, invitations"):
        Days.parse(text)
