"""Mixpanel's error answers, which have another form for each of its APIs."""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from sandbox.answers import json_answer

_MESSAGES = {
    401: "Invalid credentials",
    429: "Project exceeded rate limits. Please retry the request with exponential backoff.",
}


def refuse_import(status: int, message: str | None = None, **more: Any) -> web.Response:
    """Return an error of `/import`: `{"code", "error", "status"}`.

    The forms are those of https://developer.mixpanel.com/reference/import-events.
    """
    phrase = HTTPStatus(status).phrase
    error = message or _MESSAGES.get(status, phrase)
    return json_answer({"code": status, "error": error, "status": phrase} | more, status)


def refuse_engage(status: int, message: str | None = None) -> web.Response:
    """Return an error of `/engage`: `{"error", "status": "error"}`."""
    error = message or _MESSAGES.get(status, HTTPStatus(status).phrase)
    return json_answer({"error": error, "status": "error"}, status)


def refuse_query(request: web.Request, status: int, message: str | None = None) -> web.Response:
    """Return an error of the Query API: `{"request", "error"}`."""
    error = message or _MESSAGES.get(status, HTTPStatus(status).phrase)
    return json_answer({"request": request.path_qs, "error": error}, status)


class Refusals:
    """Mixpanel's part in a fault: an error in the form of the API that was called."""

    def refuse(self, request: web.Request, status: int, wait_seconds: float) -> web.Response:
        """Return the error; Mixpanel does not say how long to wait."""
        del wait_seconds
        if request.path == "/import":
            return refuse_import(status)
        if request.path == "/engage":
            return refuse_engage(status)
        return refuse_query(request, status)

    def note_fault(self, request: web.Request, kind: str, status: int) -> None:
        """Do nothing: faults are counted where they are drawn."""
