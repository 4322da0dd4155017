"""`POST /import`: the good events are kept even where bad ones make the answer a 400."""

import time
from collections import Counter
from typing import Any

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.fault_box import FaultBox
from sandbox.mixpanel.credentials import Access, Credentials
from sandbox.mixpanel.event_store import EventStore
from sandbox.mixpanel.import_bodies import ImportBodyError, read_events
from sandbox.mixpanel.import_rules import Problem, find_problem, keep
from sandbox.mixpanel.refusals import refuse_import

_INVALID = "some data points in the request failed validation"


class ImportApi:
    """Answers as https://developer.mixpanel.com/reference/import-events describes."""

    def __init__(self, credentials: Credentials, faults: FaultBox, counts: Counter[str]) -> None:
        """Check against `credentials`, and count in `counts`."""
        self._credentials = credentials
        self._faults = faults
        self._counts = counts
        self.events = EventStore()

    def clear(self) -> None:
        """Forget all events."""
        self.events = EventStore()

    async def import_events(self, request: web.Request) -> web.Response:
        """Import a batch."""
        raw = await request.read()
        self._counts["imports"] += 1
        access = self._credentials.check_import(request)
        if access is Access.WRONG:
            self._counts["auth_failures"] += 1
            return refuse_import(401)
        if access is Access.NO_PROJECT_ID:
            return refuse_import(400, "project_id is required with a service account")
        encoding = request.headers.get("Content-Encoding", "").lower()
        try:
            events = read_events(raw, request.content_type, encoding)
        except ImportBodyError as exc:
            return refuse_import(exc.status, str(exc))
        failed = self._take(events)
        imported = len(events) - len(failed)
        if request.query.get("strict", "1") != "1":
            return json_answer({"error": None, "num_good_events": imported, "status": 1})
        if failed:
            return refuse_import(
                400, _INVALID, failed_records=failed, num_records_imported=imported
            )
        return json_answer({"code": 200, "num_records_imported": imported, "status": "OK"})

    def _take(self, events: list[object]) -> list[dict[str, Any]]:
        """Store the good events and return the records of the others."""
        now = time.time()
        failed: list[dict[str, Any]] = []
        for index, event in enumerate(events):
            problem = find_problem(event, now)
            if problem is None and isinstance(event, dict):
                problem = self._find_fault(event["properties"]["distinct_id"])
                if problem is None:
                    self.events.add(keep(event, now), now)
                    continue
            if problem is not None:
                failed.append(_failed_record(index, event, problem))
        self._counts["rejected_records"] += len(failed)
        return failed

    def _find_fault(self, distinct_id: str) -> Problem | None:
        faults = self._faults.current
        if distinct_id in faults.poison_external_id:
            return Problem("properties.distinct_id", "rejected: poisoned in the sandbox")
        if self._faults.strikes(faults.reject_rate, "reject"):
            return Problem("event", "rejected: a fault of the sandbox")
        return None


def _failed_record(index: int, event: object, problem: Problem) -> dict[str, Any]:
    properties = event.get("properties") if isinstance(event, dict) else None
    insert_id = properties.get("$insert_id") if isinstance(properties, dict) else None
    return {
        "index": index,
        "$insert_id": insert_id,
        "field": problem.field,
        "message": problem.message,
    }
