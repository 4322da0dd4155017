"""Sends `interview.analysis_ready`, signed, and again when it does not arrive.

Koji retries up to three times with exponential backoff
(https://www.koji.so/docs/research-automation-webhooks); delays and timeout are not documented.
"""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Sequence

import aiohttp
import orjson

from sandbox.koji.interviews import Delivery, Interview
from sandbox.koji.signatures import Signer
from sandbox.times import to_iso

EVENT = "interview.analysis_ready"
DELIVERY_HEADER = "X-Koji-Delivery"
TIMEOUT_SECONDS = 10.0
_AT_ONCE = 64
_SUCCESS = 2  # the first digit
_COUNTED = ("attempts", "delivered", "given_up")


class WebhookSender:
    """Delivers results to one address; a delivery keeps its id and its body on every try."""

    def __init__(
        self, url: str, signer: Signer, payload_shape: str, retry_seconds: Sequence[float]
    ) -> None:
        """Send to `url`, waiting `retry_seconds` before each further try."""
        self._url = url
        self._signer = signer
        self._payload_shape = payload_shape
        self._pauses: tuple[float | None, ...] = (*retry_seconds, None)
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._counts: Counter[str] = Counter()

    async def open(self) -> None:
        """Make ready to send."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)

    async def close(self) -> None:
        """Drop what is under way, and end."""
        await self.reset()
        if self._session is not None:
            await self._session.close()

    async def reset(self) -> None:
        """Drop what is under way and forget the counts."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._counts.clear()

    def summary(self) -> dict[str, int]:
        """Return the counts of attempts and their ends."""
        return {name: self._counts[name] for name in _COUNTED} | {"under_way": len(self._tasks)}

    def send(self, interview: Interview, *, new_delivery_id: bool = False) -> str:
        """Begin to deliver the result of an analysed interview; return the delivery's id."""
        before = interview.delivery
        keep = before is not None and not new_delivery_id
        delivery = Delivery(before.delivery_id if before and keep else f"evt_{uuid.uuid4().hex}")
        interview.delivery = delivery
        body = make_body(interview, delivery.delivery_id, self._payload_shape)
        task = asyncio.create_task(self._deliver(delivery, body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery.delivery_id

    async def _deliver(self, delivery: Delivery, body: bytes) -> None:
        for pause in self._pauses:
            async with self._slots:
                delivery.delivered = await self._try(delivery, body)
            if delivery.delivered:
                self._counts["delivered"] += 1
                return
            if pause is not None:
                await asyncio.sleep(pause)
        delivery.given_up = True
        self._counts["given_up"] += 1

    async def _try(self, delivery: Delivery, body: bytes) -> bool:
        if self._session is None:
            raise RuntimeError("the sender is not open")
        self._counts["attempts"] += 1
        delivery.attempts += 1
        delivery.last_status = delivery.last_error = None
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "koji-sandbox",
            DELIVERY_HEADER: delivery.delivery_id,
            **self._signer.sign(body, delivery_id=delivery.delivery_id, timestamp=int(time.time())),
        }
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                delivery.last_status = response.status
        except (aiohttp.ClientError, TimeoutError) as exc:
            delivery.last_error = type(exc).__name__
            return False
        return delivery.last_status // 100 == _SUCCESS


def make_body(interview: Interview, delivery_id: str, payload_shape: str) -> bytes:
    """Return the JSON of a delivery: the result under `data`, or all at the top level.

    Koji's pages describe the content and show no example, so both forms can be tried.
    """
    envelope = {
        "id": delivery_id,
        "event": EVENT,
        "timestamp": to_iso(interview.analysed_at or interview.started_at),
    }
    result = interview.result()
    return orjson.dumps(envelope | ({"data": result} if payload_shape == "wrapped" else result))
