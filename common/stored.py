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
KINDS: dict[str, type[Stored]] = {
    kind.KIND: kind for kind in (CohortPage, InterviewResult, ResultWrite, Delivery)
}


def decode(raw: bytes | str) -> Stored:
    """Rebuild a stored message; a webhook of Koji's is read as the result that it tells of.

    Raises ValueError for a kind or version this code does not know, or a result without its id.
    """
    data = orjson.loads(raw)
    kind, version = data.get("kind"), data.get("v")
    if is_known(version) and kind == ReceivedResult.KIND:
        try:
            return read_result(data["document"], data["received_at_ms"], data.get("trace_id", ""))
        except BadPayloadError as exc:
            raise ValueError(f"unreadable message: {exc}") from exc
    if not is_known(version) or kind not in KINDS:
        raise ValueError(f"unknown message: kind {kind!r}, version {version!r}")
    return KINDS[kind].from_dict(data)
