"""owed: what is left to do for a person once Koji has accepted the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.messages import Delivery

if TYPE_CHECKING:
    from common.routes import Route
    from workers.clients.koji import Started


def owed(route: Route, started: Started, now_ms: int) -> bytes:
    """Return the entry for the lane of deliveries, empty where Koji mails and nobody is told."""
    if route.deliver == "koji" and not route.invited_event:
        return b""
    return Delivery(
        route=route.name,
        link=started.link,
        interview_id=started.interview_id,
        started_at_ms=now_ms,
    ).encode()
