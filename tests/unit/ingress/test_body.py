from __future__ import annotations

import gzip
import io
import zlib
from typing import Any

import pytest
from flask import Flask, Request
from werkzeug.exceptions import ClientDisconnected

from common.errors import BadPayloadError
from ingress.body import CHUNK_BYTES, inflate, parse_json, read_body
from ingress.errors import TooLargeError


def _request(data: bytes, *, declared: int | None = None, stream: Any = None) -> Request:
    environ: dict[str, Any] = {"wsgi.input": stream or io.BytesIO(data)}
    if declared is None:
        environ["wsgi.input_terminated"] = True  # what gunicorn says of every body
    else:
        environ["CONTENT_LENGTH"] = str(declared)
    with Flask(__name__).test_request_context(method="POST") as context:
        return Request({**context.request.environ, **environ})


class _Unreadable(io.RawIOBase):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, _: int = -1) -> bytes:
        raise self.error


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 7])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_of_any_size_comes_out_whole(size: int, *, chunked: bool) -> None:
    data = b"x" * size
    assert read_body(_request(data, declared=None if chunked else size), size) == data


def test_a_declared_length_over_the_bound_is_refused_before_anything_is_read() -> None:
    stream = _Unreadable(AssertionError("was read"))
    with pytest.raises(TooLargeError):
        read_body(_request(b"", declared=11, stream=stream), 10)


def test_a_chunked_body_is_refused_as_soon_as_it_is_over_the_bound() -> None:
    stream = io.BytesIO(b"x" * 50 * CHUNK_BYTES)
    with pytest.raises(TooLargeError):
        read_body(_request(b"", stream=stream), CHUNK_BYTES)
    assert stream.tell() == 2 * CHUNK_BYTES


@pytest.mark.parametrize(
    "error", [OSError("bad chunk"), BlockingIOError(), ClientDisconnected(), ValueError("trailer")]
)
def test_a_body_that_breaks_off_is_a_bad_payload(error: Exception) -> None:
    with pytest.raises(BadPayloadError, match="to its end"):
        read_body(_request(b"", stream=_Unreadable(error)), 10)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip "])
def test_gzip_is_inflated(encoding: str) -> None:
    assert inflate(gzip.compress(b"{}", mtime=0), encoding, 2) == b"{}"


@pytest.mark.parametrize("encoding", ["", "identity", "Identity "])
def test_a_plain_body_stays_as_it_is(encoding: str) -> None:
    assert inflate(b"\x1f\x8b", encoding, 2) == b"\x1f\x8b"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "é"])
def test_another_encoding_is_a_bad_payload(encoding: str) -> None:
    with pytest.raises(BadPayloadError, match="Content-Encoding"):
        inflate(b"{}", encoding, 100)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        gzip.compress(b"{}", mtime=0)[:-1],
        gzip.compress(b"{}", mtime=0)[:-8] + b"12345678",
        gzip.compress(b"{}", mtime=0) + b"\0",
        gzip.compress(b"{}", mtime=0) * 2,
        zlib.compress(b"{}"),
    ],
)
def test_what_is_not_one_whole_gzip_member_is_a_bad_payload(raw: bytes) -> None:
    with pytest.raises(BadPayloadError, match="gzip"):
        inflate(raw, "gzip", 100)


def test_a_small_body_that_inflates_beyond_the_bound_is_too_large() -> None:
    with pytest.raises(TooLargeError, match="inflation"):
        inflate(gzip.compress(b"0" * 10_000_000), "gzip", 1000)
    assert len(inflate(gzip.compress(b"0" * 1000), "gzip", 1000)) == 1000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"NaN",
        b"1e999",
        b"1" * 400,
        b'"\xff"',
        b'"\\ud800"',
        b"[" * 100_000,
        b"{}{}",
        b"\x00",
        "{}".encode("utf-16"),
    ],
)
def test_what_is_not_strict_json_is_a_bad_payload(data: bytes) -> None:
    with pytest.raises(BadPayloadError, match=r"^body: is"):
        parse_json(data)


def test_the_text_about_bad_json_does_not_quote_it() -> None:
    with pytest.raises(BadPayloadError) as error:
        parse_json(b'{"email": "ann@example.com" oops}')
    assert "ann" not in str(error.value)
    assert "line 1" in str(error.value)


def test_of_two_equal_keys_the_last_one_counts() -> None:
    assert parse_json(b'{"a": 1, "a": 2}') == {"a": 2}
