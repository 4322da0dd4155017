"""Koji's API: start one interview, read one interview.

https://koji.so/docs/starting-interviews-via-api. Koji's pages describe two shapes of the start
request: a flat one (which its Mixpanel guide uses) and a nested one; `union` sends both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from common.identity import normal_email
from common.reading import dig
from workers.clients.http import call, failure

if TYPE_CHECKING:
    import requests

    from common.messages import Invitation
    from common.routes import Route

ALREADY_EXISTS = 409
ID_CHARS = 128
LINK_CHARS = 2000


@dataclass(frozen=True)
class Started:
    """Koji's answer; `interview_id` and `link` are empty where none was told."""

    interview_id: str
    duplicate: bool
    headers: Any
    link: str = ""


def knows_repeats(profile: str, route: Route, person: Invitation) -> bool:
    """Tell whether Koji would recognise a second start of the same person.

    Its guide: "Koji deduplicates on respondent_email"; so an address has to go along.
    """
    return bool(profile != "nested" and route.join_key == "email" and person.email)


def start_body(profile: str, route: Route, key: str, person: Invitation) -> dict[str, Any]:
    """Build the request body; without an address anywhere under `join_key = "respondent_id"`."""
    private = route.join_key == "respondent_id"
    external_id = person.distinct_id
    if private and _holds_email(external_id):
        external_id = key  # an id that is an address stays here; the key leads back to it
    metadata = {
        **person.properties,
        "mixpanel_distinct_id": "" if external_id == key else person.distinct_id,
        "mixpanel_cohort_id": person.cohort_id or route.cohort_id,
        "route": route.name,
    }
    name = person.name
    if private:
        metadata = {field: value for field, value in metadata.items() if not _holds_email(value)}
        name = "" if _holds_email(name) else name
    metadata = {field: value for field, value in metadata.items() if value not in ("", None)}
    nested = {
        "respondent": _filled(external_id=external_id, display_name=name, metadata=metadata),
        "mode": route.mode,
        "locale": route.locale,
    }
    flat = {
        "project_id": route.study_id,
        "study_id": route.study_id,
        **_filled(
            respondent_email="" if private else person.email,
            respondent_id=external_id,
            respondent_name=name,
            metadata=metadata,
        ),
        "mode": route.mode,
        "language": route.locale,
    }
    return {"nested": nested, "flat": flat, "union": {**nested, **flat}}[profile]


def _filled(**values: Any) -> dict[str, Any]:
    return {field: value for field, value in values.items() if value}


def _holds_email(value: Any) -> bool:
    if isinstance(value, str):
        return any(normal_email(word.strip("<>()[],;:\"'")) for word in value.split())
    if isinstance(value, dict):
        return any(_holds_email(item) for pair in value.items() for item in pair)
    return isinstance(value, list) and any(_holds_email(item) for item in value)


class KojiClient:
    """Calls Koji with the key of the route."""

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        profile: str,
        timeout_seconds: float,
        link_keys: tuple[str, ...] = (),
    ) -> None:
        """Keep the address, the shape of the request, and where an answer may hold a link."""
        self._session = session
        self._base_url = base_url
        self.profile = profile
        self._timeout_seconds = timeout_seconds
        self._link_keys = link_keys

    def start(self, api_key: str, route: Route, key: str, person: Invitation) -> Started:
        """Start an interview; raises a PartnerError. 409 means that it exists already."""
        headers = {
            "Authorization": f"Bearer {api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        if not knows_repeats(self.profile, route, person):
            # A kept-alive connection may break just as we send: no answer, and nobody knows.
            headers["Connection"] = "close"
        response = call(
            self._session,
            "POST",
            f"{self._base_url}/api/v1/interviews/start",
            timeout_seconds=self._timeout_seconds,
            data=orjson.dumps(start_body(self.profile, route, key, person)),
            headers=headers,
        )
        problem = None if response.status_code == ALREADY_EXISTS else failure(response)
        if problem is not None:
            problem.headers = response.headers
            raise problem
        body = _json(response)
        duplicate = response.status_code == ALREADY_EXISTS or body.get("duplicate") is True
        return Started(
            _interview_id(body), duplicate, response.headers, interview_link(body, self._link_keys)
        )

    def read(self, api_key: str, interview_id: str) -> dict[str, Any]:
        """Read an interview (`GET /api/v1/interviews/:id`); raises a PartnerError."""
        response = call(
            self._session,
            "GET",
            f"{self._base_url}/api/v1/interviews/{quote(interview_id, safe='')}",
            timeout_seconds=self._timeout_seconds,
            headers={"Authorization": f"Bearer {api_key}"},
        )
        problem = failure(response)
        if problem is not None:
            problem.headers = response.headers
            raise problem
        return _json(response)


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def interview_link(body: dict[str, Any], keys: tuple[str, ...]) -> str:
    """Return the first https link under one of the keys, or in `data`.

    Koji does not say whether a start's answer holds one, so the keys are a setting.
    """
    inner = body.get("data")
    for key in keys:
        for place in (body, inner if isinstance(inner, dict) else {}):
            value = dig(place, key)
            link = value.strip() if isinstance(value, str) else ""
            if link.startswith("https://") and len(link) <= LINK_CHARS and link.isprintable():
                return link
    return ""


def _interview_id(body: dict[str, Any]) -> str:
    inner = body.get("data")
    for place in (body, inner if isinstance(inner, dict) else {}):
        for name in ("interview_id", "conversation_id", "id"):
            value = place.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and value:
                return str(value)[:ID_CHARS]
    return ""
