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
    if (request.content_length or 0) > most_bytes:
        raise TooLargeError(f"The body is over {most_bytes} bytes.")
    raw, stream = bytearray(), request.stream
    while chunk := _next_chunk(stream):
        raw += chunk
        if len(raw) > most_bytes:
            raise TooLargeError(f"The body is over {most_bytes} bytes.")
    return bytes(raw)


def _next_chunk(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(CHUNK_BYTES)
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
