"""The one way into the ledger: stored first, then a wake-up, which may fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from common.errors import BadPayloadError, StorageUnavailableError
from common.ledger import INBOX
from ingress.group_commit import Entries, GroupCommit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from common.ledger import Ledger
    from common.messages import Message

log = structlog.get_logger(__name__)


class Storage:
    """Stores accepted payloads in the lane `inbox`."""

    def __init__(self, ledger: Ledger, wake: Callable[[], None]) -> None:
        """Keep the ledger and what tells a worker that something waits."""
        self.ledger = ledger
        self._wake = wake
        self._together = GroupCommit(self._add)

    def keep(self, entries: Sequence[tuple[str, Message]]) -> Sequence[bool]:
        """Store messages, all or none, and return which keys were new.

        Raises StorageUnavailableError if Redis did not confirm: the sender has to send again,
        which is safe. Raises BadPayloadError for what can be parsed but not written down again.
        """
        try:
            encoded = [(key, message.encode()) for key, message in entries]
        except (TypeError, ValueError, RecursionError) as exc:
            raise BadPayloadError("body: is nested too deeply") from exc
        try:
            return self._together.add(encoded)
        except RedisError as exc:
            raise StorageUnavailableError("Could not be stored; please send it again.") from exc

    def _add(self, entries: Entries) -> list[bool]:
        new, wake = self.ledger.add(INBOX, entries)
        if wake:
            self._try_to_wake()
        return new

    def _try_to_wake(self) -> None:
        try:
            self._wake()
        except Exception as exc:  # noqa: BLE001 - it is stored, and the clock's tick finds it too
            log.warning("wake_up_not_sent", error=type(exc).__name__)
