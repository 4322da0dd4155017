"""The control routes of the local Koji: see what came, hold interviews by hand."""

import dataclasses
import time
from typing import Any

import orjson
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
from sandbox.koji.api import KojiApi
from sandbox.koji.interviews import Interview
from sandbox.koji.pace import measure_pace
from sandbox.koji.webhooks import WebhookSender


class KojiControl:
    """Shows the books of a KojiApi and moves its interviews."""

    def __init__(self, api: KojiApi, sender: WebhookSender, faults: FaultBox) -> None:
        """Control `api`."""
        self._api = api
        self._sender = sender
        self._faults = faults

    def add_routes(self, app: web.Application) -> None:
        """Add everything under `/_sandbox/koji/` but the faults."""
        app.router.add_get("/_sandbox/koji/starts", self.starts)
        app.router.add_get("/_sandbox/koji/summary", self.summary)
        app.router.add_get("/_sandbox/koji/bodies", self.bodies)
        app.router.add_get("/_sandbox/koji/pace", self.pace)
        app.router.add_post("/_sandbox/koji/window", self.window)
        app.router.add_get("/_sandbox/koji/interviews", self.interviews)
        app.router.add_post("/_sandbox/koji/complete", self.complete)
        app.router.add_post("/_sandbox/koji/deliver", self.deliver)

    async def starts(self, request: web.Request) -> web.Response:
        """List the start calls after `?since=` (unix seconds)."""
        return json_answer(self._api.log.since(read_number(request, "since", 0)))

    async def summary(self, _request: web.Request) -> web.Response:
        """Count calls, interviews and webhooks; `double_started` should be 0."""
        house = self._api.house
        return json_answer(
            self._api.log.summary()
            | {
                "people": self._api.duplicates.people,
                "double_started": self._api.duplicates.double_started,
                "interviews": len(house.interviews),
                "analysed": house.analysed,
                "webhooks": self._sender.summary(),
                "faults_by_kind": dict(self._faults.injected),
            }
        )

    async def bodies(self, request: web.Request) -> web.Response:
        """List the last `?limit=` bodies of admitted start calls, oldest first."""
        limit = max(1, int(read_number(request, "limit", 20)))
        kept = list(self._api.log.bodies)[-limit:]
        return json_bytes_answer(b"[" + b",".join(map(_as_json, kept)) + b"]")

    async def pace(self, request: web.Request) -> web.Response:
        """Tell the most start calls in any `?window_seconds=`."""
        window_seconds = read_number(request, "window_seconds", 60)
        return json_answer(measure_pace(self._api.log.records, window_seconds))

    async def window(self, request: web.Request) -> web.Response:
        """Use the window of a `key` up, so that it frees at an even pace from now on."""
        key = str((await read_object(request)).get("key") or "")
        if not key:
            raise bad_request("key must be the API key whose window is used up")
        self._api.door.use_up(key)
        return json_answer({"key": key})

    async def interviews(self, _request: web.Request) -> web.Response:
        """List all interviews, oldest first, and how their webhooks fared."""
        return json_answer([_describe(item) for item in self._api.house.interviews.values()])

    async def complete(self, request: web.Request) -> web.Response:
        """End one interview or all of them now, with chosen parts of the analysis."""
        wanted = await read_object(request)
        overrides = wanted.get("analysis") or {}
        if not isinstance(overrides, dict):
            raise bad_request("analysis must be an object")
        house = self._api.house
        chosen = list(house.interviews.values()) if wanted.get("all") else [self._find(wanted)]
        completed = [item.interview_id for item in chosen if house.complete(item, overrides)]
        before = {item.interview_id for item in chosen} - set(completed)
        return json_answer({"completed": completed, "already_completed": sorted(before)})

    async def deliver(self, request: web.Request) -> web.Response:
        """Send the webhook of an analysed interview once more."""
        wanted = await read_object(request)
        interview = self._find(wanted)
        if interview.analysis is None:
            raise bad_request("the interview is not analysed yet")
        new_id = bool(wanted.get("new_delivery_id"))
        delivery_id = self._sender.send(interview, new_delivery_id=new_id)
        return json_answer({"delivery_id": delivery_id}, 202)

    def _find(self, wanted: dict[str, Any]) -> Interview:
        interview = self._api.house.interviews.get(str(wanted.get("interview_id")))
        if interview is None:
            raise not_found("no interview has this interview_id")
        return interview


def _describe(interview: Interview) -> dict[str, Any]:
    result = interview.result()
    delivery = interview.delivery
    return {
        "number": interview.number,
        "interview_id": interview.interview_id,
        "study": interview.study,
        "email": interview.asked.email,
        "external_id": interview.asked.external_id,
        "state": interview.status(time.time()),
        "started_at": interview.started_at,
        "analysed_at": interview.analysed_at,
        "anonymous": result["anonymous"],
        "quality_score": result.get("quality_score"),
        "sentiment": result.get("sentiment"),
        **(dataclasses.asdict(delivery) if delivery else _NEVER_SENT),
    }


def _as_json(body: bytes) -> bytes:
    """Return a body as it came, or as a JSON string if it is not JSON."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return orjson.dumps(body.decode(errors="replace"))
    return body


_NEVER_SENT = {
    "delivery_id": None,
    "attempts": 0,
    "delivered": False,
    "given_up": False,
    "last_status": None,
    "last_error": None,
}
