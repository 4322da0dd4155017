"""What a result says, and the interviews that are held by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.sandbox.sandbox_harness import Receiver, Running

JANE = {
    "study_id": "st_1",
    "respondent_email": "jane@example.com",
    "respondent": {"external_id": "u-1", "metadata": {"plan": "pro"}},
}


def test_an_interview_held_by_hand_has_the_wanted_analysis_and_ends_once(
    start_calling_back: Callable[..., Running], receiver: Receiver
) -> None:
    sandbox = start_calling_back(auto_interview=False)
    interview_id = sandbox.start(JANE).json["interview_id"]
    wanted = {"quality_score": 2, "themes": [], "completed_at": "2026-01-02T03:04:05Z"}
    ended = sandbox.koji.post(
        "/_sandbox/koji/complete", {"interview_id": interview_id, "analysis": wanted}
    )

    assert ended == {"completed": [interview_id], "already_completed": []}
    assert receiver.next_json()["data"].items() >= wanted.items()
    again = sandbox.koji.post("/_sandbox/koji/complete", {"all": True})
    assert again == {"completed": [], "already_completed": [interview_id]}
    assert sandbox.summary()["analysed"] == 1


def test_an_anonymous_interview_names_nobody(
    start_calling_back: Callable[..., Running], receiver: Receiver
) -> None:
    sandbox = start_calling_back(anonymous_share=1.0)
    sandbox.start(JANE)

    result = receiver.next_json()["data"]
    assert result["anonymous"] is True
    assert result["respondent_email"] is result["respondent_id"] is None
    assert result["respondent"] == {"external_id": None, "display_name": None, "metadata": {}}


def test_a_flat_payload_has_no_wrapper_and_themes_can_be_objects(
    start_calling_back: Callable[..., Running], receiver: Receiver
) -> None:
    sandbox = start_calling_back(payload_shape="flat", theme_shape="objects")
    started = sandbox.start(JANE).json

    sent = receiver.next_json()
    assert "data" not in sent
    assert sent["interview_id"] == started["interview_id"]
    assert sent["event"] == "interview.analysis_ready"
    assert {tuple(theme) for theme in sent["themes"]} == {("name", "confidence")}


def test_the_same_seed_gives_the_same_analyses_and_another_seed_others(
    start_calling_back: Callable[..., Running], receiver: Receiver
) -> None:
    told = []
    for seed in ("1", "1", "2"):
        sandbox = start_calling_back(seed=seed, auto_interview=False)
        for number in range(5):
            sandbox.start({"respondent": {"external_id": str(number)}})
        sandbox.koji.post("/_sandbox/koji/complete", {"all": True})
        sent = [receiver.next_json()["data"] for _ in range(5)]
        results = sorted(sent, key=lambda result: result["respondent_id"])
        told.append([(r["themes"], r["sentiment"], r["structured_answers"]) for r in results])

    assert told[0] == told[1] != told[2]


def test_a_reset_forgets_interviews_that_are_still_held(
    start_calling_back: Callable[..., Running], receiver: Receiver
) -> None:
    sandbox = start_calling_back(interview_delay_seconds=0.3)
    sandbox.start(JANE)
    sandbox.mixpanel.post("/_sandbox/reset")
    assert sandbox.summary()["calls"] == 0

    started = sandbox.start(JANE)
    assert started.status == 201
    assert receiver.next_json()["data"]["interview_id"] == started.json["interview_id"]
    assert receiver.deliveries.empty()
