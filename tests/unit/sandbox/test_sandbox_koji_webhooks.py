"""Results on their way: signed, repeated with the same id, and given up in the end."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.sandbox.sandbox_harness import Receiver, Running

JANE = {
    "study_id": "st_1",
    "respondent_email": "jane@example.com",
    "respondent": {"external_id": "u-1", "metadata": {"plan": "pro"}},
}


def state_of(sandbox: Running) -> Any:
    [interview] = sandbox.koji.get("/_sandbox/koji/interviews")
    return interview


def test_an_interview_ends_by_itself_and_its_signed_result_is_sent(
    start_calling_back: Callable[..., Running],
    receiver: Receiver,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    sandbox = start_calling_back(webhook_secret="k1", signature_header="X-Own")
    started = sandbox.start(JANE).json

    headers, body = receiver.next()
    assert headers["x-own"] == hmac.new(b"k1", body, hashlib.sha256).hexdigest()
    assert headers["content-type"] == "application/json"
    sent = json.loads(body)
    assert (sent["event"], sent["id"]) == ("interview.analysis_ready", headers["x-koji-delivery"])
    result = sent["data"]
    assert result["interview_id"] == started["interview_id"]
    assert (result["study_id"], result["respondent_email"]) == ("st_1", "jane@example.com")
    assert result["respondent_id"] == result["respondent"]["external_id"] == "u-1"
    assert result["respondent"]["metadata"] == {"plan": "pro"}
    assert 1 <= len(result["themes"]) <= 4
    assert result["sentiment"] in {"positive", "neutral", "negative", "mixed"}
    assert result["quality_score"] in {1, 2, 3, 4, 5}
    assert result["transcript_url"].endswith(started["interview_id"])
    assert {answer["type"] for answer in result["structured_answers"]} == {
        *("open_ended", "scale", "single_choice", "multiple_choice", "ranking", "yes_no"),
    }
    wait_until(lambda: state_of(sandbox)["delivered"])


def test_a_refused_webhook_is_sent_again_with_the_same_id_and_body(
    start_calling_back: Callable[..., Running],
    receiver: Receiver,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    receiver.statuses = [500, 302, 429]
    sandbox = start_calling_back()
    sandbox.start(JANE)
    tries = [receiver.next() for _ in range(4)]

    assert len({headers["x-koji-delivery"] for headers, _ in tries}) == 1
    assert len({body for _, body in tries}) == 1
    wait_until(lambda: state_of(sandbox)["delivered"])
    assert state_of(sandbox)["attempts"] == 4
    assert sandbox.summary()["webhooks"] == {
        "attempts": 4,
        "delivered": 1,
        "given_up": 0,
        "under_way": 0,
    }


def test_a_webhook_is_given_up_after_three_retries(
    start_calling_back: Callable[..., Running],
    receiver: Receiver,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    receiver.statuses = [503] * 9
    sandbox = start_calling_back()
    sandbox.start(JANE)
    wait_until(lambda: state_of(sandbox)["given_up"])

    state = state_of(sandbox)
    assert (state["attempts"], state["delivered"], state["last_status"]) == (4, False, 503)
    assert receiver.deliveries.qsize() == 4


def test_a_webhook_without_a_receiver_is_given_up(
    start_calling_back: Callable[..., Running], wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    sandbox = start_calling_back(webhook_url="http://127.0.0.1:1/", webhook_retry_seconds=(0.01,))
    sandbox.start(JANE)
    wait_until(lambda: state_of(sandbox)["given_up"])

    assert state_of(sandbox)["attempts"] == 2
    assert state_of(sandbox)["last_error"] == "ClientConnectorError"


def test_a_result_can_be_delivered_again_under_the_same_or_a_new_id(
    start_calling_back: Callable[..., Running], receiver: Receiver
) -> None:
    sandbox = start_calling_back()
    interview_id = sandbox.start(JANE).json["interview_id"]
    first = receiver.next()[0]["x-koji-delivery"]

    sandbox.koji.post("/_sandbox/koji/deliver", {"interview_id": interview_id})
    assert receiver.next()[0]["x-koji-delivery"] == first
    wanted = {"interview_id": interview_id, "new_delivery_id": True}
    named = sandbox.koji.post("/_sandbox/koji/deliver", wanted)
    assert receiver.next()[0]["x-koji-delivery"] == named["delivery_id"] != first
