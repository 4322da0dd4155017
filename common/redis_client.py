"""One way to connect to Redis, for the ledger and everything beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

if TYPE_CHECKING:
    from common.config import Settings

CONNECT_TIMEOUT_SECONDS = 0.4
SOCKET_TIMEOUT_SECONDS = 2.0


def make_redis(
    settings: Settings, *, socket_timeout_seconds: float = SOCKET_TIMEOUT_SECONDS
) -> Redis:
    """Make a client (bytes in and out) that reconnects once and notices a dead Redis quickly.

    Every command of ours is a script that is safe to repeat, so one retry on a broken
    connection does no harm. Nothing is sent before the first command.
    """
    return Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=socket_timeout_seconds,
        socket_keepalive=True,
        health_check_interval=25,
        retry=Retry(
            NoBackoff(), retries=1, supported_errors=(RedisConnectionError, RedisTimeoutError)
        ),
    )
