"""The public API of the local Koji: start an interview, read one."""

import time
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.fault_box import FaultBox
from sandbox.fault_guard import FAULT
from sandbox.koji.admission import Admission, Door, refusal, study_of_key
from sandbox.koji.bodies import NOBODY, BodyError, StartRequest, parse_start
from sandbox.koji.duplicates import DuplicateFinder
from sandbox.koji.house import InterviewHouse
from sandbox.koji.interviews import Interview
from sandbox.koji.starts import StartLog, StartRecord
from sandbox.options import Options

_START = "/api/v1/interviews/start"
_REFUSALS = {401: "unauthorized", 429: "refused_429"}
# A host that cannot exist (RFC 2606); https://www.koji.so/docs/managing-research-participants
# tells of the query parameter.
_LINK = "https://koji.example/interview/"
_MESSAGE = "Hi {name}! Thanks for taking the time. What were you trying to do when you signed up?"


@dataclass(frozen=True, slots=True)
class _Call:
    """A start call as it came; `at` is unix seconds."""

    at: float
    admission: Admission
    idempotency_key: str | None
    fault: str | None


class KojiApi:
    """Answers as https://www.koji.so/docs/starting-interviews-via-api describes."""

    def __init__(self, options: Options, faults: FaultBox, house: InterviewHouse) -> None:
        """Serve the interviews of `house`."""
        self._options = options
        self._faults = faults
        self.house = house
        self.door = Door(options, faults)
        self.log = StartLog()
        self.duplicates = DuplicateFinder(options.dedupe)

    def clear(self) -> None:
        """Forget everything."""
        self.house.clear()
        self.door.clear()
        self.log = StartLog()
        self.duplicates = DuplicateFinder(self._options.dedupe)

    async def start(self, request: web.Request) -> web.Response:
        """Start an interview, or answer with the one that this person already has."""
        body = await request.read()
        call = _Call(
            time.time(),
            self.door.admit(request),
            request.headers.get("Idempotency-Key"),
            request.get(FAULT),
        )
        status, headers = call.admission.status, call.admission.headers
        if not call.admission.is_open:
            self._write_down(call, status, _REFUSALS[status])
            return refusal(status, headers)
        self.log.bodies.append(body)
        try:
            asked = parse_start(body)
        except BodyError as exc:
            self._write_down(call, 400, "rejected")
            return refusal(400, headers, str(exc))
        return self._begin(call, asked)

    async def show(self, request: web.Request) -> web.Response:
        """Answer `GET /api/v1/interviews/:id`: the state and, once it is there, the analysis."""
        admission = self.door.admit(request)
        if not admission.is_open:
            return refusal(admission.status, admission.headers)
        interview = self.house.interviews.get(request.match_info["interview_id"])
        if interview is None:
            return refusal(404, admission.headers, "There is no such interview.")
        status = interview.status(time.time())
        told = interview.result() if status == "completed" else {"study_id": interview.study}
        answer = told | {"interview_id": interview.interview_id, "status": status}
        return json_answer(answer, headers=admission.headers)

    def refuse(self, request: web.Request, status: int, wait_seconds: float) -> web.Response:
        """Return an error that a fault makes Koji give, in Koji's form."""
        headers = self.door.headers_for(request)
        if status == HTTPStatus.TOO_MANY_REQUESTS and headers:
            headers["X-RateLimit-Remaining"] = "0"
            headers["X-RateLimit-Reset"] = str(int(time.time() + wait_seconds) + 1)
        return refusal(status, headers)

    def note_fault(self, request: web.Request, kind: str, status: int) -> None:
        """Write down a start call that a fault kept from being processed."""
        if request.path == _START:
            key = self.door.key_of(request)
            self.log.add(StartRecord(time.time(), key, status, fault=kind))

    def _begin(self, call: _Call, asked: StartRequest) -> web.Response:
        key, headers = call.admission.key, call.admission.headers
        study = asked.study or study_of_key(key)
        faults = self._faults.current
        poisoned = asked.external_id in faults.poison_external_id
        if poisoned or self._faults.strikes(faults.reject_rate, "reject"):
            self._write_down(call, 422, "rejected", asked)
            return refusal(422, headers)
        found = self.duplicates.find(study, asked.email, key, call.idempotency_key)
        if found is not None:
            status = self._options.duplicate_answer
            self._write_down(call, status, "duplicates", asked, found)
            return self._duplicate_answer(found, status, headers)
        interview = self.house.open(asked, study)
        self.duplicates.remember(interview, key, call.idempotency_key)
        self._write_down(call, 201, "started", asked, interview)
        return json_answer(self._started(interview), 201, headers)

    def _write_down(
        self,
        call: _Call,
        status: int,
        kind: str,
        asked: StartRequest = NOBODY,
        interview: Interview | None = None,
    ) -> None:
        record = StartRecord(
            at=call.at,
            key=call.admission.key,
            status=status,
            study=interview.study if interview else asked.study,
            external_id=asked.external_id,
            email=asked.email,
            idempotency_key=call.idempotency_key,
            interview_id=interview.interview_id if interview else None,
            duplicate=kind == "duplicates",
            fault=call.fault,
        )
        self.log.add(record, kind)

    def _started(self, interview: Interview) -> dict[str, object]:
        return {
            "interview_id": interview.interview_id,
            "session_token": interview.session_token,
            "initial_message": _MESSAGE.format(name=interview.asked.display_name or "there"),
            **self._link(interview),
        }

    def _link(self, interview: Interview) -> dict[str, object]:
        """Return the person's own link, with `?rid=` as a participant's has it."""
        key = self._options.link_key
        return {key: f"{_LINK}{interview.study}?rid={interview.interview_id}"} if key else {}

    def _duplicate_answer(
        self, found: Interview, status: int, headers: dict[str, str]
    ) -> web.Response:
        if status == HTTPStatus.OK:
            return json_answer(self._started(found) | {"duplicate": True}, 200, headers)
        body = {
            "error": "already_exists",
            "message": "This respondent already has an interview.",
            "interview_id": found.interview_id,
            **self._link(found),
        }
        return json_answer(body, status, headers)
