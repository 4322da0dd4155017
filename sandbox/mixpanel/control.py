"""The control routes of the local Mixpanel: see what was written, load cohorts."""

import dataclasses
from collections import Counter
from typing import Any

from aiohttp import web

from sandbox.answers import (
    bad_request,
    json_answer,
    json_bytes_answer,
    not_found,
    read_number,
    read_object,
)
from sandbox.fault_box import FaultBox
from sandbox.mixpanel.cohorts import CohortError, parse_cohort
from sandbox.mixpanel.engage_api import EngageApi
from sandbox.mixpanel.event_store import StoredEvent, as_json_list
from sandbox.mixpanel.import_api import ImportApi
from sandbox.mixpanel.profiles import Profile
from sandbox.mixpanel.query_api import QueryApi

_COUNTED = (
    *("imports", "engages", "queries", "deletions"),
    *("rejected_records", "rejected_updates", "auth_failures"),
)


class MixpanelControl:
    """Shows what the three APIs hold."""

    def __init__(
        self,
        imports: ImportApi,
        engage: EngageApi,
        query: QueryApi,
        faults: FaultBox,
        counts: Counter[str],
    ) -> None:
        """Control these parts."""
        self._imports = imports
        self._engage = engage
        self._query = query
        self._faults = faults
        self._counts = counts

    def add_routes(self, app: web.Application) -> None:
        """Add everything under `/_sandbox/mixpanel/` but the faults."""
        app.router.add_get("/_sandbox/mixpanel/events", self.events)
        app.router.add_get("/_sandbox/mixpanel/events/raw", self.raw_events)
        app.router.add_get("/_sandbox/mixpanel/profiles", self.profiles)
        app.router.add_get("/_sandbox/mixpanel/profiles/{distinct_id:.+}", self.profile)
        app.router.add_get("/_sandbox/mixpanel/summary", self.summary)
        app.router.add_post("/_sandbox/mixpanel/cohorts", self.load_cohort)

    async def events(self, request: web.Request) -> web.Response:
        """List the de-duplicated events after `?since=` (unix seconds), the last `?limit=`."""
        return _list_events(request, self._imports.events.shown)

    async def raw_events(self, request: web.Request) -> web.Response:
        """List every imported event."""
        return _list_events(request, self._imports.events.raw)

    async def profiles(self, _request: web.Request) -> web.Response:
        """List all profiles, oldest first."""
        return json_answer([_describe(item) for item in self._engage.store.profiles.values()])

    async def profile(self, request: web.Request) -> web.Response:
        """Show one profile with the history of its `last_interview_at`."""
        profile = self._engage.store.profiles.get(request.match_info["distinct_id"])
        if profile is None:
            raise not_found("there is no such profile")
        history = [dataclasses.asdict(setting) for setting in profile.history]
        return json_answer(
            _describe(profile) | {"history": history, "moved_back": profile.moved_back}
        )

    async def summary(self, _request: web.Request) -> web.Response:
        """Count calls, events and profiles; `written_twice` and `moved_back` should be 0."""
        events, store = self._imports.events, self._engage.store
        return json_answer(
            {name: self._counts[name] for name in _COUNTED}
            | {
                "events_raw": len(events.raw),
                "events": len(events),
                "written_twice": events.written_twice,
                "profiles": len(store.profiles),
                "moved_back": store.moved_back,
                "faults": self._faults.injected.total(),
                "faults_by_kind": dict(self._faults.injected),
            }
        )

    async def load_cohort(self, request: web.Request) -> web.Response:
        """Keep a cohort, replacing the one with the same id."""
        try:
            cohort = parse_cohort(await read_object(request))
        except CohortError as exc:
            raise bad_request(str(exc)) from exc
        self._query.cohorts[cohort.cohort_id] = cohort
        return json_answer({"id": cohort.cohort_id, "members": len(cohort.members)})


def _list_events(request: web.Request, events: list[StoredEvent]) -> web.Response:
    since = read_number(request, "since", 0)
    limit = int(read_number(request, "limit", 0))
    return json_bytes_answer(as_json_list(events, since, limit if limit > 0 else None))


def _describe(profile: Profile) -> dict[str, Any]:
    return {"$distinct_id": profile.distinct_id, "$properties": profile.properties}
