"""The durable book of what the bridge owes; `docs/architecture.md` tells its idea."""

from common.ledger.lanes import DELIVERIES, INBOX, WRITES, Lane, invitations
from common.ledger.ledger import Accepted, Begun, Came, Claimed, Cohort, Ledger

__all__ = [
    "DELIVERIES",
    "INBOX",
    "WRITES",
    "Accepted",
    "Begun",
    "Came",
    "Claimed",
    "Cohort",
    "Lane",
    "Ledger",
    "invitations",
]
