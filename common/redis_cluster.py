"""A client of a Redis Cluster that behaves as the plain one does.

It connects with its first command and not before, so that processes start in any order, and every
failure of the cluster is a RedisError: redis-py's own RedisClusterException is none
(redis.readthedocs.io/en/stable/clustering.html).
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from redis._parsers import Encoder
from redis.cluster import ClusterNode, ClusterPipeline, RedisCluster
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException

from common.ledger.lanes import INBOX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis
    from redis.retry import Retry

SCHEMES = ("redis+cluster://", "rediss+cluster://")
FORM = "must be redis+cluster://[user:password@]host:port[,host:port…], with rediss+ for TLS"
PORT = 6379


def is_cluster(url: str) -> bool:
    """Tell whether an address is that of a cluster."""
    return url.startswith(SCHEMES)


def cluster_nodes(url: str) -> tuple[str, list[tuple[str, int]]]:
    """Return the address of the first node as redis-py takes it, and the further nodes.

    Raises ValueError that names the accepted form.
    """
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    try:
        pairs = [
            (host, int(port or PORT))
            for host, _, port in (one.partition(":") for one in hosts.split(",") if one)
        ]
    except ValueError:
        pairs = []
    if not pairs or not all(host and 0 < port < 1 << 16 for host, port in pairs):
        raise ValueError(FORM)
    if parts.path.strip("/") not in {"", "0"}:
        raise ValueError(f"{FORM}; a cluster has no database other than 0")
    host, port = pairs[0]
    scheme = parts.scheme.removesuffix("+cluster")
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{login}{at}{host}:{port}/0{query}", pairs[1:]


class BridgeCluster(RedisCluster):
    """The client; the nodes that an address names are asked for the others."""

    def __init__(self, url: str, retry: Retry, **options: Any) -> None:
        """Keep what is needed to connect; nothing is sent."""
        first, others = cluster_nodes(url)
        self._connected, self._connecting, self._who = False, threading.Lock(), 0
        self._first, self._others, self._options = first, others, options
        self.retry = retry
        # Scripts and multi-key commands ask for it before there is a connection.
        self.encoder = Encoder("utf-8", "strict", decode_responses=False)

    def _connect(self) -> None:
        """Learn which node has which slots; raises RedisError while no node answers."""
        # Connecting sends commands itself, by the thread that does it.
        if self._connected or self._who == threading.get_ident():
            return
        with self._connecting, _as_redis_errors():
            if not self._connected:
                self._who = threading.get_ident()
                try:
                    self._learn()
                    self._connected = True
                finally:
                    self._who = 0

    def _learn(self) -> None:
        super().__init__(
            url=self._first,
            startup_nodes=[ClusterNode(host, port) for host, port in self._others],
            retry=self.retry,
            # With a part of the slots gone, the lanes of the others go on.
            require_full_coverage=False,
            **self._options,
        )

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Send a command to the node that has its key."""
        self._connect()
        with _as_redis_errors():
            return super().execute_command(*args, **kwargs)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> Any:
        """Return a pipeline; without a transaction its commands go to several nodes at once."""
        self._connect()
        made = super().pipeline(transaction or None, shard_hint)  # type: ignore[no-untyped-call]
        made.__class__ = _Pipeline  # redis-py makes it of sixteen parts and lets nobody choose
        return made

    def _execute_pipeline_by_slot(self, command: Any, slots_to_keys: Any) -> Any:
        """Send a command of several keys, such as EXISTS, which redis-py sends past us."""
        self._connect()
        with _as_redis_errors():
            return super()._execute_pipeline_by_slot(command, slots_to_keys)

    def ping(self, **_: Any) -> bool:
        """Ask the node that takes in payloads: another one's answer would tell nothing."""
        self.hlen(INBOX.key("entries"))
        return True

    def nodes(self) -> list[tuple[str, Redis]]:
        """Return each node that holds slots, by its address."""
        self._connect()
        found = self.get_primaries()  # type: ignore[no-untyped-call]
        return [(node.name, self.get_redis_connection(node)) for node in found]

    def set_retry(self, retry: Retry) -> None:
        """Set how often a broken connection is tried again."""
        self.retry = retry

    def close(self) -> None:
        """Close every connection, if there is any."""
        if self._connected:
            super().close()


class _Pipeline(ClusterPipeline):
    def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002 - redis-py's
        with _as_redis_errors():
            return list(super().execute(raise_on_error))


@contextmanager
def _as_redis_errors() -> Iterator[None]:
    try:
        yield
    except RedisClusterException as exc:
        raise RedisConnectionError(str(exc)) from exc
