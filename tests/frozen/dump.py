"""Redis as JSON and back: what a version wrote, readable in a diff."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from redis import Redis

FOLDER = Path(__file__).parent
FILE = "ledger.json"


def dump(redis: Redis) -> bytes:
    """Return every key that does not run out, in order."""
    keys = sorted(key for key in redis.scan_iter() if redis.ttl(key) == -1)
    found = {_text(key): _read(redis, key) for key in keys}
    return orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n"


def load(redis: Redis, text: bytes) -> None:
    """Write a dump into an empty Redis."""
    for key, (kind, value) in orjson.loads(text).items():
        if kind == "string":
            redis.set(key, _raw(value))
        elif kind == "hash":
            redis.hset(key, mapping={_raw(name): _raw(one) for name, one in value.items()})
        elif kind == "set":
            redis.sadd(key, *map(_raw, value))
        else:
            redis.zadd(key, {_raw(name): score for name, score in value})


def _read(redis: Redis, key: bytes) -> list[Any]:
    kind = redis.type(key).decode()
    if kind == "string":
        return [kind, _text(redis.get(key))]
    if kind == "hash":
        rows = redis.hgetall(key).items()
        return [kind, {_text(name): _text(one) for name, one in sorted(rows)}]
    if kind == "set":
        return [kind, sorted(map(_text, redis.smembers(key)))]
    assert kind == "zset", f"{key!r} is a {kind}"
    return [kind, [[_text(name), n] for name, n in redis.zrange(key, 0, -1, withscores=True)]]


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")  # any byte, one by one


def _raw(text: str) -> bytes:
    return text.encode("latin-1")
