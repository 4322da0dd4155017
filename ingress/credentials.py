"""Passwords and tokens of callers that do not sign, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from ingress.errors import RefusedError
from ingress.verification import any_of, header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.datastructures import Headers


def check_basic(headers: Headers, credentials: Sequence[tuple[str, str]]) -> None:
    """Check HTTP Basic authentication (RFC 7617, UTF-8); raises RefusedError."""
    try:
        given = base64.b64decode(_credentials(headers, "basic"), validate=True)
    except ValueError as exc:
        raise RefusedError("bad_format") from exc
    user, colon, password = given.partition(b":")
    if not colon:
        raise RefusedError("bad_format")
    if not any_of([_same(user, u) & _same(password, p) for u, p in credentials]):
        raise RefusedError("mismatch")


def check_bearer(headers: Headers, tokens: Sequence[str]) -> None:
    """Check a bearer token (RFC 6750); raises RefusedError."""
    given = _credentials(headers, "bearer").encode("latin-1", "replace")
    if not any_of([_same(given, token) for token in tokens]):
        raise RefusedError("mismatch")


def _credentials(headers: Headers, scheme: str) -> str:
    name, _, rest = header(headers, "Authorization").partition(" ")
    if name.lower() != scheme:
        raise RefusedError("bad_format")
    return rest.strip()


def _same(given: bytes, secret: str) -> bool:
    """Compare digests, so that not even the secret's length shows."""
    return hmac.compare_digest(
        hashlib.sha256(given).digest(), hashlib.sha256(secret.encode()).digest()
    )
