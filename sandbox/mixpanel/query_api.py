"""The Query API: profiles page by page, and the list of cohorts.

https://developer.mixpanel.com/reference/engage-query: 1000 profiles a page; the first answer names
a `session_id` that the next pages repeat, until a page is shorter than `page_size`.
"""

import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.mixpanel.cohorts import Cohort, Member, find_members
from sandbox.mixpanel.credentials import Access, Credentials
from sandbox.mixpanel.profiles import ProfileStore
from sandbox.mixpanel.query_limit import QueryLimit
from sandbox.mixpanel.query_parameters import EngageQuery, QueryError, parse_query
from sandbox.mixpanel.refusals import refuse_query

PAGE_SIZE = 1000
_SESSIONS_KEPT = 50


class QueryApi:
    """Answers service accounts; a session shows the members as they were on its first page."""

    def __init__(self, credentials: Credentials, limit: QueryLimit, counts: Counter[str]) -> None:
        """Check against `credentials`, stay within `limit`, and count in `counts`."""
        self._counts = counts
        self._credentials = credentials
        self._limit = limit
        self.cohorts: dict[str, Cohort] = {}
        self._sessions: OrderedDict[str, list[Member]] = OrderedDict()

    def clear(self) -> None:
        """Forget all cohorts, sessions and queries."""
        self.cohorts.clear()
        self._sessions.clear()
        self._limit.clear()

    async def engage(self, request: web.Request, store: ProfileStore) -> web.Response:
        """Answer one page of profiles."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        refused = self._refuse(request)
        if refused is not None:
            return refused
        try:
            return json_answer(self._page(parse_query(form), store))
        except QueryError as exc:
            return refuse_query(request, exc.status, str(exc))

    async def list_cohorts(self, request: web.Request) -> web.Response:
        """List the cohorts that were loaded."""
        refused = self._refuse(request)
        if refused is not None:
            return refused
        project_id = request.query["project_id"]
        return json_answer([_describe(cohort, project_id) for cohort in self.cohorts.values()])

    def _refuse(self, request: web.Request) -> web.Response | None:
        access = self._credentials.check_service_account(request)
        self._counts["queries"] += 1
        if access is Access.WRONG:
            self._counts["auth_failures"] += 1
            return refuse_query(request, 401)
        if access is Access.NO_PROJECT_ID:
            return refuse_query(request, 400, "project_id is required")
        refusal = self._limit.refusal_of(request.query["project_id"])
        return None if refusal is None else refuse_query(request, 429, refusal)

    def _page(self, query: EngageQuery, store: ProfileStore) -> dict[str, Any]:
        session_id = query.session_id or self._open_session(query, store)
        members = self._sessions.get(session_id)
        if members is None:
            raise QueryError(400, "request for page in uncached query for params")
        start = query.page * PAGE_SIZE
        return {
            "page": query.page,
            "page_size": PAGE_SIZE,
            "results": [
                {
                    "$distinct_id": member.distinct_id,
                    "$properties": _choose(member.properties, query.output_properties),
                }
                for member in members[start : start + PAGE_SIZE]
            ],
            "session_id": session_id,
            "status": "ok",
            "total": len(members),
        }

    def _open_session(self, query: EngageQuery, store: ProfileStore) -> str:
        cohort = None
        if query.cohort_id is not None:
            cohort = self.cohorts.get(query.cohort_id)
            if cohort is None:
                raise QueryError(404, f"there is no cohort {query.cohort_id}")
        session_id = f"{int(time.time())}-{secrets.token_hex(3).upper()}"
        self._sessions[session_id] = find_members(
            cohort, store, include_all_users=query.include_all_users
        )
        while len(self._sessions) > _SESSIONS_KEPT:
            self._sessions.popitem(last=False)
        return session_id


def _choose(properties: Mapping[str, Any], names: frozenset[str] | None) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if names is None or name in names}


def _describe(cohort: Cohort, project_id: str) -> dict[str, Any]:
    cohort_id = cohort.cohort_id
    return {
        "id": int(cohort_id) if cohort_id.isdecimal() else cohort_id,
        "name": cohort.name,
        "description": "",
        "count": len(cohort.members),
        "is_visible": 1,
        "project_id": int(project_id) if project_id.isdecimal() else project_id,
    }
