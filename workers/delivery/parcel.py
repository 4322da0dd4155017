"""Parcel: one delivery in hand, with everything that the ways of delivering need."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.messages import Delivery, Invitation
    from common.route import Route


@dataclass(frozen=True)
class Parcel:
    """A claimed delivery; the person is read from the ledger at the moment of sending."""

    key: str
    token: int
    attempts: int
    delivery: Delivery
    route: Route
    person: Invitation

    @property
    def id(self) -> str:
        """The same for every attempt, so that a repeat can be recognised; tells nothing."""
        return hashlib.sha256(f"delivery\0{self.key}".encode()).hexdigest()[:32]

    @property
    def started_at(self) -> str:
        """When Koji accepted the start, ISO 8601 in UTC."""
        at = datetime.fromtimestamp(self.delivery.started_at_ms / 1000, tz=UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def values(self) -> dict[str, Any]:
        """Return what a template may name, and a receiver is told."""
        return {
            "link": self.delivery.link,
            "name": self.person.name,
            "email": self.person.email,
            "distinct_id": self.person.distinct_id,
            "properties": self.person.properties,
            "route": self.route.name,
            "study_id": self.route.study_id,
        }
