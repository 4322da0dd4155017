"""make_event, make_profile: a result as Mixpanel is to see it.

Limits: https://docs.mixpanel.com/reference/import-events (strings are cut at 255 bytes, a
list has fewer than 255 items, an `$insert_id` at most 36 letters, digits and dashes, a time lies
after 1971 and at most an hour ahead).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.messages import InterviewResult
    from workers.identify import Respondent

EVENT = "Koji Interview Completed"
TEXT_BYTES = 255
MOST_ITEMS = 254
YEAR_1971_MS = 31_536_000_000
HOUR_MS = 3_600_000
# Names that mean something to Mixpanel's ingestion itself.
RESERVED = frozenset({"time", "distinct_id", "token", "ip", "insert_id"})
OPEN_ENDED = "open_ended"


def clip(text: str, most_bytes: int = TEXT_BYTES) -> str:
    """Return text that fits, no character cut in half."""
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= most_bytes else raw[:most_bytes].decode("utf-8", "ignore")


def insert_id(interview_id: str) -> str:
    """Return the same id for the same interview, so that a repeat is recognised."""
    return hashlib.sha256(f"{EVENT}\0{interview_id}".encode()).hexdigest()[:36]


def event_time_ms(result: InterviewResult) -> int:
    """Return the completion in Unix ms, or the receipt where Mixpanel would refuse it.

    Both are stored, so a repeat has the same time, which Mixpanel's de-duplication needs.
    """
    plausible = YEAR_1971_MS < result.completed_at_ms <= result.received_at_ms + HOUR_MS
    return result.completed_at_ms if plausible else result.received_at_ms


def distinct_themes(result: InterviewResult) -> list[str]:
    """Return the themes in Koji's order, each once."""
    return list(dict.fromkeys(clip(theme.strip()) for theme in result.themes if theme.strip()))


def make_event(result: InterviewResult, respondent: Respondent) -> dict[str, Any]:
    """Return the `/import` event of a result."""
    route, person = respondent.route, respondent.person
    properties: dict[str, Any] = {}
    if person is not None:
        passed = {name.lstrip("$"): value for name, value in person.properties.items()}
        properties = {name: value for name, value in passed.items() if name not in RESERVED}
    with_open_ended = route is not None and route.include_open_ended
    for answer in result.answers:
        if answer.kind != OPEN_ENDED or with_open_ended:
            properties[f"answer_{answer.slug}"] = answer.value
    properties |= {
        f"theme_top_{n}": theme for n, theme in enumerate(distinct_themes(result)[:2], start=1)
    }
    cohort_id = (person.cohort_id if person else "") or (route.cohort_id if route else None)
    with_url = route is None or route.include_transcript_url
    url = result.transcript_url
    properties |= {
        "sentiment": result.sentiment.strip().lower(),
        "quality_score": result.quality,
        "interview_mode": result.mode or (route.mode if route else ""),
        # Half a link is of no use to anybody.
        "transcript_url": url if with_url and len(url.encode()) <= TEXT_BYTES else "",
        "interview_id": result.interview_id,
        "study_id": route.study_id if route else result.study_id,
        "cohort_id": cohort_id or "",
        "route": route.name if route else "",
    }
    properties = {
        name: _fit(value) for name, value in properties.items() if value not in ("", None)
    }
    properties |= {
        "time": event_time_ms(result),
        "distinct_id": respondent.distinct_id,
        "$insert_id": insert_id(result.interview_id),
        # Without it Mixpanel would place the person where this server stands.
        "ip": 0,
    }
    return {"event": EVENT, "properties": properties}


def make_profile(result: InterviewResult) -> dict[str, Any]:
    """Return the profile properties of a result."""
    at = datetime.fromtimestamp(event_time_ms(result) / 1000, tz=UTC)
    return {
        "last_interview_at": at.strftime("%Y-%m-%dT%H:%M:%S"),
        "last_interview_sentiment": clip(result.sentiment.strip().lower()),
        "last_interview_themes": distinct_themes(result),
        "last_interview_quality": result.quality,
    }


def _fit(value: Any) -> Any:
    if isinstance(value, str):
        return clip(value)
    if isinstance(value, list):
        return [_fit(item) for item in value[:MOST_ITEMS]]
    return value
