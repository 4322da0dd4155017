"""Events of customer data platforms, read as rows of POST /members.

RudderStack posts the whole event to a webhook destination
(www.rudderstack.com/docs/destinations/webhooks/cloud-mode), Segment likewise: the person is
`userId`, what is known of them stands in `traits` or `context.traits`.
"""

from __future__ import annotations

from typing import Any

from common.reading import dig

EVENTS = frozenset({"identify", "track", "page", "screen", "group", "alias"})


def customer_event(item: Any) -> dict[str, Any] | None:
    """Return an event's person as a row; None if the item is no such event.

    Who is only known by an anonymous id is nobody whom Koji could ask: such a row has no id.
    """
    if not isinstance(item, dict) or item.get("type") not in EVENTS:
        return None
    if "userId" not in item and "anonymousId" not in item:
        return None
    traits: dict[str, Any] = {}
    for path in ("context.traits", "traits"):
        found = dig(item, path)
        traits |= found if isinstance(found, dict) else {}
    row = {"properties": traits, "distinct_id": item.get("userId"), "email": traits.get("email")}
    return row | ({"route": item["route"]} if "route" in item else {})
