"""Names in Redis for what belongs to a partner or one of its API keys."""

from __future__ import annotations

import hashlib


def key_name(api_key: str) -> str:
    """Return a name for an API key that does not give it away."""
    return hashlib.blake2b(api_key.encode(), digest_size=8).hexdigest()


def breaker_key(name: str) -> str:
    """Return the hash of a circuit breaker: `mixpanel`, or `koji:` and the key's name."""
    return f"bridge:breaker:{{{name}}}"


def limit_key(name: str) -> str:
    """Return the hash of the limit of an API key, by the key's name."""
    return f"bridge:limit:{{{name}}}"


def waited_key(name: str) -> str:
    """Return the counter of the microseconds that calls waited for a limit."""
    return f"bridge:waited:{{{name}}}"
