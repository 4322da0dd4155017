"""make_event, make_profile: a result as Mixpanel is to see it, under the route's own names."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from common.result_names import DEFAULT_NAMES, RESERVED, ResultNames
from workers.mixpanel_limits import MOST_PROPERTIES, TEXT_BYTES, clip, fit

if TYPE_CHECKING:
    from common.messages import Answer, InterviewResult
    from common.routes import Route
    from workers.identify import Respondent

# Part of every `$insert_id`, so it stays whatever a route calls its event.
EVENT = "Koji Interview Completed"
YEAR_1971_MS = 31_536_000_000
HOUR_MS = 3_600_000
OPEN_ENDED = "open_ended"


def insert_id(interview_id: str) -> str:
    """Return the same id for the same interview, so that a repeat is recognised.

    Mixpanel takes at most 36 letters, digits and dashes
    (docs.mixpanel.com/reference/import-events).
    """
    return hashlib.sha256(f"{EVENT}\0{interview_id}".encode()).hexdigest()[:36]


def event_time_ms(result: InterviewResult) -> int:
    """Return the completion in Unix ms, or the receipt where Mixpanel would refuse it.

    It takes a time after 1971 and at most an hour ahead. Both are stored, so a repeat has the same
    time, which Mixpanel's de-duplication needs.
    """
    plausible = YEAR_1971_MS < result.completed_at_ms <= result.received_at_ms + HOUR_MS
    return result.completed_at_ms if plausible else result.received_at_ms


def distinct_themes(result: InterviewResult) -> list[str]:
    """Return the themes in Koji's order, each once."""
    return list(dict.fromkeys(clip(theme.strip()) for theme in result.themes if theme.strip()))


def make_event(
    result: InterviewResult, respondent: Respondent
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the `/import` event of a result, and how much of what had no room in it.

    A link that would be cut counts as `transcript_url`, whatever else as `property`. The result's
    own properties come first, then those passed on, then answers in Koji's order.
    """
    route, names = respondent.route, _names(respondent.route)
    properties = {
        "time": event_time_ms(result),
        "distinct_id": respondent.distinct_id,
        "$insert_id": insert_id(result.interview_id),
        # Without it Mixpanel would place the person where this server stands.
        "ip": 0,
        **_told(result, respondent, names),
    }
    left_out: dict[str, int] = {}
    if result.transcript_url and (route is None or route.include_transcript_url):
        if len(result.transcript_url.encode()) <= TEXT_BYTES:
            properties[names.transcript_url] = result.transcript_url
        else:  # half a link is of no use to anybody
            left_out["transcript_url"] = 1
    for name, value in _further(result, respondent, names).items():
        fitting = fit(value)
        if name in properties or value in ("", None):
            continue
        if fitting is None or len(properties) >= MOST_PROPERTIES:
            left_out["property"] = left_out.get("property", 0) + 1
        else:
            properties[name] = fitting
    return {"event": names.event, "properties": properties}, left_out


def make_profile(result: InterviewResult, route: Route | None = None) -> dict[str, Any]:
    """Return the profile properties of a result."""
    at = datetime.fromtimestamp(event_time_ms(result) / 1000, tz=UTC)
    names = _names(route)
    wanted = route.profile_answers if route else ()
    answers = {
        names.last_interview_ + answer.slug: fit(answer.value)
        for answer in _answers(result, route)
        if answer.slug in wanted
    }
    return {
        **answers,
        names.last_interview_at: at.strftime("%Y-%m-%dT%H:%M:%S"),
        names.last_interview_sentiment: clip(result.sentiment.strip().lower()),
        names.last_interview_themes: distinct_themes(result),
        names.last_interview_quality: result.quality,
    }


def _told(result: InterviewResult, respondent: Respondent, names: ResultNames) -> dict[str, Any]:
    """Return what every result tells, the empty left out."""
    route, person = respondent.route, respondent.person
    cohort_id = (person.cohort_id if person else "") or (route.cohort_id if route else None)
    first, second, *_ = (*distinct_themes(result), "", "")
    told = {
        names.theme_top_1: first,
        names.theme_top_2: second,
        names.sentiment: result.sentiment.strip().lower(),
        names.quality_score: result.quality,
        names.interview_mode: result.mode or (route.mode if route else ""),
        names.interview_id: result.interview_id,
        names.study_id: route.study_id if route else result.study_id,
        names.cohort_id: cohort_id or "",
        names.route: route.name if route else "",
    }
    return {name: fit(value) for name, value in told.items() if value not in ("", None)}


def _further(result: InterviewResult, respondent: Respondent, names: ResultNames) -> dict[str, Any]:
    """Return the properties passed on and the answers, in the order in which they find room."""
    person = respondent.person
    passed = person.properties if person else {}
    further = {name.lstrip("$"): value for name, value in passed.items()}
    further = {name: value for name, value in further.items() if name not in RESERVED}
    answers = _answers(result, respondent.route)
    return further | {names.answer_ + answer.slug: answer.value for answer in answers}


def _answers(result: InterviewResult, route: Route | None) -> list[Answer]:
    """Return the answers that may leave: free text only where the route asks for it."""
    with_open_ended = route is not None and route.include_open_ended
    return [one for one in result.answers if one.kind != OPEN_ENDED or with_open_ended]


def _names(route: Route | None) -> ResultNames:
    return route.names if route else DEFAULT_NAMES
