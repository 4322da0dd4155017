"""Several questions to Redis in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.ledger import Ledger


def ask(ledger: Ledger, commands: list[tuple[Any, ...]]) -> list[Any]:
    """Send commands in one round trip."""
    with ledger.redis.pipeline(transaction=False) as pipe:
        for command, *arguments in commands:
            getattr(pipe, command)(*arguments)
        return list(pipe.execute())
