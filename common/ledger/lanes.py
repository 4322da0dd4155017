"""Lanes and the names of their keys in Redis."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "bridge"


@dataclass(frozen=True)
class Lane:
    """A kind of debt; `route` names the sub-lane, which only invitations have.

    All keys of a lane share one hash tag, so that a script's keys lie in one slot of a Redis
    Cluster. Sub-lanes share everything but what waits and what is in flight. A lane that lives in
    the `home` of another shares its slot, so that one script may write into both.
    """

    name: str
    route: str = ""
    home: str = ""

    @property
    def prefix(self) -> str:
        """The beginning of every key of this lane."""
        return f"{PREFIX}:{{{self.home}}}:{self.name}" if self.home else f"{PREFIX}:{{{self.name}}}"

    def key(self, part: str) -> str:
        """Return the key of a part that all sub-lanes share."""
        return f"{self.prefix}:{part}"

    def own_key(self, part: str) -> str:
        """Return the key of a part that each sub-lane has for itself."""
        return f"{self.prefix}:{part}:{self.route}" if self.route else self.key(part)

    def keys(self) -> list[str]:
        """Return the keys in the order in which `_lane.lua` names them."""
        return [
            self.key("entries"),
            self.key("meta"),
            self.own_key("pending"),
            self.own_key("in_flight"),
            self.key("done"),
            self.key("dead"),
            self.key("cancelled"),
            self.key("counters"),
            self.own_key("wake"),
            self.key("sublanes"),
        ]


INBOX = Lane("inbox")
WRITES = Lane("writes")
INVITATIONS = Lane("invitations")
# What a started person is still owed: added by the script that completes the start.
DELIVERIES = Lane("deliveries", home="invitations")


def invitations(route: str) -> Lane:
    """Return the sub-lane of one route."""
    return Lane("invitations", route)
