"""Pace: how much of its limit an API key uses, as the fleet's limiter counts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.partner_keys import key_name, limit_key

if TYPE_CHECKING:
    from common.config import Config
    from common.ledger import Ledger
    from common.routes import Route

FIELDS = ("bucket", "used", "used_before", "blocked_until", "interval")
# The limiter stays this little under a limit that Koji names (workers/rate_limiter.py).
SHARE_OF_LIMIT = 0.99


@dataclass(frozen=True)
class Pace:
    """Calls in the last window by a route's key, its limit, and how many routes share both."""

    used: int
    limit: int
    window: str
    routes: int = 1
    blocked_seconds: float = 0.0
    lowered: bool = False

    @property
    def share(self) -> float:
        """How full the limit is, 0 to 1."""
        return min(1.0, self.used / self.limit)


def read_paces(config: Config, ledger: Ledger) -> dict[str, Pace]:
    """Return the pace of each route in one round trip."""
    routes = list(config.routes)
    with ledger.redis.pipeline(transaction=False) as pipe:
        for route in routes:
            pipe.hmget(limit_key(key_name(config.api_key(route))), *FIELDS)
        rows = pipe.execute()
    now_ms = ledger.now_ms()
    return {
        route.name: _pace(config, route, row, now_ms)
        for route, row in zip(routes, rows, strict=True)
    }


def _pace(config: Config, route: Route, row: list[Any], now_ms: int) -> Pace:
    bucket, used, before, blocked_until, interval = (float(raw or 0) for raw in row)
    rate = config.rate_limit(route)
    window_ms = rate.window_seconds * 1000
    number, rest = divmod(now_ms, window_ms)
    # Two buckets, the older one fading out.
    if bucket == number:
        calls = used + before * (1 - rest / window_ms)
    elif bucket == number - 1:
        calls = used * (1 - rest / window_ms)
    else:
        calls = 0.0
    named = round(window_ms / (interval * SHARE_OF_LIMIT)) if interval else rate.count
    return Pace(
        used=round(calls),
        limit=min(rate.count, max(named, 1)),
        window=str(rate).partition("/")[2],
        routes=sum(one.api_key_env == route.api_key_env for one in config.routes),
        blocked_seconds=max(0.0, (blocked_until - now_ms) / 1000),
        lowered=named < rate.count,
    )
