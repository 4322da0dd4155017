from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import structlog

from common.ledger import INBOX

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVIEW = "f8e7d6c5-b4a3-2109-8765-432109876543"
PING = b'{"hello": "koji"}'


def test_a_result_is_stored_under_its_interview(bench: Any, delivery: Any) -> None:
    answer = delivery.post()
    assert (answer.status_code, answer.json) == (200, {"status": "accepted"})
    ((key, result),) = bench.stored().items()
    assert key == f"koji:{INTERVIEW}"
    assert result.email == "ann@example.com"
    assert result.received_at_ms == 1_780_000_000_000
    assert bench.wakes == ["wake"]


def test_only_what_a_result_is_read_from_is_stored(bench: Any, delivery: Any) -> None:
    used = dict(delivery.body)
    delivery.body |= {"transcript": "word " * 1000, "summary": "she said"}
    assert delivery.post().json == {"status": "accepted"}
    (raw,) = bench.ledger.redis.hvals(INBOX.key("entries"))
    assert orjson.loads(raw)["document"].items() <= used.items()


def test_a_wrapped_result_is_stored_too(
    bench: Any, delivery: Any, payload: Callable[[str], Any]
) -> None:
    delivery.body = payload("koji_wrapped")
    assert delivery.post().json == {"status": "accepted"}
    assert list(bench.stored()) == [f"koji:{INTERVIEW}"]


def test_the_same_interview_again_is_a_duplicate_whatever_its_delivery(
    bench: Any, delivery: Any
) -> None:
    figure = 'bridge_ingress_accepted_total{source="koji"}'
    before = bench.figure(figure)
    delivery.post()
    delivery.headers["X-Koji-Delivery"] = "another"
    delivery.body |= {"event": "analysis_ready", "quality_score": 1}
    answer = delivery.post()
    assert (answer.status_code, answer.json) == (200, {"status": "duplicate"})
    (result,) = bench.stored().values()
    assert result.quality == 4
    assert bench.figure(figure) == before + 1


def test_another_event_is_ignored(bench: Any, delivery: Any) -> None:
    delivery.body["event"] = "interview.completed"
    answer = delivery.post()
    assert (answer.status_code, answer.json) == (200, {"status": "ignored"})
    assert bench.stored() == {}


@pytest.mark.parametrize("raw", [b"", b"{}", PING, b'{"type": "ping"}'])
def test_a_signed_ping_is_ignored(bench: Any, delivery: Any, raw: bytes) -> None:
    answer = delivery.post(raw)
    assert (answer.status_code, answer.json) == (200, {"status": "ignored"})
    assert bench.stored() == {}


def test_our_event_without_an_interview_is_400_and_named(bench: Any, delivery: Any) -> None:
    del delivery.body["interview_id"]
    answer = delivery.post()
    assert answer.status_code == 400
    assert answer.json == {
        "status": "error",
        "error": {"message": "interview_id: is missing", "code": 400},
    }
    assert bench.stored() == {}


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"text"', b"null", b"\xff", b"NaN", b"[" * 5000])
def test_what_is_not_understood_is_400(delivery: Any, raw: bytes) -> None:
    assert delivery.post(raw).status_code == 400


def test_a_wrong_signature_is_401_and_never_says_why(bench: Any, delivery: Any) -> None:
    delivery.secret = "somebody else's"
    answer = delivery.post()
    assert answer.status_code == 401
    assert answer.json == {"status": "error", "error": {"message": "Not authorized.", "code": 401}}
    assert bench.stored() == {}


def test_every_refusal_looks_the_same(delivery: Any) -> None:
    answers = []
    for signature in ["", "nonsense", "0" * 64]:
        delivery.headers["X-Koji-Signature"] = signature
        answers.append(delivery.post(b"not even json"))
    assert {(a.status_code, a.data) for a in answers} == {(401, answers[0].data)}


@pytest.mark.parametrize(
    ("signature", "reason"), [("", "no_header"), ("x", "bad_format"), ("0" * 64, "mismatch")]
)
def test_a_refusal_is_logged_with_header_names_and_counted_by_reason(
    bench: Any, delivery: Any, signature: str, reason: str
) -> None:
    figure = f'bridge_ingress_refused_total{{reason="{reason}",source="koji"}}'
    before = bench.figure(figure)
    delivery.headers |= {"X-Koji-Signature": signature, "X-Other": "secret-value"}
    with structlog.testing.capture_logs() as logs:
        delivery.post()
    assert bench.figure(figure) == before + 1
    (line,) = logs
    assert "X-Other" in line["headers"]
    assert "secret-value" not in str(line)


def test_a_timed_scheme_uses_the_clock(bench: Any, delivery: Any) -> None:
    bench.configure(koji_signature_scheme="stripe")
    delivery.headers["X-Koji-Signature"] = "t=1700000000,v1=" + "0" * 64
    assert delivery.post().status_code == 401


def test_the_signature_covers_the_bytes_before_inflation(bench: Any, delivery: Any) -> None:
    delivery.headers["Content-Encoding"] = "gzip"
    assert delivery.post(gzip.compress(orjson.dumps(delivery.body))).status_code == 200
    assert len(bench.stored()) == 1


def test_the_delivery_is_logged_without_the_person(delivery: Any) -> None:
    delivery.headers["webhook-id"] = "msg_1" + "x" * 500
    with structlog.testing.capture_logs() as logs:
        delivery.post()
    (line,) = logs
    assert line["interview_id"] == INTERVIEW
    assert line["delivery_id"].startswith("msg_1")
    assert len(line["delivery_id"]) == 100
    assert "ann" not in str(line)


@pytest.mark.parametrize(
    "raw", [b"", PING, b"ping", b"{}", b'{"event": "interview.analysis_ready"}', b"[]"]
)
def test_an_unsigned_ping_is_ignored_only_while_set_up(
    bench: Any, delivery: Any, raw: bytes
) -> None:
    delivery.secret = None
    assert delivery.post(raw).status_code == 401
    bench.configure(koji_webhook_setup=True)
    answer = delivery.post(raw)
    assert (answer.status_code, answer.json) == (200, {"status": "ignored"})
    assert bench.stored() == {}


def test_an_unsigned_interview_is_401_even_while_set_up(bench: Any, delivery: Any) -> None:
    bench.configure(koji_webhook_setup=True)
    delivery.secret = None
    assert delivery.post().status_code == 401
    delivery.headers["Content-Encoding"] = "gzip"
    assert delivery.post(gzip.compress(orjson.dumps(delivery.body))).status_code == 401
    assert bench.stored() == {}


def test_a_wrong_signature_is_401_even_while_set_up(bench: Any, delivery: Any) -> None:
    bench.configure(koji_webhook_setup=True)
    delivery.headers["X-Koji-Signature"] = "0" * 64
    assert delivery.post(PING).status_code == 401


def test_a_broken_redis_is_503_with_retry_after(bench: Any, delivery: Any) -> None:
    bench.break_redis()
    answer = delivery.post()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["error"]["code"] == 503
