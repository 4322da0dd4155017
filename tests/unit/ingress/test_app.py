from __future__ import annotations

import gzip
import io
from typing import Any

import pytest
import structlog

POSTS = ["/webhooks/mixpanel/cohorts", "/webhooks/koji", "/members"]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch"])
def test_another_method_is_405_in_json(bench: Any, path: str, method: str) -> None:
    answer = getattr(bench.client, method)(path)
    assert answer.status_code == 405
    assert answer.content_type == "application/json"
    assert "POST" in answer.headers["Allow"]
    if method != "head":
        assert answer.json["error"]["code"] == 405


@pytest.mark.parametrize("path", ["/", "/webhooks", "/webhooks//koji", "/healthz/x", "/%00", "/é"])
def test_an_unknown_path_is_404_in_json(bench: Any, path: str) -> None:
    answer = bench.client.post(path)
    assert answer.status_code == 404
    assert answer.json == {"status": "error", "error": {"message": "Not Found.", "code": 404}}


def test_a_slash_too_many_is_no_redirect(any_sender: Any) -> None:
    any_sender.path += "/"
    assert any_sender.post().status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "é/"]
)
def test_the_content_type_does_not_matter(any_sender: Any, content_type: str) -> None:
    any_sender.headers["Content-Type"] = content_type
    assert any_sender.post().status_code == 200


def test_a_declared_length_over_the_bound_is_413_before_the_password(
    bench: Any, any_sender: Any
) -> None:
    any_sender.headers["Authorization"] = "Basic nonsense"
    any_sender.secret = None
    answer = any_sender.post(b"x" * 20_001)
    assert answer.status_code == 413
    assert answer.json["error"]["code"] == 413
    assert bench.stored() == {}


def test_a_chunked_body_over_the_bound_is_413(any_sender: Any) -> None:
    answer = any_sender.bench.client.post(
        any_sender.path,
        input_stream=io.BytesIO(b"x" * 20_001),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert answer.status_code == 413


def test_a_body_that_inflates_beyond_the_bound_is_413(any_sender: Any) -> None:
    any_sender.headers["Content-Encoding"] = "gzip"
    answer = any_sender.post(gzip.compress(b" " * 1_000_000))
    assert answer.status_code == 413
    assert answer.json["error"]["code"] == 413


@pytest.mark.parametrize(("encoding", "raw"), [("gzip", b"{}"), ("br", b"{}")])
def test_an_encoding_that_cannot_be_undone_is_400_and_named(
    any_sender: Any, encoding: str, raw: bytes
) -> None:
    any_sender.headers["Content-Encoding"] = encoding
    answer = any_sender.post(raw)
    assert answer.status_code == 400
    assert "Content-Encoding" in answer.json["error"]["message"]


def test_the_password_comes_before_the_content(any_sender: Any) -> None:
    any_sender.headers |= {"Authorization": "", "Content-Encoding": "br"}
    any_sender.secret = "wrong"
    assert any_sender.post(b"\xff").status_code == 401


def test_a_mistake_of_ours_is_503_in_the_routes_form_and_logged_without_its_text(
    any_sender: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "ann@example.com"

    def fail(*_: Any) -> None:
        raise KeyError(name)

    monkeypatch.setattr(any_sender.bench.ledger, "add", fail)
    with structlog.testing.capture_logs() as logs:
        answer = any_sender.post()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["error"]["code"] == 503
    assert answer.json["status"] in {"failure", "error"}
    (line,) = logs
    assert (line["event"], line["error"]) == ("request_failed", "KeyError")
    assert any("in keep" in frame for frame in line["frames"])
    assert "ann" not in str(line)


def test_a_wake_up_that_fails_does_not_fail_the_request(any_sender: Any) -> None:
    any_sender.bench.wake_error = OSError("no broker")
    assert any_sender.post().status_code == 200
    assert len(any_sender.bench.stored()) == 1


def test_a_redis_that_comes_back_is_used_again(any_sender: Any) -> None:
    any_sender.bench.break_redis()
    assert any_sender.post().status_code == 503
    any_sender.bench.server.connected = True
    assert any_sender.post().status_code == 200
    assert len(any_sender.bench.stored()) == 1


def test_answers_are_not_cached(any_sender: Any) -> None:
    assert any_sender.post().headers["Cache-Control"] == "no-store"
