"""Lets a fault fall on an API call: before it, instead of it, or between it and its answer."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from sandbox.fault_box import Fault, FaultBox

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FAULT = web.RequestKey("fault", str)
_MAY_CARRY_RETRY_AFTER = {429, 503}


class Partner(Protocol):
    """What a partner contributes to a fault: its own error body, and its books."""

    def refuse(self, request: web.Request, status: int, wait_seconds: float) -> web.Response:
        """Return the partner's own answer of that status."""

    def note_fault(self, request: web.Request, kind: str, status: int) -> None:
        """Write down a call that the fault kept from being processed; 0 = no answer."""


class FaultGuard:
    """Stands before the API of one partner; control routes are not wrapped by it."""

    def __init__(self, box: FaultBox, partner: Partner, latency_ms: float) -> None:
        """Guard `partner`; `latency_ms` holds unless a fault sets another."""
        self._box = box
        self._partner = partner
        self._latency_ms = latency_ms

    def wrap(self, handler: Handler) -> Handler:
        """Return `handler` as the network and the partner's bad days let it be seen."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            latency_ms = self._box.current.latency_ms
            if latency_ms is None:
                latency_ms = self._latency_ms
            if latency_ms:
                await asyncio.sleep(latency_ms / 1000)
            fault = self._box.draw(request.path)
            if fault is None:
                return await handler(request)
            return await self._suffer(fault, request, handler)

        return guarded

    async def _suffer(
        self, fault: Fault, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if fault.kind in {"down", "drop_before"}:
            self._partner.note_fault(request, fault.kind, 0)
            return _cut(request)
        if fault.status:
            return self._refuse(fault, request)
        request[FAULT] = fault.kind
        response = await handler(request)
        if fault.kind == "drop":
            return _cut(request)
        await asyncio.sleep(fault.seconds)
        return response

    def _refuse(self, fault: Fault, request: web.Request) -> web.Response:
        self._partner.note_fault(request, fault.kind, fault.status)
        response = self._partner.refuse(request, fault.status, fault.seconds)
        if self._box.current.retry_after and fault.status in _MAY_CARRY_RETRY_AFTER:
            response.headers["Retry-After"] = str(math.ceil(fault.seconds))
        return response


def _cut(request: web.Request) -> web.Response:
    """Close the connection; the returned answer cannot be sent any more."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
