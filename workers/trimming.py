"""trimmed: a payload that becomes a dead letter, without what no route would use.

What is unpacked keeps only what a route names; a dead letter may lie for months, so it does too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from common.messages import CohortPage, InterviewResult
from common.stored import decode
from workers.cohorts import EMAIL_KEYS, FIRST_NAME_KEYS, ID_KEYS, LAST_NAME_KEYS, NAME_KEYS
from workers.mixpanel_shape import OPEN_ENDED

if TYPE_CHECKING:
    from common.routes import Routes

NAMING = (*EMAIL_KEYS, *ID_KEYS, *FIRST_NAME_KEYS, *LAST_NAME_KEYS, *NAME_KEYS)


def trimmed(routes: Routes, raw: bytes) -> bytes:
    """Return the payload that is to be kept; as it is where it cannot be read."""
    try:
        message = decode(raw)
        if isinstance(message, CohortPage):
            return _page(routes, message).encode()
        if isinstance(message, InterviewResult):
            return without_free_text(routes, message).encode()
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    return raw


def _page(routes: Routes, page: CohortPage) -> CohortPage:
    route = routes.named(page.route)
    used = set(NAMING)
    for one in (route,) if route else routes:  # a page without its route may wait for any of them
        used |= set(one.properties)
    members = [{key: one[key] for key in one.keys() & used} for one in page.members]
    return replace(page, members=members)


def without_free_text(routes: Routes, result: InterviewResult) -> InterviewResult:
    """Return the result as it may be kept: with free text only where a route asks for it."""
    if any(route.include_open_ended for route in routes):
        return result
    return replace(result, answers=tuple(a for a in result.answers if a.kind != OPEN_ENDED))
