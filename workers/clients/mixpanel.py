"""Mixpanel's ingestion API: events by /import, profiles by /engage.

Both answer for a whole batch, so every method returns a verdict a record: None for success, else
the PartnerError. https://docs.mixpanel.com/reference/import-events and /profile-set.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import orjson

from common.errors import LaterError, PartnerError, PermanentError
from workers.clients.http import call, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    from common.settings import Settings

MOST_RECORDS = 2000
# The API's text says 10 MB, its example of a 413 says 2 MiB: stay under the smaller.
MOST_BYTES = 1_900_000
# So many refused one by one, none accepted, and the last one refused as well: leave the rest.
ENOUGH_REFUSED = 16
BAD_REQUEST = 400

Verdicts = list[PartnerError | None]


class MixpanelClient:
    """Sends batches; connections are kept alive."""

    def __init__(self, session: requests.Session, settings: Settings) -> None:
        """Take host, token and, where there is one, the service account."""
        self._session = session
        self._host = settings.mixpanel_api_host
        self._token = settings.mixpanel_project_token
        self._timeout_seconds = settings.mixpanel_timeout_seconds
        self._params = {"strict": "1"}
        self._auth = (self._token, "")
        if settings.mixpanel_service_account:
            self._auth = settings.mixpanel_service_account
            self._params["project_id"] = settings.mixpanel_project_id or ""

    def import_events(self, events: list[dict[str, Any]]) -> Verdicts:
        """Send events; refused records are told apart from the good ones, which are kept."""
        return self._in_batches(events, self._import)

    def set_profiles(self, profiles: list[tuple[str, dict[str, Any]]]) -> Verdicts:
        """Set properties of profiles (distinct_id, properties)."""
        updates = [
            {"$token": self._token, "$distinct_id": distinct_id, "$ip": 0, "$set": properties}
            for distinct_id, properties in profiles
        ]
        return self._in_batches(updates, self._engage)

    def _in_batches(
        self, records: list[dict[str, Any]], send: Callable[[list[bytes]], Verdicts]
    ) -> Verdicts:
        verdicts: Verdicts = []
        for batch in _batches(orjson.dumps(record) for record in records):
            try:
                verdicts += send(batch)
            except PartnerError as error:
                verdicts += [error] * len(batch)
        return verdicts

    def _import(self, batch: list[bytes]) -> Verdicts:
        response = call(
            self._session,
            "POST",
            f"{self._host}/import",
            timeout_seconds=self._timeout_seconds,
            params=self._params,
            auth=self._auth,
            data=gzip.compress(_array(batch), compresslevel=1),
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )
        if response.status_code == BAD_REQUEST:
            failed = _failed_records(response, len(batch))
            if failed:
                return [failed.get(index) for index in range(len(batch))]
        return self._whole(response, batch, self._import)

    def _engage(self, batch: list[bytes]) -> Verdicts:
        response = call(
            self._session,
            "POST",
            f"{self._host}/engage",
            timeout_seconds=self._timeout_seconds,
            params={"verbose": "1", "ip": "0"},
            data=_array(batch),
            headers={"Content-Type": "application/json"},
        )
        return self._whole(response, batch, self._engage, refusal=_engage_refusal(response))

    def _whole(
        self,
        response: requests.Response,
        batch: list[bytes],
        send: Callable[[list[bytes]], Verdicts],
        refusal: PartnerError | None = None,
    ) -> Verdicts:
        """Return one verdict for all; a refusal of many is halved until it names the one."""
        problem = failure(response) or refusal
        if isinstance(problem, PermanentError) and len(batch) > 1:
            middle = len(batch) // 2
            verdicts = send(batch[:middle])
            if middle < ENOUGH_REFUSED or None in verdicts:
                return verdicts + send(batch[middle:])
            last = send(batch[-1:])
            if None in last:
                return verdicts + send(batch[middle:-1]) + last
            # Not a bad record but a bad request, it seems: no need to hear it two thousand times.
            # Yet what was not sent is not refused.
            unsent = LaterError(f"not sent after {middle} refusals: {problem}")
            return verdicts + [unsent] * (len(batch) - middle - 1) + last
        if problem is not None and not isinstance(problem, PermanentError):
            problem.headers = response.headers
            raise problem
        return [problem] * len(batch)


def _array(batch: list[bytes]) -> bytes:
    return b"[" + b",".join(batch) + b"]"


def _batches(records: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for record in records:
        if batch and (len(batch) == MOST_RECORDS or size + len(record) + 1 > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record) + 1
    if batch:
        yield batch


def _failed_records(response: requests.Response, records: int) -> dict[int, PartnerError]:
    """Return the refused records by index; empty where the answer does not tell them apart."""
    try:
        failed = orjson.loads(response.content)["failed_records"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    refused: dict[int, PartnerError] = {}
    for record in failed if isinstance(failed, list) else []:
        index = record.get("index") if isinstance(record, dict) else None
        if not isinstance(index, int) or not 0 <= index < records:
            return {}  # seen in the wild: plain strings, which refuse the whole batch
        field = str(record.get("field", "record"))[:80]
        refused[index] = PermanentError(f"refused: {field}", status=BAD_REQUEST)
    return refused


def _engage_refusal(response: requests.Response) -> PartnerError | None:
    """Read the body: /engage answers 200 even to data it refuses."""
    if failure(response) is not None:
        return None
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = None
    accepted = body.get("status") if isinstance(body, dict) else body
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(accepted, int | str) and accepted in {1, "1"} and not error:
        return None
    return PermanentError("refused: profile update", status=response.status_code)
