"""The console's one password: compared in constant time, and not too often."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Enough for a person with a bad day; a guesser gets 14,400 tries a day.
MOST_WRONG = 10
WINDOW_SECONDS = 60.0


class Passwords:
    """Checks user and password; after too many wrong ones it refuses everything for a while."""

    def __init__(self, credentials: tuple[str, str], now_seconds: Callable[[], float]) -> None:
        """Remember the credentials; the count of wrong ones is this process's own."""
        self._user, self._password = credentials
        self._now_seconds = now_seconds
        self._wrong: deque[float] = deque(maxlen=MOST_WRONG)
        self._lock = threading.Lock()

    def wait_seconds(self) -> float:
        """Return for how long nothing is tried any more, 0 as a rule."""
        with self._lock:
            if len(self._wrong) < MOST_WRONG:
                return 0.0
            return max(0.0, self._wrong[0] + WINDOW_SECONDS - self._now_seconds())

    def check(self, user: str, password: str) -> bool:
        """Tell whether both are right; a right one does not make wrong ones forgotten."""
        if self.wait_seconds() > 0:
            return False
        # Both are compared whatever the first says.
        right = _same(user, self._user) & _same(password, self._password)
        if not right:
            with self._lock:
                self._wrong.append(self._now_seconds())
        return right


def _same(given: str, secret: str) -> bool:
    """Compare digests, so that not even the secret's length shows."""
    return hmac.compare_digest(_digest(given), _digest(secret))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


@lru_cache(maxsize=8)
def signing_key(credentials: tuple[str, str]) -> bytes:
    """Return the key that signs sessions: other credentials, and every session is void.

    Slow on purpose: who holds a cookie must not be able to guess the password by it.
    """
    user, password = credentials
    salt = b"bridge console\0" + user.encode()
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)
