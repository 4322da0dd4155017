"""The page of the local Mixpanel: its events and its profiles."""

from itertools import islice
from typing import Any

import orjson
from aiohttp import web

from sandbox.mixpanel.event_store import EventStore
from sandbox.mixpanel.import_rules import to_milliseconds
from sandbox.mixpanel.profiles import Profile, ProfileStore
from sandbox.pages import facts, page, table
from sandbox.times import to_iso

_ROWS = 200
_EVENT_COLUMNS = ("Time", "Event", "Distinct id", "Properties")
_OWN_COLUMNS = {"time", "distinct_id", "$insert_id"}


def show_page(events: EventStore, store: ProfileStore) -> web.Response:
    """Return the page, with the newest events and profiles first."""
    newest = (orjson.loads(event.body) for event in islice(reversed(events.shown), _ROWS))
    profiles = islice(reversed(store.profiles.values()), _ROWS)
    return page(
        "Mixpanel (sandbox)",
        "Events and profiles as reports would show them.",
        facts(
            [
                ("events", len(events)),
                ("imported", len(events.raw)),
                ("profiles", len(store.profiles)),
                ("written twice", events.written_twice),
                ("moved back", store.moved_back),
            ]
        ),
        table("Events", _EVENT_COLUMNS, (_event_row(event) for event in newest)),
        table("Profiles", ("Distinct id", "Properties"), (_profile_row(item) for item in profiles)),
    )


def _event_row(event: dict[str, Any]) -> tuple[object, ...]:
    properties = event["properties"]
    shown = {name: value for name, value in properties.items() if name not in _OWN_COLUMNS}
    at = to_iso(to_milliseconds(properties["time"]) / 1000)
    return at, event["event"], properties["distinct_id"], _list_properties(shown)


def _profile_row(profile: Profile) -> tuple[object, ...]:
    return profile.distinct_id, _list_properties(profile.properties)


def _list_properties(properties: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {_as_text(value)}" for name, value in properties.items())


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
