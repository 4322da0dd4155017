"""The kinds of value that a variable of the environment may have."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, validate
from marshmallow import fields as ma
from redis.connection import parse_url

from common.rates import Rate
from common.redis_client import SentinelAddress
from common.redis_cluster import SCHEMES, cluster_nodes, is_cluster
from common.retention_days import Days

if TYPE_CHECKING:
    from collections.abc import Mapping

POSITIVE = validate.Range(min=0, min_inclusive=False)
NO_CLUSTER = "Celery's queues need a single Redis, such as redis://host:6379/0 (docs/redis.md)."


def doc(text: str) -> dict[str, str]:
    """Return a variable's line of documentation as its metadata."""
    return {"doc": text}


class CommaList(ma.Field[tuple[str, ...]]):
    """`a,b,c`: surrounding spaces and empty items are dropped."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        return tuple(item.strip() for item in value.split(",") if item.strip())


class UserPassword(ma.Field[tuple[str, str]]):
    """`user:password`; the password may hold further colons."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, str]:
        return _pair(value)


class UserPasswords(ma.Field[tuple[tuple[str, str], ...]]):
    """`user:password,user:password`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[tuple[str, str], ...]:
        return tuple(_pair(item) for item in value.split(",") if item.strip())


class RateField(ma.Field[Rate]):
    """`60/minute`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Rate:
        try:
            return Rate.parse(value)
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc


class DaysField(ma.Field[Days]):
    """`30`, or `30,inbox=7`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Days:
        try:
            return Days.parse(str(value))
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc


class RedisUrl(ma.Field[str]):
    """`redis://`, `rediss://`, `sentinel://`, or `redis+cluster://` with a list of nodes."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = str(value)
        if not text.startswith(("redis://", "rediss://", "sentinel://", *SCHEMES)):
            raise ValidationError(
                "Must begin with redis://, rediss://, sentinel://, redis+cluster:// or "
                "rediss+cluster://."
            )
        try:
            if is_cluster(text):
                text_of_first, _others = cluster_nodes(text)
                parse_url(text_of_first)
            elif text.startswith("sentinel://"):
                SentinelAddress.parse(text)
            elif urlsplit(text).port == 0:
                raise ValidationError("Port must be 1 to 65535.")
            else:
                parse_url(text)
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc
        return text


class BaseUrl(ma.Field[str]):
    """`https://host[:port][/path]` without a slash at the end."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        try:
            parts = urlsplit(value)
            is_right = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:  # half a bracket, or a port that is no number
            is_right = False
        if not is_right or parts.query:
            raise ValidationError(f"{value!r} is not an address such as https://koji.so")
        return str(value).rstrip("/")


def _pair(value: str) -> tuple[str, str]:
    user, colon, password = value.strip().partition(":")
    if not colon or not user or not password:
        raise ValidationError("Must be user:password, neither of them empty.")
    return user, password


def is_loopback(url: str) -> bool:
    """Tell whether an address stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_base64(secret: str) -> bool:
    """Tell whether a Standard Webhooks secret (`whsec_…`) can be decoded."""
    try:
        return bool(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except binascii.Error:
        return False


def broker_problems(data: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what is wrong with the two addresses of Redis taken together."""
    if is_cluster(data.get("broker_url", "")):
        return {"broker_url": [f"Must not be a cluster: {NO_CLUSTER}"]}
    if is_cluster(data.get("redis_url", "")) and "broker_url" not in data:
        return {"broker_url": [f"Must be set while REDIS_URL is a cluster: {NO_CLUSTER}"]}
    return {}
