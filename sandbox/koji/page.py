"""The page of the local Koji: its interviews, their state, and the pace of start calls."""

import time
from collections import Counter
from itertools import islice

from aiohttp import web

from sandbox.koji.api import KojiApi
from sandbox.koji.interviews import Interview
from sandbox.pages import bars, facts, page, table
from sandbox.times import to_iso

_ROWS = 200
_PACE_SECONDS = 60
_COLUMNS = ("#", "Study", "Respondent", "State", "Started", "Quality", "Sentiment", "Webhook")


def show_page(api: KojiApi) -> web.Response:
    """Return the page of `api`, with the newest interviews first."""
    now = int(time.time())
    recent = api.log.since(now - _PACE_SECONDS)
    calls = Counter(int(record.at) for record in recent)
    summary = api.log.summary()
    newest = islice(reversed(api.house.interviews.values()), _ROWS)
    return page(
        "Koji (sandbox)",
        "Interviews started by the bridge, held here and sent back by webhook.",
        facts(
            [
                ("calls in the last minute", len(recent)),
                ("calls", summary["calls"]),
                ("started", summary["started"]),
                ("analysed", api.house.analysed),
                ("duplicates", summary["duplicates"]),
                ("refused (429)", summary["refused_429"]),
                ("asked twice", api.duplicates.double_started),
            ]
        ),
        bars(
            "Start calls per second, last minute",
            [calls[second] for second in range(now - _PACE_SECONDS + 1, now + 1)],
        ),
        table("Interviews", _COLUMNS, (_row(interview, now) for interview in newest)),
    )


def _row(interview: Interview, now: float) -> tuple[object, ...]:
    result = interview.result()
    return (
        interview.number,
        interview.study,
        interview.asked.email or interview.asked.external_id,
        interview.status(now),
        to_iso(interview.started_at),
        result.get("quality_score"),
        result.get("sentiment"),
        _webhook(interview),
    )


def _webhook(interview: Interview) -> str | None:
    delivery = interview.delivery
    if delivery is None:
        return None
    if delivery.delivered:
        return f"delivered ({delivery.attempts})"
    state = "given up" if delivery.given_up else "trying"
    return f"{state} ({delivery.attempts}) {delivery.last_status or delivery.last_error or ''}"
