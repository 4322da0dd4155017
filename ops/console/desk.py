"""Desk: what every page of the console works with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from common.ledger.dead_letters import DeadLetters
from common.ledger.pauses import Pauses
from ops.changes import AuditList
from ops.console.history import History
from ops.session import make_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

    from common.config import Config
    from common.ledger import Ledger

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Desk:
    """Configuration and ledger, and what is read from them; `now_seconds` is the wall clock."""

    config: Config
    ledger: Ledger
    now_seconds: Callable[[], float] = time.time

    @property
    def redis(self) -> Redis:
        """The ledger's Redis."""
        return self.ledger.redis

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """The dead letters of all lanes."""
        return DeadLetters(self.ledger, self.config.routes)

    @cached_property
    def pauses(self) -> Pauses:
        """Which routes are paused."""
        return Pauses(self.redis)

    @cached_property
    def audit(self) -> AuditList:
        """Who changed what."""
        return AuditList(self.redis, self.now_seconds, log.info)

    @cached_property
    def history(self) -> History:
        """The last hours, minute by minute."""
        return History(self.redis)


def make_desk(config: Config) -> Desk:
    """Build the real one; nothing is sent to Redis yet."""
    return Desk(config, make_session(config).ledger)
