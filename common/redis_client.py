"""One way to connect to Redis, for the ledger and everything beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

from common.redis_cluster import BridgeCluster, is_cluster

if TYPE_CHECKING:
    from common.settings import Settings

CONNECT_TIMEOUT_SECONDS = 0.4
SOCKET_TIMEOUT_SECONDS = 2.0
SENTINEL_PORT = 26379


@dataclass(frozen=True)
class SentinelAddress:
    """`sentinel://[user:password@]host[:port],host[:port]/master[/db]`."""

    hosts: tuple[tuple[str, int], ...]
    master: str
    db: int
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> SentinelAddress:
        """Read the address; raises ValueError that names the accepted form."""
        login, _, hosts = urlsplit(url).netloc.rpartition("@")
        user, _, password = login.partition(":")
        master, _, db = urlsplit(url).path.strip("/").partition("/")
        try:
            pairs = tuple(
                (host, int(port or SENTINEL_PORT))
                for host, _, port in (one.partition(":") for one in hosts.split(",") if one)
            )
            number = int(db or 0)
        except ValueError:
            pairs, number = (), 0
        if not pairs or not master:
            raise ValueError("must be sentinel://[user:password@]host:port,host:port/master[/db]")
        return cls(pairs, master, number, unquote(user) or None, unquote(password) or None)


def make_redis(
    settings: Settings,
    *,
    url: str | None = None,
    socket_timeout_seconds: float = SOCKET_TIMEOUT_SECONDS,
) -> Redis:
    """Make a client (bytes in and out) that reconnects once and notices a dead Redis quickly.

    It is the ledger's unless `url` names another. Every command of ours is safe to repeat: what a
    repeat would do twice (a claim) runs out with its lease. Nothing is sent before the first.
    """
    url = url or settings.redis_url
    options: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "socket_timeout": socket_timeout_seconds,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "retry": Retry(
            NoBackoff(), retries=1, supported_errors=(RedisConnectionError, RedisTimeoutError)
        ),
    }
    if is_cluster(url):
        cluster: Any = BridgeCluster(url, **options)
        return cluster  # type: ignore[no-any-return]  # of its methods we use those of both
    if not url.startswith("sentinel://"):
        return Redis.from_url(url, **options)
    address = SentinelAddress.parse(url)
    asking = {"socket_connect_timeout": CONNECT_TIMEOUT_SECONDS, "socket_timeout": 1.0}
    sentinel = Sentinel(list(address.hosts), sentinel_kwargs=asking)
    login = {"username": address.username, "password": address.password, "db": address.db}
    master: Redis = sentinel.master_for(address.master, **login, **options)
    return master
