"""Keeps the leases of entries that this process is working on, however slow a call is.

If the process dies, nobody renews and the ledger takes the entries back.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from common.ledger import Lane, Ledger

log = structlog.get_logger(__name__)


class LeaseKeeper:
    """One background thread a process, started with the first claim."""

    def __init__(self, ledger: Ledger, lease_ms: int) -> None:
        """Renew three times within each lease."""
        self._ledger = ledger
        self.lease_ms = lease_ms
        self._held: Counter[tuple[Lane, str, int]] = Counter()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, lane: Lane, claims: Iterable[tuple[str, int]]) -> Iterator[None]:
        """Renew these claims (key, token) until the block ends."""
        mine = [(lane, key, token) for key, token in claims]
        with self._lock:
            self._held.update(mine)
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.subtract(mine)
                self._held = +self._held

    def renew(self) -> None:
        """Renew everything that is held right now."""
        lanes: dict[Lane, list[tuple[str, int]]] = {}
        with self._lock:
            for lane, key, token in self._held:
                lanes.setdefault(lane, []).append((key, token))
        for lane, claims in lanes.items():
            self._ledger.renew(lane, claims, self.lease_ms)

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _keep(self) -> None:
        while not self._stopping.wait(self.lease_ms / 3000):
            try:
                self.renew()
            except Exception as exc:  # noqa: BLE001 - a dead thread would let every lease lapse
                log.warning("leases_not_renewed", error=type(exc).__name__)
