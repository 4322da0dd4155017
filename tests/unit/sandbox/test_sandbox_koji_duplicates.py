"""Who has an interview already, and who was started twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.sandbox.sandbox_harness import Running

FLAT = {"study_id": "st_1", "respondent_email": "jane@example.com", "respondent_id": "u-1"}
NESTED = {"respondent": {"external_id": "u-1"}}


def test_the_same_person_of_a_study_gets_the_same_interview(sandbox: Running) -> None:
    first = sandbox.start(FLAT)
    again = sandbox.start(FLAT | {"respondent_email": " JANE@Example.com"})
    elsewhere = sandbox.start(FLAT | {"study_id": "st_2"})

    assert again.status == 200
    assert again.json == first.json | {"duplicate": True}
    assert elsewhere.status == 201
    summary = sandbox.summary()
    assert (summary["started"], summary["duplicates"]) == (2, 1)
    assert (summary["people"], summary["double_started"]) == (2, 0)


def test_a_duplicate_can_be_answered_with_409(start_sandbox: Callable[..., Running]) -> None:
    sandbox = start_sandbox(duplicate_answer=409)
    first = sandbox.start(FLAT)
    again = sandbox.start(FLAT)

    assert again.status == 409
    assert again.json["interview_id"] == first.json["interview_id"]


@pytest.mark.parametrize(
    ("dedupe", "by_email", "by_idempotency"),
    [("email", 200, 201), ("idempotency", 201, 200), ("both", 200, 200), ("off", 201, 201)],
)
def test_what_makes_a_duplicate_can_be_chosen(
    start_sandbox: Callable[..., Running], dedupe: str, by_email: int, by_idempotency: int
) -> None:
    sandbox = start_sandbox(dedupe=dedupe)
    sandbox.start(FLAT, headers={"Idempotency-Key": "1"})

    assert sandbox.start(FLAT, headers={"Idempotency-Key": "2"}).status == by_email
    other = FLAT | {"respondent_email": "joe@example.com"}
    assert sandbox.start(other, headers={"Idempotency-Key": "1"}).status == by_idempotency


def test_without_an_email_a_repeated_start_is_a_second_interview_and_is_counted(
    sandbox: Running,
) -> None:
    for _ in range(3):
        assert sandbox.start(NESTED).status == 201
    sandbox.start({"respondent": {"external_id": "u-2"}})

    summary = sandbox.summary()
    assert (summary["people"], summary["double_started"], summary["started"]) == (2, 1, 4)
