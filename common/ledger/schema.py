"""The version of what stands in the ledger: newer code reads older books, never the other way.

It is raised when older code could misread what newer code writes; a new field that older code
ignores does not raise it (docs/upgrading.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from common.ledger.lanes import INBOX

if TYPE_CHECKING:
    from redis import Redis

SCHEMA = 1
# Beside the inbox, which every process that takes part may read and write.
KEY = INBOX.key("schema")


class NewerLedgerError(Exception):
    """The ledger was written by newer code than this."""

    def __init__(self, found: int) -> None:
        """Say what to do."""
        super().__init__(
            f"The ledger in Redis has schema {found}, and this code knows schema {SCHEMA} and "
            "older: start the version that wrote it, or a newer one (docs/upgrading.md)."
        )


def refuse_newer(redis: Redis) -> int:
    """Return the ledger's schema, 0 if it has none yet; raises NewerLedgerError, RedisError."""
    found: Any = redis.get(KEY)
    known = int(found or 0)
    if known > SCHEMA:
        raise NewerLedgerError(known)
    return known


def take_up(redis: Redis) -> None:
    """Note our schema in a ledger that is new or older; raises as `refuse_newer` does.

    Every schema so far is read as it is, so there is nothing to rewrite.
    """
    if refuse_newer(redis) < SCHEMA:
        redis.set(KEY, SCHEMA)


def newer_at_start(redis: Redis) -> str:
    """Return why not to start, '' if nothing is in the way; Redis need not be there."""
    try:
        take_up(redis)
    except NewerLedgerError as exc:
        return str(exc)
    except RedisError as exc:
        # Here, since the command line looks at the schema too, and logs nothing.
        import structlog  # noqa: PLC0415

        log = structlog.get_logger(__name__)
        log.warning("schema_not_looked_up", error=type(exc).__name__)
    return ""
