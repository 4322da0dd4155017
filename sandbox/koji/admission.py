"""The door of the Koji API: who may come in, and how often."""

import hashlib
import math
import time
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.fault_box import FaultBox
from sandbox.options import Options
from sandbox.rate_window import RateWindow, Verdict

_MESSAGES = {
    401: ("unauthorized", "Missing or invalid API key."),
    422: ("unprocessable", "The respondent cannot be interviewed."),
    429: ("rate_limited", "Rate limit exceeded. Please retry after the window resets."),
}


@dataclass(frozen=True, slots=True)
class Admission:
    """What the door says of a call; a `status` of 200 lets it in."""

    key: str
    status: int
    headers: dict[str, str]

    @property
    def is_open(self) -> bool:
        """Whether the call is let in."""
        return self.status == HTTPStatus.OK


class Door:
    """Checks Bearer keys and keeps a rate window for each.

    401 without a valid key: https://www.koji.so/docs/api-authentication; the limit, its headers on
    every answer and the 429: https://www.koji.so/docs/rate-limits-and-cors.
    """

    def __init__(self, options: Options, faults: FaultBox) -> None:
        """Admit the keys in `options`, or any key when there are none."""
        self._options = options
        self._faults = faults
        self._windows: dict[str, RateWindow] = {}

    def admit(self, request: web.Request) -> Admission:
        """Count the call and let it in, or refuse it with 401 or 429."""
        key = self.key_of(request)
        limit = self._limit()
        if not self._is_known(key):
            unused = RateWindow(self._options.rate_window_seconds).look(0.0, limit)
            return Admission(key, 401, _rate_headers(unused))
        verdict = self._window(key).take(time.monotonic(), limit)
        headers = _rate_headers(verdict)
        if verdict.allowed:
            return Admission(key, 200, headers)
        if self._faults.current.retry_after:
            headers["Retry-After"] = str(math.ceil(verdict.free_in_seconds))
        return Admission(key, 429, headers)

    def key_of(self, request: web.Request) -> str:
        """Return the Bearer key of a call, or an empty string."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""

    def headers_for(self, request: web.Request) -> dict[str, str]:
        """Return the rate headers for an answer to a call that was not counted."""
        window = self._window(self.key_of(request))
        return _rate_headers(window.look(time.monotonic(), self._limit()))

    def use_up(self, key: str) -> None:
        """Use a key's window up, as if calls had come at an even pace until now."""
        self._window(key).use_up(time.monotonic(), self._limit())

    def clear(self) -> None:
        """Forget all calls."""
        self._windows.clear()

    def _limit(self) -> int:
        changed = self._faults.current.limit
        return self._options.rate_limit if changed is None else changed

    def _is_known(self, key: str) -> bool:
        return bool(key) and (not self._options.api_key or key in self._options.api_key)

    def _window(self, key: str) -> RateWindow:
        window = self._windows.get(key)
        if window is None:
            window = RateWindow(
                self._options.rate_window_seconds, count_refused=self._options.count_refused
            )
            self._windows[key] = window
        return window


def refusal(status: int, headers: dict[str, str], message: str | None = None) -> web.Response:
    """Return an error in Koji's form, `{"error", "message"}`."""
    error, text = _MESSAGES.get(status, ("error", f"The call ended with status {status}."))
    return json_answer({"error": error, "message": message or text}, status, headers)


def study_of_key(key: str) -> str:
    """Return the study that a key stands for: each key belongs to one project."""
    return "st_" + hashlib.sha256(key.encode()).hexdigest()[:10]


def _rate_headers(verdict: Verdict) -> dict[str, str]:
    if not verdict.limit:
        return {}
    # Rounded up, so that who waits until the reset does not come a moment too early.
    reset = math.ceil(time.time() + verdict.free_in_seconds)
    return {
        "X-RateLimit-Limit": str(verdict.limit),
        "X-RateLimit-Remaining": str(verdict.remaining),
        "X-RateLimit-Reset": str(reset),
    }
