"""Deliveries: how the link of a started interview reaches its person."""
