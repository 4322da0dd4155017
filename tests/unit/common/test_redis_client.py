"""The connection to Redis: addresses, also of Sentinel, and how long anything may take."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from redis.connection import Connection, SSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.sentinel import SentinelConnectionPool

from common.redis_client import SentinelAddress, make_redis

if TYPE_CHECKING:
    from common.settings import Settings

PLAIN = "redis://127.0.0.1:6379/3"
SENTINEL = "sentinel://ann:p%40ss@one:26380,two/main/2"


def settings(url: str) -> Settings:
    return cast("Settings", SimpleNamespace(redis_url=url))


def options(url: str, **kwargs: Any) -> dict[str, Any]:
    found: dict[str, Any] = make_redis(settings(url), **kwargs).connection_pool.connection_kwargs
    return found


# --- Sentinel's address ---


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "sentinel://one:26379/main",
            SentinelAddress((("one", 26379),), "main", 0, None, None),
        ),
        (
            "sentinel://one/main",
            SentinelAddress((("one", 26379),), "main", 0, None, None),
        ),
        (
            "sentinel://one:1,two,three:3/main/5",
            SentinelAddress((("one", 1), ("two", 26379), ("three", 3)), "main", 5, None, None),
        ),
        (
            "sentinel://one,,two,/main/",
            SentinelAddress((("one", 26379), ("two", 26379)), "main", 0, None, None),
        ),
        (
            SENTINEL,
            SentinelAddress((("one", 26380), ("two", 26379)), "main", 2, "ann", "p@ss"),
        ),
        (
            "sentinel://:secret@one/main",
            SentinelAddress((("one", 26379),), "main", 0, None, "secret"),
        ),
    ],
)
def test_an_address_of_sentinels_is_read(url: str, expected: SentinelAddress) -> None:
    assert SentinelAddress.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "sentinel://",
        "sentinel:///main",
        "sentinel://one:26379",
        "sentinel://one:26379/",
        "sentinel://one:port/main",
        "sentinel://one/main/zero",
        "sentinel://ann:pw@/main",
    ],
)
def test_another_form_is_refused_with_the_right_one(url: str) -> None:
    with pytest.raises(ValueError, match=r"host:port,host:port/master\[/db\]"):
        SentinelAddress.parse(url)


def test_a_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        SentinelAddress.parse("sentinel://ann:secret@one:port/main")
    assert "secret" not in str(caught.value)


# --- the client ---


@pytest.mark.parametrize("url", [PLAIN, SENTINEL], ids=["redis", "sentinel"])
def test_a_dead_redis_is_noticed_quickly(url: str) -> None:
    found = options(url)
    assert found["socket_connect_timeout"] == 0.4
    assert found["socket_timeout"] == 2.0
    assert found["socket_keepalive"] is True
    assert found["health_check_interval"] == 25


@pytest.mark.parametrize("url", [PLAIN, SENTINEL], ids=["redis", "sentinel"])
def test_who_may_wait_longer_says_so(url: str) -> None:
    assert options(url, socket_timeout_seconds=7)["socket_timeout"] == 7


@pytest.mark.parametrize("url", [PLAIN, SENTINEL], ids=["redis", "sentinel"])
def test_a_broken_connection_is_tried_once_more_without_waiting(url: str) -> None:
    retry = options(url)["retry"]
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise RedisConnectionError

    with pytest.raises(RedisConnectionError):
        retry.call_with_retry(fail, lambda _: None)
    assert len(calls) == 2
    assert retry._backoff.compute(1) == 0


@pytest.mark.parametrize("url", [PLAIN, SENTINEL], ids=["redis", "sentinel"])
def test_making_a_client_sends_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("opened a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert make_redis(settings(url)) is not None


def test_answers_come_as_bytes() -> None:
    assert make_redis(settings(PLAIN)).get_encoder().decode_responses is False


def test_an_address_names_host_port_database_and_user() -> None:
    found = options("redis://ann:p%40ss@redis.example:6380/3")
    names = ("host", "port", "db", "username", "password")
    assert [found[name] for name in names] == ["redis.example", 6380, 3, "ann", "p@ss"]


@pytest.mark.parametrize(
    ("url", "connection"),
    [("redis://redis.example", Connection), ("rediss://redis.example", SSLConnection)],
)
def test_only_rediss_is_encrypted(url: str, connection: type) -> None:
    assert make_redis(settings(url)).connection_pool.connection_class is connection


def test_sentinels_are_asked_for_the_master() -> None:
    pool = make_redis(settings(SENTINEL)).connection_pool
    assert isinstance(pool, SentinelConnectionPool)
    assert (pool.service_name, pool.is_master) == ("main", True)
    found = [one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels]
    assert [(one["host"], one["port"]) for one in found] == [("one", 26380), ("two", 26379)]


def test_a_sentinel_that_hangs_is_not_waited_for_long() -> None:
    pool = make_redis(settings(SENTINEL)).connection_pool
    for one in pool.sentinel_manager.sentinels:
        found = one.connection_pool.connection_kwargs
        assert (found["socket_connect_timeout"], found["socket_timeout"]) == (0.4, 1.0)


def test_the_login_and_the_database_are_the_masters() -> None:
    found = options(SENTINEL)
    assert (found["username"], found["password"], found["db"]) == ("ann", "p@ss", 2)
