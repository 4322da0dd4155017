"""Koji's words for an interview, read by ingress (webhooks) and workers (reconciliation)."""
