"""Waiting for a condition instead of sleeping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_POLL_SECONDS, LAST_POLL_SECONDS, GROWTH = 0.01, 0.1, 1.3


def wait_until(
    condition: Callable[[], object],
    timeout_seconds: float,
    what: str,
    poll_seconds: float = LAST_POLL_SECONDS,
) -> None:
    """Return as soon as the condition holds; raises TimeoutError that says what did not come.

    It looks every `poll_seconds`, and more often at first: what comes soon is met soon, and looking
    takes little from those who are waited for.
    """
    deadline = time.monotonic() + timeout_seconds
    pause_seconds = FIRST_POLL_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_seconds:g} s in vain until: {what}")
        time.sleep(min(pause_seconds, poll_seconds))
        pause_seconds *= GROWTH
