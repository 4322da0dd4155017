"""Names: every hash under which the ledger may know one person, and their interviews.

Starts from an address or a distinct_id and follows what belongs together: the alias of an id, the
ids of an address, and what invitations say. Walks whole hashes in small steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.identity import email_hash, id_hash, normal_email, usable_id
from common.ledger.lanes import INVITATIONS
from common.ledger.scripts import Scripts
from common.messages import Invitation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from common.ledger import Ledger

ROWS_A_STEP = 1000


def hashes_of(*texts: str) -> set[str]:
    """Return the hashes of texts, each as an address and as an id."""
    found = {email_hash(text) for text in texts} | {id_hash(text) for text in texts}
    return found - {""}


class Names:
    """What one person is called in the ledger."""

    def __init__(self, ledger: Ledger, identity: str) -> None:
        """Start from what was told; an address in any case."""
        self._ledger, self._run = ledger, Scripts(ledger.redis)
        self.told = identity.strip()
        self.hashes = hashes_of(self.told, normal_email(self.told))
        self.invitations: set[str] = set()
        self.interviews: set[str] = set()
        self.aliases: set[str] = set()
        # In clear, as Mixpanel knows the person; `told` may be one of them.
        self.distinct_ids: set[str] = set()

    def follow(self) -> None:
        """Take in whatever belongs to the names known so far; may be called again."""
        fresh = set(self.hashes)
        while fresh:
            found: set[str] = set()
            for one, alias in self._walk("aliases", fresh):
                self.aliases.add(one.decode())
                found |= {one.decode(), alias.decode()}
            for key, value in self._entries(fresh):
                self.invitations.add(key.decode())
                person = Invitation.decode(value)
                found |= hashes_of(person.email, person.distinct_id)
                self.distinct_ids |= {usable_id(person.distinct_id)} - {""}
            found |= self._kin(fresh)
            fresh = found - self.hashes
            self.hashes |= fresh
        self.interviews |= {one.decode() for one, _ in self._walk("interviews", self.hashes)}

    def in_mixpanel(self) -> list[str]:
        """Return the ids to be deleted in Mixpanel: those found, and what was told as an id.

        An address is one only where nothing else is known: then it may be how Mixpanel knows them.
        """
        told = usable_id(self.told)
        if normal_email(told) and self.distinct_ids:
            return sorted(self.distinct_ids)
        return sorted(self.distinct_ids | ({told} - {""}))

    def are(self, *texts: str) -> bool:
        """Tell whether any of these texts names this person; if so, all of them do from now on."""
        hashes = hashes_of(*texts)
        if not hashes & self.hashes:
            return False
        self.hashes |= hashes
        return True

    def _kin(self, names: set[str]) -> set[str]:
        """Return further names: those that an alias does not lead back from."""
        found: Any = self._ledger.redis.hmget(INVITATIONS.key("kin"), list(names))
        return {name for row in found if row for name in row.decode().split()}

    def _entries(self, names: set[str]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the invitations of these names, also to studies without a route."""
        for name in names:
            yield from self._ledger.redis.hscan_iter(
                INVITATIONS.key("entries"), f"{name}.*", ROWS_A_STEP
            )

    def _walk(self, part: str, names: set[str]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows of a hash that have to do with these names."""
        keys, cursor = [*INVITATIONS.keys(), INVITATIONS.key(part)], b"0"
        while True:
            cursor, *rows = self._run.walk(keys=keys, args=["", cursor, ROWS_A_STEP, *names])
            yield from zip(rows[::2], rows[1::2], strict=True)
            if cursor == b"0":
                return
