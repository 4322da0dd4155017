"""The ledger: what is owed, claimed, done, dead or cancelled.

Every method that changes something is one Lua script and safe to repeat.
"""

from __future__ import annotations

from common.ledger.claims import Budget, Claimed, Claims
from common.ledger.coming_in import Came, ComingIn
from common.ledger.copies import Cohort, Copies
from common.ledger.credit_book import CreditBook
from common.ledger.going_out import ERROR_CHARS, GoingOut
from common.ledger.lookups import Lookups
from common.ledger.starts import Accepted, Begun, Starts
from common.ledger.unmatched import Unmatched

__all__ = ["ERROR_CHARS", "Accepted", "Begun", "Budget", "Came", "Claimed", "Cohort", "Ledger"]


class Ledger(ComingIn, Copies, Claims, Starts, CreditBook, GoingOut, Lookups, Unmatched):
    """The whole book: the door of ingress and workers."""
