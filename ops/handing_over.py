"""How a route's interviews reach people, in words: no address, no secret, no text of a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from common.routes import Route

WORDS = {
    "koji": "Koji itself",
    "smtp": "mail",
    "webhook": "webhook",
    "mixpanel": "profile property in Mixpanel",
}


def delivery(deliver: str) -> str:
    """Return who or what brings the link, by a route's `deliver`; a dash if the route is gone."""
    return WORDS.get(deliver, "-")


def handing_over(route: Route) -> str:
    """Say how the link reaches people, and whether Mixpanel is told."""
    told, hook = delivery(route.deliver), route.webhook
    if hook is not None and route.deliver == "webhook":
        told += f" to {urlsplit(hook.url).hostname}, signed with {hook.secret_env}"
    if not route.invited_event:
        return told
    return f"{told}; Mixpanel gets the event {route.names.invited_event!r}"


def mail_kind(route: Route) -> str | None:
    """Say which templates a route's mail has; None without one."""
    if route.mail is None:
        return None
    return "text and html" if route.mail.html else "text"
