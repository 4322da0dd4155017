"""The durable book of what the bridge owes; `docs/architecture.md` tells its idea."""

from common.ledger.lanes import DELIVERIES, INBOX, WRITES, Lane, invitations
from common.ledger.ledger import Accepted, Begun, Claimed, Ledger

__all__ = [
    "DELIVERIES",
    "INBOX",
    "WRITES",
    "Accepted",
    "Begun",
    "Claimed",
    "Lane",
    "Ledger",
    "invitations",
]
