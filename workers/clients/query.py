"""Mixpanel's Query API: the members of a cohort, page by page.

https://developer.mixpanel.com/reference/engage-query: 1000 profiles a page, counted from 0; the
first answer names a `session_id` that later pages repeat. Needs a service account and project_id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from common.errors import PermanentError, TransientError
from common.reading import as_id
from workers.clients.http import call, failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    import requests

    from common.settings import Settings

# What an invitation is made of, beside the route's own properties.
ALWAYS = ("$email", "$first_name", "$last_name", "$name")
# The API's own words for a session that it no longer has.
LOST_SESSION = "uncached query"


class LostSessionError(PermanentError):
    """The export's session is gone: it has to start over from the first page."""


@dataclass(frozen=True)
class ExportPage:
    """One page of an export; members have the keys of a cohort sync."""

    members: list[dict[str, Any]]
    session_id: str
    page_size: int
    total: int


class QueryClient:
    """Asks as a service account."""

    def __init__(self, session: requests.Session, settings: Settings) -> None:
        """Take host and service account."""
        self._session, self._host = session, settings.mixpanel_query_host
        self._auth = settings.mixpanel_service_account
        self._params = {"project_id": settings.mixpanel_project_id or ""}
        self._timeout_seconds = settings.mixpanel_timeout_seconds

    def find_cohort(self, name: str) -> str:
        """Return the id of a cohort by its name; raises PartnerError."""
        document = self._ask("cohorts/list", {})
        for cohort in document if isinstance(document, list) else []:
            if isinstance(cohort, dict) and cohort.get("name") == name:
                return as_id(cohort.get("id")) or ""
        raise PermanentError("Mixpanel has no cohort of this cohort_name; set cohort_id")

    def members(
        self, cohort_id: str, properties: Iterable[str], session_id: str, page: int
    ) -> ExportPage:
        """Return one page; raises PartnerError, LostSessionError if the session is gone."""
        number = int(cohort_id) if cohort_id.isdecimal() else cohort_id
        form = {
            "filter_by_cohort": orjson.dumps({"id": number}).decode(),
            "include_all_users": "false",
            "output_properties": orjson.dumps(sorted({*ALWAYS, *properties})).decode(),
        }
        if session_id:
            form |= {"session_id": session_id, "page": str(page)}
        document = self._ask("engage", form)
        results = document.get("results") if isinstance(document, dict) else None
        session = document.get("session_id") if isinstance(document, dict) else None
        if not isinstance(results, list) or not isinstance(session, str) or not session:
            raise TransientError("the answer has no results or no session_id")
        return ExportPage(
            [member for one in results if (member := _member(one))],
            session,
            _count(document.get("page_size")) or 1000,
            _count(document.get("total")),
        )

    def _ask(self, path: str, form: dict[str, str]) -> Any:
        response = call(
            self._session,
            "POST",
            f"{self._host}/api/query/{path}",
            timeout_seconds=self._timeout_seconds,
            params=self._params,
            auth=self._auth,
            data=form,
            headers={"Accept": "application/json"},
        )
        problem = failure(response)
        if problem is not None:
            if isinstance(problem, PermanentError) and LOST_SESSION in response.text:
                raise LostSessionError("the export's session is gone", status=problem.status)
            raise problem
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError as exc:
            raise TransientError("the answer is not JSON") from exc


def _member(result: Any) -> dict[str, Any]:
    """Return a profile as a cohort sync names its keys; empty for what is no profile."""
    if not isinstance(result, dict):
        return {}
    properties = result.get("$properties")
    member = dict(properties) if isinstance(properties, dict) else {}
    distinct_id = as_id(result.get("$distinct_id"))  # an integer in the documented example
    return {**member, "mixpanel_distinct_id": distinct_id} if distinct_id else member


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
