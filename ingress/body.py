"""Request bodies: read, inflated and parsed, never beyond a bound."""

from __future__ import annotations

import zlib
from typing import IO, TYPE_CHECKING, Any

import orjson

from common.errors import BadPayloadError
from ingress.errors import TooLargeError

if TYPE_CHECKING:
    from flask import Request

CHUNK_BYTES = 65536
GZIP_WBITS = 31  # gzip header and trailer expected (docs.python.org/3/library/zlib.html)


def read_body(request: Request, most_bytes: int) -> bytes:
    """Return the body as sent; raises TooLargeError before reading where its length is declared.

    Raises BadPayloadError if the sender breaks off.
    """
    length, stream = request.content_length or 0, request.stream  # 0: untold, or nonsense
    if length > most_bytes:
        raise TooLargeError(f"The body is over {most_bytes} bytes.")
    chunk = _read(stream, length or CHUNK_BYTES)
    if len(chunk) == length != 0:  # nearly always
        return chunk
    whole = bytearray()
    while chunk:
        whole += chunk
        if len(whole) > most_bytes:
            raise TooLargeError(f"The body is over {most_bytes} bytes.")
        chunk = _read(stream, CHUNK_BYTES)
    return bytes(whole)


def _read(stream: IO[bytes], most_bytes: int) -> bytes:
    try:
        return stream.read(most_bytes)
    except Exception as exc:  # each server has its own for bad chunks, trailers, lost senders
        raise BadPayloadError("body: could not be read to its end") from exc


def inflate(raw: bytes, encoding: str, most_bytes: int) -> bytes:
    """Undo `Content-Encoding`; raises TooLargeError over the bound, BadPayloadError otherwise.

    Comes after the signature, which covers the bytes as they were received.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return raw
        case "gzip" | "x-gzip":
            return _gunzip(raw, most_bytes)
        case _:
            raise BadPayloadError("Content-Encoding: must be gzip or absent")


def _gunzip(raw: bytes, most_bytes: int) -> bytes:
    inflater = zlib.decompressobj(GZIP_WBITS)
    try:
        data = inflater.decompress(raw, most_bytes + 1)
    except zlib.error as exc:
        raise BadPayloadError("body: is not gzip, as Content-Encoding says") from exc
    if len(data) > most_bytes:
        raise TooLargeError(f"The body is over {most_bytes} bytes after inflation.")
    if not inflater.eof or inflater.unused_data:
        raise BadPayloadError("body: is not one whole gzip member")
    return data


def parse_json(data: bytes) -> Any:
    """Parse strict JSON (no NaN, no lone surrogates, bounded depth); raises BadPayloadError."""
    if not data:
        raise BadPayloadError("body: is empty, JSON was expected")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        # orjson's text has the kind of mistake and its place, nothing of the body.
        raise BadPayloadError(f"body: is not JSON: {exc}") from exc
