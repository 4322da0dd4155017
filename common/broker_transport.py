"""Celery's Redis transport, but for one thing: a channel keeps its client.

kombu makes a new `redis.Redis` for each message that it sends, notes or acknowledges, which costs
more than the command. Clients hold nothing but their connection pool, and threads may share them.
Named here in kombu's own table of transports, so addresses stay as they are.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis


class _KeepsClient:
    """What both kinds of channel get; stands before them in the order of resolution."""

    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002 - kombu's
        channel: Any = self
        if asynchronous:
            return super()._create_client(asynchronous=True)  # type: ignore[misc]
        if self._kept is None or self._kept.connection_pool is not channel.pool:
            self._kept = super()._create_client()  # type: ignore[misc]
        return self._kept


class Channel(_KeepsClient, kombu_redis.Channel):  # type: ignore[misc]  # kombu has no types
    """A channel to one Redis."""


class SentinelChannel(_KeepsClient, kombu_redis.SentinelChannel):  # type: ignore[misc]
    """A channel to the master that Sentinels name."""


class Transport(kombu_redis.Transport):  # type: ignore[misc]
    """`redis://` and `rediss://`."""

    Channel = Channel


class SentinelTransport(kombu_redis.SentinelTransport):  # type: ignore[misc]
    """`sentinel://`."""

    Channel = SentinelChannel


def use() -> None:
    """Let every Celery app of this process use these."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
    TRANSPORT_ALIASES["sentinel"] = f"{__name__}:SentinelTransport"
