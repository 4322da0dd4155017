"""`POST /engage`: profile updates, answered with 200 also where they are invalid.

https://developer.mixpanel.com/reference/profile-batch-update: `{"status": 1|0, "error"}` with
`verbose=1`, else `1` or `0`. What `strict=1` adds is not shown there; the sandbox gives
`num_good_events` and `failed_records`.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from sandbox.answers import json_answer
from sandbox.mixpanel.credentials import Credentials
from sandbox.mixpanel.profile_operations import OperationError
from sandbox.mixpanel.profiles import ProfileStore

MAX_UPDATES = 2000


class EngageApi:
    """Takes updates whose `$token` is the project's; valid ones are applied beside invalid ones."""

    def __init__(self, credentials: Credentials, counts: Counter[str]) -> None:
        """Check tokens against `credentials`, and count in `counts`."""
        self._credentials = credentials
        self._counts = counts
        self.store = ProfileStore()

    def clear(self) -> None:
        """Forget all profiles."""
        self.store = ProfileStore()

    async def engage(self, request: web.Request) -> web.Response:
        """Apply a batch of updates."""
        raw = await request.read()
        self._counts["engages"] += 1
        try:
            updates = _parse(raw)
        except OperationError as exc:
            return _answer(request, str(exc), 0, [])
        failed: list[dict[str, Any]] = []
        for index, update in enumerate(updates):
            try:
                self._apply(update)
            except OperationError as exc:
                failed.append({"index": index, "message": str(exc)})
        self._counts["rejected_updates"] += len(failed)
        error = f"{failed[0]['message']}, at index {failed[0]['index']}" if failed else None
        return _answer(request, error, len(updates) - len(failed), failed)

    def _apply(self, update: object) -> None:
        if not isinstance(update, Mapping):
            raise OperationError("an update must be an object")
        if not self._credentials.accepts_token(update.get("$token")):
            self._counts["auth_failures"] += 1
            raise OperationError("$token is missing or invalid")
        self.store.update(update)


def _parse(raw: bytes) -> list[object]:
    try:
        updates = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:  # also for gzip, which /engage does not accept
        raise OperationError("the body is not JSON") from exc
    if not isinstance(updates, list) or not updates:
        raise OperationError("the body must be a JSON array of at least 1 update")
    if len(updates) > MAX_UPDATES:
        raise OperationError(f"a batch has at most {MAX_UPDATES} updates")
    return updates


def _answer(
    request: web.Request, error: str | None, good: int, failed: list[dict[str, Any]]
) -> web.Response:
    status = 0 if error else 1
    strict = request.query.get("strict") == "1"
    if request.query.get("verbose") != "1" and not strict:
        return web.Response(text=str(status))
    answer: dict[str, Any] = {"status": status, "error": error}
    if strict:
        answer |= {"num_good_events": good, "failed_records": failed}
    return json_answer(answer)
