"""decode: a stored message of any kind, whichever version of this code wrote it."""

from __future__ import annotations

import orjson

from common.errors import BadPayloadError
from common.koji.payload import read_result
from common.messages import (
    CohortPage,
    Delivery,
    InterviewResult,
    ReceivedResult,
    ResultWrite,
    is_known,
)

Stored = CohortPage | InterviewResult | ResultWrite | Delivery
KINDS: dict[str, type[Stored | ReceivedResult]] = {
    kind.KIND: kind for kind in (CohortPage, InterviewResult, ReceivedResult, ResultWrite, Delivery)
}


def decode(raw: bytes | str) -> Stored:
    """Rebuild a stored message; a webhook of Koji's is read as the result that it tells of.

    Raises ValueError for a kind or version this code does not know, or a result without its id.
    """
    data = orjson.loads(raw)
    kind, version = data.get("kind"), data.get("v")
    if not is_known(version) or kind not in KINDS:
        raise ValueError(f"unknown message: kind {kind!r}, version {version!r}")
    message = KINDS[kind].from_dict(data)
    if not isinstance(message, ReceivedResult):
        return message
    try:
        return read_result(message.document, message.received_at_ms, message.trace_id)
    except BadPayloadError as exc:
        raise ValueError(f"unreadable message: {exc}") from exc
