"""Reads the body of `/import`: a JSON array or lines of JSON, gzipped or not, within bounds.

https://developer.mixpanel.com/reference/import-events. Its text allows 10 MB uncompressed, its
example of a 413 names 2 MiB; the sandbox holds to the smaller one.
"""

import zlib

import orjson

MAX_BYTES = 2 * 1024 * 1024
MAX_EVENTS = 2000
_GZIP = 31  # zlib's window bits for a gzip stream


class ImportBodyError(ValueError):
    """The whole batch is refused, with an HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        """Refuse with `status`."""
        super().__init__(message)
        self.status = status


def read_events(raw: bytes, content_type: str, content_encoding: str) -> list[object]:
    """Return the events of a batch as they came; raises ImportBodyError."""
    body = _inflate(raw) if content_encoding == "gzip" else raw
    if content_encoding not in {"", "identity", "gzip"}:
        raise ImportBodyError(400, f"unsupported Content-Encoding: {content_encoding}")
    if len(body) > MAX_BYTES:
        raise ImportBodyError(413, f"request exceeds max limit of {MAX_BYTES} bytes")
    events = _parse(body, content_type)
    if len(events) > MAX_EVENTS:
        raise ImportBodyError(400, f"a batch has at most {MAX_EVENTS} events")
    return events


def _inflate(raw: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        body = inflater.decompress(raw, MAX_BYTES + 1)
    except zlib.error as exc:
        raise ImportBodyError(400, "the body is not gzip") from exc
    if len(body) <= MAX_BYTES and not inflater.eof:
        raise ImportBodyError(400, "the gzip body is cut short")
    return body


def _parse(body: bytes, content_type: str) -> list[object]:
    try:
        if content_type == "application/x-ndjson":
            return [orjson.loads(line) for line in body.splitlines() if line.strip()]
        events = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise ImportBodyError(400, "the body is not JSON") from exc
    if not isinstance(events, list):
        raise ImportBodyError(400, "the body must be a JSON array of events")
    return events
