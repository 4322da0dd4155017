"""Puts the local Mixpanel together: one aiohttp application."""

from collections import Counter

from aiohttp import web

from sandbox.fault_box import FaultBox
from sandbox.fault_guard import FaultGuard
from sandbox.fault_routes import add_fault_routes
from sandbox.mixpanel.control import MixpanelControl
from sandbox.mixpanel.credentials import Credentials
from sandbox.mixpanel.deletions_api import PATH, DeletionsApi
from sandbox.mixpanel.engage_api import EngageApi
from sandbox.mixpanel.import_api import ImportApi
from sandbox.mixpanel.page import show_page
from sandbox.mixpanel.query_api import QueryApi
from sandbox.mixpanel.query_limit import QueryLimit
from sandbox.mixpanel.refusals import Refusals
from sandbox.options import Options

# Over the largest batch that is read in full before it is refused for its size.
_MAX_BODY_BYTES = 16 * 1024 * 1024


class LocalMixpanel:
    """The parts of the local Mixpanel, and the application that serves them."""

    def __init__(self, options: Options) -> None:
        """Build everything."""
        credentials = Credentials(options.project_token, options.service_account)
        self.faults = FaultBox(f"{options.seed}:mixpanel")
        self._counts: Counter[str] = Counter()
        self._imports = ImportApi(credentials, self.faults, self._counts)
        self._engage = EngageApi(credentials, self._counts)
        self._query = QueryApi(credentials, QueryLimit(options.query_limit), self._counts)
        self._deletions = DeletionsApi(credentials, self._counts)
        self._latency_ms = options.latency_ms

    def make_app(self) -> web.Application:
        """Return the application: the APIs behind their faults, the control routes, the page."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        guard = FaultGuard(self.faults, Refusals(), self._latency_ms)
        app.router.add_post("/import", guard.wrap(self._imports.import_events))
        app.router.add_post("/engage", guard.wrap(self._engage.engage))
        app.router.add_post("/api/query/engage", guard.wrap(self._query_profiles))
        app.router.add_post("/api/query/cohorts/list", guard.wrap(self._query.list_cohorts))
        for path in (PATH, f"{PATH}/"):
            app.router.add_post(path, guard.wrap(self._delete_people))
        app.router.add_get(PATH + "/{task_id}", guard.wrap(self._deletions.status))
        MixpanelControl(
            self._imports, self._engage, self._query, self.faults, self._counts
        ).add_routes(app)
        add_fault_routes(app, "/_sandbox/mixpanel/faults", self.faults)
        app.router.add_get("/", self._page)
        return app

    def reset(self) -> None:
        """Forget all events, profiles, cohorts, counts and faults."""
        self._imports.clear()
        self._engage.clear()
        self._query.clear()
        self._deletions.tasks.clear()
        self._counts.clear()
        self.faults.reset()

    async def _query_profiles(self, request: web.Request) -> web.Response:
        return await self._query.engage(request, self._engage.store)

    async def _delete_people(self, request: web.Request) -> web.Response:
        return await self._deletions.create(request, self._imports.events, self._engage.store)

    async def _page(self, _request: web.Request) -> web.Response:
        return show_page(self._imports.events, self._engage.store)
