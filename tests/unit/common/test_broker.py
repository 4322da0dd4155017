"""Where Celery's queues are, and what it is told of TLS."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

import pytest
from kombu import Connection as BrokerConnection

from common.broker import Broker, broker_of

if TYPE_CHECKING:
    from common.settings import Settings

PLAIN = "redis://127.0.0.1:6379/3"


def settings(url: str, broker_url: str | None = None) -> Settings:
    return cast("Settings", SimpleNamespace(redis_url=url, broker_url=broker_url))


def test_the_broker_is_the_ledgers_redis_unless_another_is_named() -> None:
    assert broker_of(settings(PLAIN)) == Broker(PLAIN)
    assert broker_of(settings("redis+cluster://one", PLAIN)) == Broker(PLAIN)


def test_certificates_are_checked_unless_the_address_says_otherwise() -> None:
    url = "rediss://ann:pw@redis.example:6380/1"
    assert broker_of(settings(url)) == Broker(url, tls={"ssl_cert_reqs": "required"})
    careless = broker_of(settings(f"{url}?ssl_cert_reqs=none&ssl_check_hostname=false"))
    assert careless.tls == {"ssl_cert_reqs": "none", "ssl_check_hostname": False}


def test_files_of_certificates_go_along_and_leave_the_address() -> None:
    query = "ssl_ca_certs=/tls/ca.pem&ssl_certfile=/tls/cert.pem&ssl_keyfile=/tls/key.pem"
    broker = broker_of(settings(f"rediss://redis.example:6380/1?{query}"))
    assert broker.url == "rediss://redis.example:6380/1"
    assert broker.tls == {
        "ssl_cert_reqs": "required",
        "ssl_ca_certs": "/tls/ca.pem",
        "ssl_certfile": "/tls/cert.pem",
        "ssl_keyfile": "/tls/key.pem",
    }


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sentinel://one,two:2/main", "sentinel://one:26379/0;sentinel://two:2/0"),
        ("sentinel://:pw@one/main/4", "sentinel://:pw@one:26379/4"),
        ("sentinel://ann:pw@one/main", "sentinel://ann:pw@one:26379/0"),
        ("sentinel://ann@one/main", "sentinel://one:26379/0"),
    ],
)
def test_celery_gets_each_sentinel_and_the_masters_name(url: str, expected: str) -> None:
    assert broker_of(settings(url)) == Broker(expected, {"master_name": "main"})


@pytest.mark.parametrize("password", ["p@ss", "a/b+c=", "a:b", "a;b", "a#b?c", "a%2Fb", "wörd"])
def test_a_password_of_any_characters_reaches_the_broker(password: str) -> None:
    url = f"sentinel://ann:{quote(password, safe='')}@one:26380,two/main"
    broker = broker_of(settings(url))
    connection = BrokerConnection(broker.url, transport_options=broker.transport_options)
    assert (connection.userid, connection.password) == ("ann", password)
    assert (connection.hostname, connection.port) == ("one", 26380)
    assert len(connection.alt) == 2
