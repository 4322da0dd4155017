"""An arq app; arq has no rate limit, so aiolimiter paces each worker (arq-docs.helpmanual.io)."""

from __future__ import annotations

from typing import Any

import httpx
from aiolimiter import AsyncLimiter
from arq import Retry
from arq.connections import RedisSettings
from koji_call import HEADERS, PER_SECOND, REDIS_URL, URL, WORKERS, start_body


async def startup(ctx: dict[str, Any]) -> None:
    """Open what the jobs share."""
    ctx["client"] = httpx.AsyncClient(timeout=20, headers=HEADERS)
    # One call at a time and evenly spaced, so that bursts do not overrun Koji's window.
    ctx["limiter"] = AsyncLimiter(1, WORKERS / PER_SECOND) if PER_SECOND else None


async def start_interview(ctx: dict[str, Any], person: dict[str, Any]) -> None:
    """Start one person; the wait before a retry is the documentation's."""
    if ctx["limiter"]:
        await ctx["limiter"].acquire()
    try:
        response = await ctx["client"].post(URL, json=start_body(person))
        response.raise_for_status()
    except httpx.HTTPError as exc:
        raise Retry(defer=ctx["job_try"] * 5) from exc


class WorkerSettings:
    """What `arq arq_app.WorkerSettings` runs."""

    functions = (start_interview,)
    on_startup = startup
    redis_settings = RedisSettings.from_dsn(REDIS_URL)
    max_jobs = 32
