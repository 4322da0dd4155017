"""Koji's words for an interview, read by ingress (webhooks) and workers (reconciliation)."""

from __future__ import annotations


def inbox_key(interview_id: str) -> str:
    """Return the ledger's key of an interview's result: each is taken in once."""
    return f"koji:{interview_id}"
