from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from common.koji.payload import CLOCK_SKEW_MS, read_result
from common.messages import Answer, InterviewResult
from common.stored import decode

if TYPE_CHECKING:
    from collections.abc import Callable

RECEIVED_MS = 1_779_900_000_000
COMPLETED_MS = 1_779_876_000_000
ENVELOPE_MS = COMPLETED_MS + 300_000
INTERVIEW = "f8e7d6c5-b4a3-2109-8765-432109876543"
GONE: Any = object()


@pytest.fixture
def flat(payload: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = payload("koji_flat")
    return found


@pytest.fixture
def wrapped(payload: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = payload("koji_wrapped")
    return found


def _changed(document: dict[str, Any], *names: str, **fields: Any) -> dict[str, Any]:
    """Return a copy without `names` and with `fields`; `__` in a name steps into an object."""
    document = copy.deepcopy(document)
    for path, value in [*((name, GONE) for name in names), *fields.items()]:
        *steps, last = path.split("__")
        place = document
        for step in steps:
            place = place.setdefault(step, {})
        if value is GONE:
            place.pop(last)
        else:
            place[last] = value
    return document


def _read(document: Any) -> InterviewResult:
    result = read_result(document, RECEIVED_MS)
    assert decode(result.encode()) == result
    return result


def test_a_flat_payload_is_read_whole(flat: dict[str, Any]) -> None:
    assert _read(flat) == InterviewResult(
        interview_id=INTERVIEW,
        completed_at_ms=COMPLETED_MS,
        received_at_ms=RECEIVED_MS,
        study_id="st_activation",
        email="ann@example.com",
        respondent_id="u-1",
        themes=("onboarding friction", "missing import"),
        sentiment="negative",
        quality=4,
        mode="text",
        transcript_url="https://koji.so/t/f8e7d6c5",
        answers=(
            Answer("nps_score", "scale", 7),
            Answer("would_you_come_back", "yes_no", value=True),
        ),
    )


def test_a_wrapped_payload_with_nested_objects_says_the_same(wrapped: dict[str, Any]) -> None:
    assert _read(wrapped) == InterviewResult(
        interview_id=INTERVIEW,
        completed_at_ms=COMPLETED_MS,
        received_at_ms=RECEIVED_MS,
        study_id="st_activation",
        email="ann@example.com",
        external_id="u-1",
        themes=("onboarding friction", "missing import"),
        sentiment="negative",
        quality=4,
        mode="voice",
        transcript_url="https://koji.so/t/f8e7d6c5",
        answers=(
            Answer("nps_score", "scale", 7),
            Answer("would_you_come_back", "yes_no", value=True),
        ),
    )


def test_a_payload_with_nothing_but_the_interview_is_enough() -> None:
    assert _read({"event": "analysis_ready", "interview_id": "i"}) == InterviewResult(
        "i", RECEIVED_MS, RECEIVED_MS
    )


def test_transcripts_are_not_kept(wrapped: dict[str, Any]) -> None:
    assert b"never read" not in _read(wrapped).encode()


@pytest.mark.parametrize("path", ["interview_id", "conversation_id", "interview__id"])
@pytest.mark.parametrize("wrapper", ["", "data__"])
def test_the_interviews_id_stands_in_many_places(
    flat: dict[str, Any], path: str, wrapper: str
) -> None:
    document = _changed(flat, "interview_id", **{wrapper + path: "int_7"})
    assert _read(document).interview_id == "int_7"


def test_the_interviews_id_may_be_a_number(flat: dict[str, Any]) -> None:
    assert _read(_changed(flat, interview_id=42)).interview_id == "42"


@pytest.mark.parametrize("path", ["study_id", "project_id", "study__id", "data__study_id"])
def test_the_study_stands_in_many_places(flat: dict[str, Any], path: str) -> None:
    assert _read(_changed(flat, "study_id", **{path: "st_7"})).study_id == "st_7"


@pytest.mark.parametrize(
    "path",
    [
        "respondent_email",
        "respondent__email",
        "interview__respondent__email",
        "data__respondent_email",
    ],
)
def test_the_address_stands_in_many_places(flat: dict[str, Any], path: str) -> None:
    document = _changed(flat, "respondent_email", **{path: "x@example.com"})
    assert _read(document).email == "x@example.com"


@pytest.mark.parametrize("value", [None, "", 5, [], "x" * 321])
def test_an_unusable_address_is_no_address(flat: dict[str, Any], value: Any) -> None:
    assert _read(_changed(flat, respondent_email=value)).email == ""


@pytest.mark.parametrize(
    "path",
    [
        "external_id",
        "respondent__external_id",
        "interview__respondent__external_id",
        "respondent__metadata__mixpanel_distinct_id",
        "metadata__mixpanel_distinct_id",
        "data__metadata__mixpanel_distinct_id",
    ],
)
def test_our_own_id_stands_in_many_places(flat: dict[str, Any], path: str) -> None:
    assert _read(_changed(flat, **{path: "d-7"})).external_id == "d-7"


def test_an_external_id_is_stronger_than_the_metadata(flat: dict[str, Any]) -> None:
    document = _changed(flat, metadata__mixpanel_distinct_id="meta", respondent__external_id="ext")
    assert _read(document).external_id == "ext"


@pytest.mark.parametrize("value", ["x" * 256, True, [], {}, 1.5])
def test_an_unusable_own_id_is_dropped(flat: dict[str, Any], value: Any) -> None:
    result = _read(_changed(flat, external_id=value, respondent_id=value))
    assert (result.external_id, result.respondent_id) == ("", "")


@pytest.mark.parametrize(
    "path",
    [
        "anonymous",
        "is_anonymous",
        "respondent__anonymous",
        "interview__anonymous",
        "data__anonymous",
        "data__interview__anonymous",
        "data__interview__respondent__is_anonymous",
    ],
)
@pytest.mark.parametrize("value", [True, "true", 1])
def test_an_anonymous_flag_counts_wherever_it_stands(
    flat: dict[str, Any], path: str, value: Any
) -> None:
    assert _read(_changed(flat, **{path: value})).anonymous is True


def test_one_true_flag_wins_over_a_false_one(wrapped: dict[str, Any]) -> None:
    assert _read(_changed(wrapped, anonymous=True, data__anonymous=False)).anonymous is True


@pytest.mark.parametrize("value", [False, None, "false", 0, "?", []])
def test_any_other_flag_is_not_anonymous(flat: dict[str, Any], value: Any) -> None:
    assert _read(_changed(flat, anonymous=value)).anonymous is False


@pytest.mark.parametrize(
    ("value", "themes"),
    [
        ([], ()),
        (None, ()),
        ("one theme", ("one theme",)),
        ([" a ", "a", "b", "", 5, None, ["c"]], ("a", "b")),
        ([{"label": "a"}, {"title": "b"}, {"theme": "c"}, {"other": "d"}], ("a", "b", "c")),
        (["x" * 256, "x" * 2001], ("x" * 256,)),
        ([str(n) for n in range(60)], tuple(str(n) for n in range(50))),
    ],
)
def test_themes_are_strings_or_objects(flat: dict[str, Any], value: Any, themes: Any) -> None:
    assert _read(_changed(flat, themes=value)).themes == themes


@pytest.mark.parametrize(
    ("value", "sentiment"),
    [(" Mixed ", "mixed"), ({"label": "Mixed"}, "mixed"), ({"overall": "mixed"}, "mixed")]
    + [(value, "") for value in (None, 5, {}, {"label": 1}, "x" * 256)],
)
def test_sentiment_is_a_word_or_an_object(flat: dict[str, Any], value: Any, sentiment: str) -> None:
    assert _read(_changed(flat, sentiment=value)).sentiment == sentiment


@pytest.mark.parametrize(
    ("value", "quality"),
    [(4, 4), (0, 0), ("3.5", 3.5), ({"score": 2}, 2), ({"overall": "2"}, 2), (1e300, 1e300)]
    + [(value, None) for value in (None, "good", "nan", "inf", True, {}, [4])],
)
@pytest.mark.parametrize("name", ["quality_score", "quality"])
def test_quality_is_a_number_in_some_form(
    flat: dict[str, Any], name: str, value: Any, quality: float | None
) -> None:
    assert _read(_changed(flat, "quality_score", **{name: value})).quality == quality


@pytest.mark.parametrize("name", ["mode", "interview_mode", "data__mode"])
@pytest.mark.parametrize(("value", "mode"), [("Voice", "voice"), ("live", ""), (None, ""), (1, "")])
def test_the_mode_is_text_or_voice(flat: dict[str, Any], name: str, value: Any, mode: str) -> None:
    assert _read(_changed(flat, "interview_mode", **{name: value})).mode == mode


@pytest.mark.parametrize("name", ["transcript_url", "links__transcript"])
@pytest.mark.parametrize(
    ("value", "url"),
    [("https://koji.so/t", "https://koji.so/t"), ("javascript:alert(1)", ""), (5, ""), (None, "")],
)
def test_the_transcripts_address_is_an_address(
    flat: dict[str, Any], name: str, value: Any, url: str
) -> None:
    assert _read(_changed(flat, "transcript_url", **{name: value})).transcript_url == url


@pytest.mark.parametrize("name", ["structured_answers", "answers", "structured_values"])
def test_answers_have_several_names(flat: dict[str, Any], name: str) -> None:
    document = _changed(flat, "structured_answers", **{name: {"nps": 9}})
    assert _read(document).answers == (Answer("nps", "scale", 9),)


def test_an_empty_list_of_answers_lets_another_name_speak(flat: dict[str, Any]) -> None:
    document = _changed(flat, structured_answers=[], answers={"nps": 9})
    assert len(_read(document).answers) == 1


@pytest.mark.parametrize("path", ["completed_at", "interview__completed_at", "data__completed_at"])
@pytest.mark.parametrize("value", ["2026-05-27T10:00:00Z", 1779876000, 1779876000000])
def test_the_interviews_own_time_is_strongest(flat: dict[str, Any], path: str, value: Any) -> None:
    document = _changed(flat, "completed_at", **{path: value})
    assert _read(document).completed_at_ms == COMPLETED_MS


@pytest.mark.parametrize(
    "value", [GONE, None, "soon", 0, -5, 1e300, "1999-12-31T23:59:59Z", [], True]
)
@pytest.mark.parametrize("name", ["timestamp", "created_at", "occurred_at"])
def test_without_a_plausible_one_the_envelopes_time_counts(
    flat: dict[str, Any], value: Any, name: str
) -> None:
    document = _changed(flat, "timestamp", completed_at=value, **{name: "2026-05-27T10:05:00Z"})
    assert _read(document).completed_at_ms == ENVELOPE_MS


def test_without_any_the_receipt_counts(flat: dict[str, Any]) -> None:
    document = _changed(flat, "completed_at", "timestamp")
    assert _read(document).completed_at_ms == RECEIVED_MS


@pytest.mark.parametrize(
    ("ahead_ms", "expected_ms"),
    [(CLOCK_SKEW_MS, RECEIVED_MS + CLOCK_SKEW_MS), (CLOCK_SKEW_MS + 1, ENVELOPE_MS)],
)
def test_a_time_in_the_future_is_believed_only_as_clock_skew(
    flat: dict[str, Any], ahead_ms: int, expected_ms: int
) -> None:
    document = _changed(flat, completed_at=RECEIVED_MS + ahead_ms)
    assert _read(document).completed_at_ms == expected_ms


@pytest.mark.parametrize("value", [None, 5, "text", [], True, {"a": [1]}])
def test_no_field_of_a_wrong_type_breaks_anything(flat: dict[str, Any], value: Any) -> None:
    for name in [
        *flat,
        "data",
        "interview",
        "respondent",
        "analysis",
        "links",
        "metadata",
        "study",
    ]:
        if name not in {"event", "interview_id"}:
            assert _read(_changed(flat, **{name: value})).interview_id == INTERVIEW
