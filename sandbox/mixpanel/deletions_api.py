"""Mixpanel's GDPR API: a deletion is a task, carried out at once and told so when asked for.

https://docs.mixpanel.com/reference/gdpr-api; how long it really takes is not said (weeks).
"""

import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from sandbox.answers import json_answer
from sandbox.mixpanel.credentials import Credentials
from sandbox.mixpanel.event_store import EventStore
from sandbox.mixpanel.profiles import ProfileStore

MOST_IDS = 2000
PATH = "/api/app/data-deletions/v3.0"


class DeletionsApi:
    """Takes deletions, and forgets whom they name."""

    def __init__(self, credentials: Credentials, counts: Counter[str]) -> None:
        """Check calls against these credentials."""
        self._credentials = credentials
        self._counts = counts
        self.tasks: dict[str, dict[str, Any]] = {}

    async def create(
        self, request: web.Request, events: EventStore, profiles: ProfileStore
    ) -> web.Response:
        """Delete everything of some distinct_ids."""
        if refusal := self._refuse(request):
            return refusal
        try:
            asked = orjson.loads(await request.read())
            ids = [one for one in asked["distinct_ids"] if isinstance(one, str)]
            law = asked.get("compliance_type", "GDPR")
        except (orjson.JSONDecodeError, KeyError, TypeError):
            ids, law = [], ""
        if not 0 < len(ids) <= MOST_IDS or law not in {"GDPR", "CCPA"}:
            return json_answer({"error": "distinct_ids or compliance_type", "status": "error"}, 400)
        events.delete(set(ids))
        for distinct_id in ids:
            profiles.profiles.pop(distinct_id, None)
        task_id = uuid.uuid4().hex
        self.tasks[task_id] = {
            "tracking_id": task_id,
            "status": "SUCCESS",
            "requesting_user": "sandbox",
            "compliance_type": law,
            "project_id": 1,
            "date_requested": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "distinct_ids": ids,
        }
        self._counts["deletions"] += 1
        return json_answer({"status": "ok", "results": {"task_id": task_id}}, 201)

    async def status(self, request: web.Request) -> web.Response:
        """Tell how far a task is."""
        if refusal := self._refuse(request):
            return refusal
        task = self.tasks.get(request.match_info["task_id"])
        if task is None:
            return json_answer({"error": "no such task", "status": "error"}, 404)
        return json_answer({"status": "ok", "results": task})

    def _refuse(self, request: web.Request) -> web.Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if (
            scheme == "Bearer"
            and token
            and self._credentials.accepts_token(request.query.get("token"))
        ):
            return None
        self._counts["auth_failures"] += 1
        return json_answer({"error": "Unauthorized", "status": "error"}, 401)
