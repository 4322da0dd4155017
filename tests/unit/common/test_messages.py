"""Messages: into JSON and back, also from older and newer code."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from common.messages import (
    VERSION,
    Answer,
    CohortPage,
    InterviewResult,
    Invitation,
    ReceivedResult,
    ResultWrite,
)
from common.stored import decode

RECEIVED_MS = 1_780_000_000_000
PAGE = CohortPage(
    action="add_members",
    route="activation",
    cohort_id="7",
    members=[{"email": "ann@example.com", "$city": "Łódź"}, {"deep": {"list": [1, None, True]}}],
    received_at_ms=1_780_000_000_000,
    session_id="s",
    page=2,
    total_pages=3,
    source="csv",
)
RESULT = InterviewResult(
    interview_id="int-1",
    completed_at_ms=1,
    received_at_ms=2,
    study_id="st",
    email="ann@example.com",
    external_id="u-ann",
    respondent_id="r-1",
    anonymous=True,
    themes=("Pricing", "Onboarding"),
    sentiment="negative",
    quality=3.5,
    mode="voice",
    transcript_url="https://koji.so/t/1",
    answers=(Answer("nps", "scale", 9), Answer("tools", "multiple_choice", ["a", "b"])),
)
WRITE = ResultWrite(
    event={"event": "Koji Interview Completed", "properties": {"time": 1}},
    distinct_id="u-ann",
    route="activation",
    received_at_ms=2,
)
BARE = InterviewResult("int-2", 1, 2)


@pytest.mark.parametrize("message", [PAGE, RESULT, BARE, WRITE], ids=lambda one: one.KIND)
def test_a_message_comes_back_as_it_was(message: Any) -> None:
    assert decode(message.encode()) == message
    assert decode(message.encode().decode()) == message


@pytest.mark.parametrize("message", [PAGE, RESULT, WRITE], ids=lambda one: one.KIND)
def test_a_stored_message_says_its_kind_and_version(message: Any) -> None:
    stored = orjson.loads(message.encode())
    assert (stored["kind"], stored["v"]) == (message.KIND, VERSION)


def test_a_webhook_is_read_as_its_result() -> None:
    document = {"event": "analysis_ready", "data": {"interview_id": "int-1", "quality": 3.5}}
    received = ReceivedResult("int-1", RECEIVED_MS, document, "f" * 32)
    assert decode(received.encode()) == InterviewResult(
        "int-1", RECEIVED_MS, RECEIVED_MS, quality=3.5, trace_id="f" * 32
    )


def test_a_webhook_without_its_interview_is_unreadable() -> None:
    with pytest.raises(ValueError, match="unreadable message: interview_id: is missing"):
        decode(ReceivedResult("int-1", RECEIVED_MS, {"event": "analysis_ready"}).encode())


def test_a_field_that_newer_code_wrote_is_ignored() -> None:
    stored = orjson.loads(WRITE.encode()) | {"mood": "cheerful"}
    assert decode(orjson.dumps(stored)) == WRITE


def test_a_field_that_older_code_did_not_write_has_its_default() -> None:
    stored = orjson.loads(PAGE.encode())
    del stored["source"], stored["total_pages"]
    found = decode(orjson.dumps(stored))
    assert isinstance(found, CohortPage)
    assert (found.source, found.total_pages) == ("mixpanel", 1)


@pytest.mark.parametrize(
    "change", [{"v": VERSION + 1}, {"v": None}, {"kind": "invitation"}, {"kind": None}]
)
def test_an_unknown_kind_or_version_is_refused_and_named(change: dict[str, Any]) -> None:
    stored = orjson.loads(WRITE.encode()) | change
    with pytest.raises(ValueError, match="unknown message") as caught:
        decode(orjson.dumps(stored))
    assert repr(next(iter(change.values()))) in str(caught.value)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff"])
def test_bytes_that_are_no_json_are_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode(raw)


def test_an_answer_that_newer_code_wrote_is_read_without_what_is_new() -> None:
    answer = {"slug": "nps", "kind": "scale", "value": 9, "weight": 2}
    data = {"interview_id": "int-1", "completed_at_ms": 1, "received_at_ms": 2}
    read = InterviewResult.from_dict({**data, "answers": [answer]})
    assert read.answers == (Answer("nps", "scale", 9),)


# --- invitations ---

ANN = Invitation("u-ann", "ann@example.com", "Ann", "7", {"plan": "pro"}, "activation")


@pytest.mark.parametrize("person", [ANN, Invitation("u-1"), Invitation(email="a@b.c")])
def test_an_invitation_comes_back_as_it_was(person: Invitation) -> None:
    assert Invitation.decode(person.encode()) == person
    assert Invitation.decode(person.encode().decode()) == person


def test_an_invitation_is_stored_in_few_bytes() -> None:
    assert orjson.loads(ANN.encode()) == {
        "d": "u-ann",
        "e": "ann@example.com",
        "n": "Ann",
        "c": "7",
        "p": {"plan": "pro"},
        "r": "activation",
    }
    assert Invitation("u-1").encode() == b'{"d":"u-1"}'


@pytest.mark.parametrize("raw", [b"", "", b"{}"])
def test_the_record_that_erasing_leaves_is_nobody(raw: bytes | str) -> None:
    assert Invitation.decode(raw) == Invitation()


def test_two_invitations_do_not_share_their_properties() -> None:
    Invitation().properties["plan"] = "pro"
    assert Invitation().properties == {}


def test_an_invitation_without_a_version_is_of_the_first_and_a_newer_one_is_refused() -> None:
    assert Invitation.decode(b'{"e":"ann@example.com"}').email == "ann@example.com"
    with pytest.raises(ValueError, match=f"version {VERSION + 1}"):
        Invitation.decode(orjson.dumps({"v": VERSION + 1}))
