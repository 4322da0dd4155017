"""What ingress has to know of Koji's webhooks: the event, and the interview's id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.errors import BadPayloadError
from common.koji.envelope import analysed_interview, has_interview

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVIEW = "f8e7d6c5-b4a3-2109-8765-432109876543"


@pytest.fixture
def flat(payload: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = payload("koji_flat")
    return found


def _without(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


@pytest.mark.parametrize("name", ["koji_flat", "koji_wrapped"])
def test_an_analysed_interview_is_named(payload: Callable[[str], Any], name: str) -> None:
    assert analysed_interview(payload(name)) == INTERVIEW


@pytest.mark.parametrize("name", ["event", "type", "event_type"])
@pytest.mark.parametrize("value", ["interview.analysis_ready", "analysis_ready", "Analysis_Ready "])
def test_the_event_has_several_names_and_a_short_form(
    flat: dict[str, Any], name: str, value: str
) -> None:
    assert analysed_interview(_without(flat, "event") | {name: value}) == INTERVIEW


def test_an_object_type_beside_the_event_does_not_hide_it(flat: dict[str, Any]) -> None:
    names = {"type": "interview", "event_type": "analysis_ready"}
    assert analysed_interview(_without(flat, "event") | names) == INTERVIEW


@pytest.mark.parametrize("event", ["interview.completed", "interview.quality_scored", "ping"])
def test_another_event_is_not_for_us(flat: dict[str, Any], event: str) -> None:
    assert analysed_interview({**flat, "event": event}) is None


@pytest.mark.parametrize("document", [{}, {"hello": 1}, {"type": "ping"}, {"interview_id": None}])
def test_a_ping_is_not_for_us(document: dict[str, Any]) -> None:
    assert analysed_interview(document) is None
    assert not has_interview(document)


@pytest.mark.parametrize("document", [None, [], "text", 5, True])
def test_what_is_no_object_is_a_bad_payload(document: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^body: must be a JSON object"):
        analysed_interview(document)
    assert not has_interview(document)


@pytest.mark.parametrize("event", [{}, {"event": None}, {"event": ""}, {"event": 5}, {"event": {}}])
def test_an_interview_without_an_event_is_a_bad_payload(flat: dict[str, Any], event: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^event: is missing"):
        analysed_interview(_without(flat, "event") | event)


@pytest.mark.parametrize("value", ["", " ", "x" * 256, True, 1.5, [], {}, ["i"], "a\x00b", "a\nb"])
def test_an_unusable_interview_id_is_named(flat: dict[str, Any], value: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^interview_id: must be a string"):
        analysed_interview(flat | {"interview_id": value})
    assert has_interview({**flat, "interview_id": value})


@pytest.mark.parametrize("told", [{}, {"interview_id": None}])
def test_our_event_without_an_interview_id_is_named(flat: dict[str, Any], told: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^interview_id: is missing"):
        analysed_interview(_without(flat, "interview_id") | told)
