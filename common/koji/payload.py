"""An analysed interview read tolerantly: Koji's documentation names what is in it, not where.

Every name looked for stands below, in the order in which it is preferred
(koji.so/docs/webhook-setup, research-automation-webhooks, and Koji's guide to Mixpanel).
"""

from __future__ import annotations

from typing import Any

from common.koji.answers import read_answers
from common.koji.envelope import interview_id, places_of
from common.messages import InterviewResult
from common.reading import as_flag, as_id, as_number, as_text, as_time_ms, first

THEMES_MOST = 50
THEME_CHARS = 2000  # cut to what fits where the event is made
EMAIL_CHARS = 320
URL_CHARS = 2000
MODES = ("text", "voice")
EARLIEST_MS = 946_684_800_000  # the year 2000: anything before is no time of an interview
CLOCK_SKEW_MS = 3_600_000  # Mixpanel refuses events that are further in the future

STUDY_IDS = ("study_id", "project_id", "study.id")
EMAILS = ("respondent_email", "respondent.email")
EXTERNAL_IDS = (
    *("respondent.external_id", "external_id"),
    *("respondent.metadata.mixpanel_distinct_id", "metadata.mixpanel_distinct_id"),
)
RESPONDENT_IDS = ("respondent_id",)
ANONYMOUS = ("anonymous", "is_anonymous", "respondent.anonymous", "respondent.is_anonymous")
THEMES = ("themes",)
SENTIMENTS = ("sentiment",)
QUALITIES = ("quality_score", "quality")
INTERVIEW_MODES = ("mode", "interview_mode")
TRANSCRIPT_URLS = ("transcript_url", "links.transcript")
COMPLETION_TIMES = ("completed_at",)
# Where one of these is an object, or a list of objects, that is what stands for it.
THEME_NAMES = ("name", "label", "title", "theme")
SENTIMENT_NAMES = ("label", "overall")
QUALITY_NAMES = ("score", "overall")
ENVELOPE_TIMES = ("timestamp", "created_at", "occurred_at")
ANSWERS = ("structured_answers", "answers", "structured_values")


def read_result(
    document: dict[str, Any], received_at_ms: int, trace_id: str = ""
) -> InterviewResult:
    """Read the fields of an analysed interview, from a webhook or from `GET /interviews/:id`.

    Raises BadPayloadError if there is no usable interview id.
    """
    places = places_of(document)
    return InterviewResult(
        interview_id=interview_id(places),
        completed_at_ms=_completed_at_ms(places, document, received_at_ms),
        received_at_ms=received_at_ms,
        study_id=first(places, STUDY_IDS, as_id) or "",
        email=first(places, EMAILS, lambda value: as_text(value, EMAIL_CHARS)) or "",
        external_id=first(places, EXTERNAL_IDS, as_id) or "",
        respondent_id=first(places, RESPONDENT_IDS, as_id) or "",
        anonymous=_says_anonymous(places),
        themes=first(places, THEMES, _themes) or (),
        sentiment=first(places, SENTIMENTS, _sentiment) or "",
        quality=first(places, QUALITIES, _quality),
        mode=first(places, INTERVIEW_MODES, _mode) or "",
        transcript_url=first(places, TRANSCRIPT_URLS, _url) or "",
        answers=first(places, ANSWERS, read_answers) or (),
        trace_id=trace_id,
    )


def _says_anonymous(places: list[dict[str, Any]]) -> bool:
    return first(places, ANONYMOUS, lambda value: as_flag(value) or None) is True


def _completed_at_ms(
    places: list[dict[str, Any]], document: dict[str, Any], received_at_ms: int
) -> int:
    """Return the completion's time, else the envelope's, else the receipt's."""

    def plausible(value: Any) -> int | None:
        time_ms = as_time_ms(value)
        latest_ms = received_at_ms + CLOCK_SKEW_MS
        return time_ms if time_ms is not None and EARLIEST_MS <= time_ms <= latest_ms else None

    return (
        first(places, COMPLETION_TIMES, plausible)
        or first([document], ENVELOPE_TIMES, plausible)
        or received_at_ms
    )


def _themes(value: Any) -> tuple[str, ...] | None:
    items = value if isinstance(value, list) else [value]
    themes = [_theme(item) or first([item], THEME_NAMES, _theme) for item in items]
    return tuple(dict.fromkeys(theme for theme in themes if theme))[:THEMES_MOST] or None


def _theme(value: Any) -> str | None:
    return as_text(value, THEME_CHARS)


def _sentiment(value: Any) -> str | None:
    text = as_text(value) or first([value], SENTIMENT_NAMES, as_text)
    return text.lower() if text else None


def _quality(value: Any) -> float | None:
    number = as_number(value)
    return number if number is not None else first([value], QUALITY_NAMES, as_number)


def _mode(value: Any) -> str | None:
    text = (as_text(value) or "").lower()
    return text if text in MODES else None


def _url(value: Any) -> str | None:
    text = as_text(value, URL_CHARS)
    return text if text and text.startswith(("https://", "http://")) else None
