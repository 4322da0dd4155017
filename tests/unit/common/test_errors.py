"""The failure vocabulary: what each error carries, and which of them are of one kind."""

from __future__ import annotations

import pytest

from common.errors import (
    AmbiguousError,
    BadPayloadError,
    BridgeError,
    ConfigError,
    LaterError,
    PartnerError,
    PermanentError,
    StopRouteError,
    StorageUnavailableError,
    TransientError,
)

PARTNER_ERRORS = [LaterError, TransientError, AmbiguousError, PermanentError, StopRouteError]


@pytest.mark.parametrize("kind", [BadPayloadError, StorageUnavailableError, *PARTNER_ERRORS])
def test_everything_raised_on_purpose_is_ours(kind: type[Exception]) -> None:
    assert issubclass(kind, BridgeError)


def test_each_class_of_a_partners_failure_has_its_own_outcome() -> None:
    assert len({kind.outcome for kind in (PartnerError, *PARTNER_ERRORS)}) == 6


def test_a_failure_carries_text_status_and_the_wait_asked_for() -> None:
    error = LaterError("HTTP 429", status=429, retry_after_seconds=1.5)
    assert (str(error), error.status, error.retry_after_seconds) == ("HTTP 429", 429, 1.5)


def test_a_failure_without_an_answer_has_neither_status_nor_headers() -> None:
    error = AmbiguousError("no answer")
    assert (error.status, error.retry_after_seconds, dict(error.headers)) == (None, None, {})


def test_a_call_without_an_answer_is_tried_again_like_any_other_that_failed_for_now() -> None:
    assert issubclass(AmbiguousError, TransientError)


@pytest.mark.parametrize(("reason", "expected"), [({}, "rejected"), ({"reason": "bug"}, "bug")])
def test_a_refusal_has_the_reason_of_its_dead_letter(reason: dict[str, str], expected: str) -> None:
    assert PermanentError("HTTP 422", status=422, **reason).reason == expected


def test_a_wrong_configuration_lists_every_problem() -> None:
    error = ConfigError(["A: unset.", "B: no number."])
    assert error.problems == ["A: unset.", "B: no number."]
    assert str(error) == "A: unset.\nB: no number."
