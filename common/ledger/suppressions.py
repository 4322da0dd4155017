"""Suppressions: who must never be asked again, on any route.

The list keeps no name: each field is a hash of a random salt, which lies in the same list, and the
ledger's hash of an address or id. So an entry cannot be found from a key in a log or in the ledger
without the list itself. `_lane.lua:suppressed` asks it, when somebody is invited and again right
before the call.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from common.identity import email_hash, id_hash
from common.ledger.lanes import INVITATIONS
from common.ledger.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from common.ledger import Ledger

SUPPRESSED = INVITATIONS.key("suppressed")
SALT = "salt"
ROWS_A_STEP = 1000


@dataclass(frozen=True)
class Suppression:
    """One entry: its hash, since when (Unix ms) and why."""

    id: str
    at: int
    reason: str


class Suppressions:
    """The list, in the ledger's Redis."""

    def __init__(self, ledger: Ledger) -> None:
        """Use the ledger's connection and clock."""
        self._ledger, self._redis = ledger, ledger.redis
        self._names = Scripts(ledger.redis).names

    def add(self, names: Sequence[str], reason: str) -> bool:
        """List a person under these hashes and all that belong to them; False if they are known."""
        self._redis.hsetnx(SUPPRESSED, SALT, secrets.token_hex(16))
        root, *others = self._fields(self._all(names))
        entry = {"at": self._ledger.now_ms(), "reason": reason}
        added = bool(self._redis.hsetnx(SUPPRESSED, root, orjson.dumps(entry)))
        known: Any = self._redis.hget(SUPPRESSED, root)
        entry = {"of": root, **orjson.loads(known)}
        for field in others:
            self._redis.hsetnx(SUPPRESSED, field, orjson.dumps(entry))
        return added

    def remove(self, names: Sequence[str], entry_id: str = "") -> bool:
        """Take a person off the list, told by hashes or by the id of an entry."""
        told = {entry_id, *(self._fields(self._all(names)) if names else ())} - {"", SALT}
        rows = dict(self._rows())
        roots = {rows[field].get("of", field) for field in told if field in rows}
        gone = [field for field, row in rows.items() if row.get("of", field) in roots]
        return bool(gone and self._redis.hdel(SUPPRESSED, *gone))

    def all(self) -> list[Suppression]:
        """Return one entry a person, the oldest first."""
        rows = [(field, row) for field, row in self._rows() if "of" not in row]
        found = [Suppression(field, row["at"], row["reason"]) for field, row in rows]
        return sorted(found, key=lambda one: (one.at, one.id))

    def among(self, names: Iterable[str]) -> set[str]:
        """Return which of these hashes are on the list."""
        wanted = list(names)
        if not wanted or not self._redis.hexists(SUPPRESSED, SALT):
            return set()
        found: list[Any] = self._redis.hmget(SUPPRESSED, self._fields(wanted))
        return {name for name, row in zip(wanted, found, strict=True) if row is not None}

    def _all(self, names: Sequence[str]) -> list[str]:
        keys = [*INVITATIONS.keys(), INVITATIONS.key("aliases"), INVITATIONS.key("kin")]
        return [name.decode() for name in self._names(keys=keys, args=["", *names])]

    def _fields(self, names: Iterable[str]) -> list[str]:
        salt: Any = self._redis.hget(SUPPRESSED, SALT) or b""
        return [hashlib.sha1(salt + name.encode()).hexdigest() for name in names]  # noqa: S324

    def _rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for field, raw in self._redis.hscan_iter(SUPPRESSED, count=ROWS_A_STEP):
            if field != SALT.encode():
                yield field.decode(), orjson.loads(raw)


def hashes_of(told: str) -> list[str]:
    """Return what the ledger calls whoever is told: as an address first, and as an id."""
    return [name for name in dict.fromkeys((email_hash(told), id_hash(told))) if name]
