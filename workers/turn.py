"""turn: a lock with a lease, for work that one worker of the fleet does at a time."""

from __future__ import annotations

import threading
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis
    from redis.commands.core import Script

_RENEW = (
    "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0"
)
_RELEASE = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


class Turn:
    """A turn that was won."""

    def __init__(self, renew: Script, key: str, token: str, lease_ms: int) -> None:
        """Remember how to prove it."""
        self._renew, self._key, self._token, self._lease_ms = renew, key, token, lease_ms

    def renew(self) -> bool:
        """Prolong the turn; False if it was lost meanwhile."""
        return bool(self._renew(keys=[self._key], args=[self._token, self._lease_ms]))

    def keep(self, over: threading.Event) -> None:
        """Prolong the turn however long the work takes; lost only if this process stands still."""
        while not over.wait(self._lease_ms / 3000):
            with suppress(RedisError):
                self.renew()


@contextmanager
def turn(redis: Redis, name: str, lease_ms: int) -> Iterator[Turn | None]:
    """Take the turn if it is free, else yield None; given back at the end, or by its lease."""
    key, token = f"bridge:turn:{{{name}}}", uuid.uuid4().hex
    if not redis.set(key, token, nx=True, px=lease_ms):
        yield None
        return
    mine = Turn(redis.register_script(_RENEW), key, token, lease_ms)
    over = threading.Event()
    threading.Thread(target=mine.keep, args=(over,), name="turn", daemon=True).start()
    try:
        yield mine
    finally:
        over.set()
        redis.register_script(_RELEASE)(keys=[key], args=[token])
