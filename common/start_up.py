"""What every process looks at before it starts, beyond its own settings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from common.config import USAGE_EXIT_CODE
from common.ledger.schema import newer_at_start
from common.redis_client import make_redis

if TYPE_CHECKING:
    from common.settings import Settings


def refuse_newer_ledger(settings: Settings) -> None:
    """End the process with code 2 if newer code wrote the ledger; starts while Redis is away."""
    redis = make_redis(settings)
    try:
        reason = newer_at_start(redis)
    finally:
        redis.close()
    if reason:
        sys.stderr.write(f"Not started: {reason}\n")
        raise SystemExit(USAGE_EXIT_CODE)
