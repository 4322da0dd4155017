"""Ten refusals for good in a row: pause and ask, instead of burying a whole cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.errors import LaterError, PermanentError, TransientError
from workers.refusals import note_accepted, note_refused, refused_everything

if TYPE_CHECKING:
    from common.errors import PartnerError
    from workers.bridge import Bridge

ERROR = PermanentError("HTTP 422 bad_mode", status=422)


def refuse(bridge: Bridge, times: int, name: str = "activation") -> None:
    for _ in range(times):
        note_refused(bridge, name, "Koji", ERROR)


def test_nine_in_a_row_are_bad_luck(bridge: Bridge) -> None:
    refuse(bridge, 9)
    assert bridge.pauses.all() == {}


def test_the_tenth_pauses_and_says_what_to_do(bridge: Bridge, logged: list[dict[str, Any]]) -> None:
    refuse(bridge, 10)
    pause = bridge.pauses.get("activation")
    assert pause is not None
    assert pause.reason == (
        "Koji refused 10 in a row for good (HTTP 422 bad_mode); look at: python -m ops "
        "dead-letters list; then: python -m ops resume activation"
    )
    assert [(line["event"], line["status"]) for line in logged] == [("route_paused", 422)]


def test_one_that_is_accepted_begins_the_row_anew(bridge: Bridge) -> None:
    refuse(bridge, 9)
    note_accepted(bridge, "activation")
    refuse(bridge, 9)
    assert bridge.pauses.all() == {}


def test_after_a_resume_it_takes_ten_again(bridge: Bridge) -> None:
    refuse(bridge, 10)
    bridge.pauses.resume("activation")
    refuse(bridge, 9)
    assert bridge.pauses.all() == {}


def test_each_route_has_a_row_of_its_own(bridge: Bridge) -> None:
    refuse(bridge, 9)
    refuse(bridge, 9, "private")
    assert bridge.pauses.all() == {}


SILENCE, LATER = TransientError("HTTP 503", status=503), LaterError("not sent")


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([ERROR] * 10, True),
        ([ERROR] * 9, False),
        ([ERROR] * 10 + [LATER] * 500, True),
        ([ERROR] * 9 + [LATER] * 500, False),
        ([ERROR] * 500 + [SILENCE], False),
        ([], False),
    ],
)
def test_a_batch_of_which_all_that_was_tried_was_refused_pauses(
    bridge: Bridge, errors: list[PartnerError], *, expected: bool
) -> None:
    assert refused_everything(bridge, "mixpanel", "Mixpanel", errors) is expected
    assert (bridge.pauses.get("mixpanel") is not None) is expected


def test_a_route_that_is_paused_already_is_not_told_again(
    bridge: Bridge, logged: list[dict[str, Any]]
) -> None:
    bridge.pauses.pause("activation", "by hand")
    refuse(bridge, 10)
    pause = bridge.pauses.get("activation")
    assert pause is not None
    assert pause.reason == "by hand"
    assert logged == []
