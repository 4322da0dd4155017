"""Koji's webhooks as far as ingress has to know them: which event, and which interview.

Koji's documentation names what is in a webhook, not where. The names looked for stand below, in
the order in which they are preferred (koji.so/docs/webhook-setup, research-automation-webhooks).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.errors import BadPayloadError
from common.reading import as_id, as_text, dig

if TYPE_CHECKING:
    from collections.abc import Iterator

OUR_EVENTS = frozenset({"interview.analysis_ready", "analysis_ready"})
EVENT_NAMES = ("event", "type", "event_type")
# Objects that may be around what is looked for: the body, the interview, its analysis.
NESTED = ("data", "interview", "analysis")
INTERVIEW_IDS = ("interview_id", "interview.id", "conversation_id")


def analysed_interview(document: Any) -> str | None:
    """Return the id of an analysed interview; None for other events, or a ping at the set-up.

    Raises BadPayloadError if it should be one and has no usable interview id.
    """
    if not isinstance(document, dict):
        raise BadPayloadError("body: must be a JSON object")
    event = event_name(document)
    if not event and has_interview(document):
        raise BadPayloadError("event: is missing")
    return interview_id(places_of(document)) if event.lower() in OUR_EVENTS else None


def event_name(document: Any) -> str:
    """Return the event's name, ours if any of its fields says so; empty if there is none."""
    names = [name for key in EVENT_NAMES if (name := as_text(dig(document, key)))]
    ours = [name for name in names if name.lower() in OUR_EVENTS]
    return next(iter(ours or names), "")


def has_interview(document: Any) -> bool:
    """Tell whether anything stands where an interview's id would."""
    return next(_ids(places_of(document)), None) is not None


def interview_id(places: list[dict[str, Any]]) -> str:
    """Return the interview's id; raises BadPayloadError if there is no usable one."""
    path, value = next(_ids(places), ("", None))
    if value is None:
        raise BadPayloadError("interview_id: is missing")
    text = as_id(value)
    if text is None or not text.isprintable():
        raise BadPayloadError(f"{path}: must be a string of 1 to 255 characters")
    return text


def places_of(document: Any) -> list[dict[str, Any]]:
    """Return the objects to look in: the body, what it nests, and what is around it."""
    body = dig(document, "data")
    body = body if isinstance(body, dict) else document
    interview = dig(body, "interview")
    found = [body, interview, dig(body, "analysis"), dig(interview, "analysis"), document]
    return [place for place in found if isinstance(place, dict)]


def _ids(places: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for place in places:
        for path in INTERVIEW_IDS:
            if (value := dig(place, path)) is not None:
                yield path, value
