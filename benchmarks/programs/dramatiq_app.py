"""A dramatiq app with its own rate limiter; who is refused by it is retried (dramatiq.io)."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import dramatiq
import requests
from dramatiq.brokers.redis import RedisBroker
from dramatiq.rate_limits import WindowRateLimiter
from dramatiq.rate_limits.backends import RedisBackend
from koji_call import HEADERS, PER_SECOND, REDIS_URL, URL, start_body

dramatiq.set_broker(RedisBroker(url=REDIS_URL))
limiter = WindowRateLimiter(
    RedisBackend(url=REDIS_URL), "koji", limit=max(1, round(PER_SECOND)), window=1
)


# dramatiq waits at least 15 s before a retry unless told otherwise, which no pace survives.
@dramatiq.actor(min_backoff=1000, max_backoff=30_000, max_retries=20)
def start_interview(person: dict[str, Any]) -> None:
    """Start one person."""
    with limiter.acquire() if PER_SECOND else nullcontext():
        response = requests.post(URL, json=start_body(person), headers=HEADERS, timeout=20)
        response.raise_for_status()
