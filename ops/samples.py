"""Sample deliveries for `send-test`: real in form, without effect on Koji or Mixpanel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.routes import Route


def koji_ping(now_seconds: int) -> dict[str, Any]:
    """Return a delivery like the one that Koji sends when a webhook is saved."""
    return {"event": "webhook.test", "timestamp": _iso(now_seconds)}


def koji_result(route: Route, interview_id: str, now_seconds: int) -> dict[str, Any]:
    """Return an analysed interview, anonymous, so that nothing of it reaches Mixpanel."""
    return {
        "event": "interview.analysis_ready",
        "timestamp": _iso(now_seconds),
        "data": {
            "interview_id": interview_id,
            "study_id": route.study_id,
            "anonymous": True,
            "respondent_email": None,
            "completed_at": _iso(now_seconds),
            "mode": route.mode,
            "quality_score": 4,
            "sentiment": "neutral",
            "themes": ["test of the webhook"],
            "transcript_url": None,
            "structured_answers": [],
        },
    }


def mixpanel_page(route: Route) -> dict[str, Any]:
    """Return a cohort page without members, as Mixpanel sends when nothing has changed."""
    names = {
        "mixpanel_cohort_id": route.cohort_id,
        "mixpanel_cohort_name": route.cohort_name,
    }
    return {
        "action": "add_members",
        "parameters": {
            **{key: name for key, name in names.items() if name},
            "mixpanel_session_id": "send-test",
            "page_info": {"total_pages": 1, "page_count": 1},
            "members": [],
        },
    }


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat().replace("+00:00", "Z")
