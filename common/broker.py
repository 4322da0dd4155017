"""Where Celery's queues are: `BROKER_URL`, or the ledger's Redis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from redis.connection import parse_url

from common.redis_client import SentinelAddress

if TYPE_CHECKING:
    from common.settings import Settings


@dataclass(frozen=True)
class Broker:
    """An address as Celery takes it, further transport options, and those of TLS."""

    url: str
    transport_options: dict[str, Any] = field(default_factory=dict)
    tls: dict[str, Any] | None = None


def broker_of(settings: Settings) -> Broker:
    """Return the broker of these settings."""
    url = settings.broker_url or settings.redis_url
    if url.startswith("sentinel://"):
        address = SentinelAddress.parse(url)
        user, password = (quote(one or "", safe="") for one in (address.username, address.password))
        login = f"{user}:{password}@" if password else ""
        hosts = (f"sentinel://{login}{host}:{port}/{address.db}" for host, port in address.hosts)
        return Broker(";".join(hosts), {"master_name": address.master})
    if url.startswith("rediss://"):
        return Broker(_without_query(url), tls=_tls_options(url))
    return Broker(url)


def _tls_options(url: str) -> dict[str, Any]:
    """Return what redis-py reads from the address for TLS.

    Celery on its own would check no certificate (docs.celeryq.dev/en/stable/userguide/
    configuration.html#broker-use-ssl); we check it unless the address says otherwise.
    """
    found = {name: value for name, value in parse_url(url).items() if name.startswith("ssl_")}
    return {"ssl_cert_reqs": "required", **found}


def _without_query(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(query=""))
