"""Redis as the ledger needs it: new enough, on disk, never evicting, quick."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from common.redis_cluster import BridgeCluster
from ops.checks import Check
from ops.session import redis_trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis import Redis

    from common.config import Config

OLDEST_VERSION = (6, 2)
PINGS = 9
SLOW_MS = 50.0
FULL_SHARE = 0.9
MEGABYTE = 1_000_000


def check_redis(
    config: Config, redis: Redis, clock: Callable[[], float] = time.perf_counter
) -> Iterator[Check]:
    """Yield what there is to say of Redis; one failed check if it cannot be reached.

    Of a cluster each node is looked at, and the worst stands for all.
    """
    try:
        nodes = _nodes(redis)
        told = [_examine(node, clock) for _, node in nodes]
    except RedisError as exc:
        yield Check("redis", ok=False, detail=redis_trouble(config, exc))
        return
    names = [name for name, _ in nodes]
    answers = f"{len(names)} nodes answer: {', '.join(names)}" if any(names) else "answers"
    yield Check("redis", ok=True, detail=answers)
    for checks in zip(*told, strict=True):
        bad = [(name, one) for name, one in zip(names, checks, strict=True) if not one.ok]
        name, shown = bad[0] if bad else ("", checks[0])
        detail = f"{name}: {shown.detail}" if name else shown.detail
        yield Check(shown.name, ok=shown.ok, detail=detail)


def _nodes(client: Any) -> list[tuple[str, Redis]]:
    return client.nodes() if isinstance(client, BridgeCluster) else [("", client)]


def _examine(redis: Redis, clock: Callable[[], float]) -> list[Check]:
    pings = []
    for _ in range(PINGS):
        started = clock()
        redis.ping()
        pings.append(1000 * (clock() - started))
    info: dict[str, Any] = redis.info()
    return [
        _version(info),
        _persistence(info, _appendfsync(redis)),
        _eviction(info),
        _memory(info),
        _latency(statistics.median(pings)),
    ]


def _version(info: dict[str, Any]) -> Check:
    told = str(info.get("redis_version", "0"))
    numbers = tuple(int(part) for part in told.split(".")[:2] if part.isdecimal())
    if numbers >= OLDEST_VERSION:
        return Check("redis-version", ok=True, detail=told)
    return Check("redis-version", ok=False, detail=f"{told}: install Redis 6.2 or newer")


def _appendfsync(redis: Redis) -> str:
    try:
        return str(redis.config_get("appendfsync").get("appendfsync", ""))
    except RedisError:
        return ""  # managed services often refuse CONFIG


def _persistence(info: dict[str, Any], appendfsync: str) -> Check:
    name = "redis-persistence"
    if not int(info.get("aof_enabled", 0)):
        return Check(
            name,
            ok=False,
            detail="the append-only file is off, so a restart would lose what was accepted: set "
            "`appendonly yes` and `appendfsync always` in redis.conf",
        )
    if info.get("aof_last_write_status", "ok") != "ok":
        return Check(name, ok=False, detail="the last write failed: is the disk of Redis full?")
    match appendfsync:
        case "always":
            return Check(name, ok=True, detail="appendonly yes, appendfsync always")
        case "":
            return Check(
                name,
                ok=True,
                detail="appendonly yes; appendfsync cannot be read here (CONFIG is refused): make "
                "sure that it is `always`",
            )
        case "no":
            return Check(
                name,
                ok=False,
                detail="appendfsync no loses what was accepted when the machine goes down: set "
                "`appendfsync always`",
            )
        case other:
            return Check(
                name,
                ok=True,
                detail=f"appendonly yes, appendfsync {other}: a crash of the machine may lose the "
                "last second of what was accepted; `appendfsync always` loses nothing",
            )


def _eviction(info: dict[str, Any]) -> Check:
    policy = str(info.get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        return Check("redis-eviction", ok=True, detail=policy)
    return Check(
        "redis-eviction",
        ok=False,
        detail=f"{policy} may throw away what is owed: set `maxmemory-policy noeviction`",
    )


def _memory(info: dict[str, Any]) -> Check:
    used, most = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    whose = "maxmemory" if most else "the machine's memory (no maxmemory is set)"
    most = most or int(info.get("total_system_memory", 0))
    told = f"{used / MEGABYTE:,.0f} MB used of {most / MEGABYTE:,.0f} MB, {whose}"
    if not most:
        return Check("redis-memory", ok=True, detail=f"{used / MEGABYTE:,.0f} MB used")
    if used < FULL_SHARE * most:
        return Check("redis-memory", ok=True, detail=told)
    return Check("redis-memory", ok=False, detail=f"{told}: nearly full, give Redis more")


def _latency(median_ms: float) -> Check:
    told = f"{median_ms:.1f} ms a round trip"
    if median_ms <= SLOW_MS:
        return Check("redis-latency", ok=True, detail=told)
    return Check("redis-latency", ok=False, detail=f"{told}: put Redis nearer to the bridge")
