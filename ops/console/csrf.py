"""Every change has to come from one of our own pages: its origin is checked, and its token.

The token is an HMAC over the session's id. It is asked of HTTP Basic as well, because a browser
that knows the password sends it along with other sites' forms, too.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from flask import abort, current_app, g, request

if TYPE_CHECKING:
    from flask import Flask

FIELD, HEADER = "csrf_token", "X-CSRF-Token"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
OLD_FORM = "This form is too old, or it did not come from this console. Nothing was changed."


def csrf_token() -> str:
    """Return the token of the visitor's session."""
    secret = current_app.secret_key
    key = secret if isinstance(secret, bytes) else str(secret).encode()
    message = b"csrf\0" + g.visitor.session_id.encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def demand_tokens(app: Flask) -> None:
    """Refuse changes without a token with 403; to be registered after `login.guard`."""
    app.add_template_global(csrf_token)

    @app.before_request
    def check() -> None:
        if request.method in READING or "visitor" not in g:
            return
        given = request.headers.get(HEADER) or request.form.get(FIELD) or ""
        right = hmac.compare_digest(given.encode("utf-8", "replace"), csrf_token().encode())
        if not right or not from_our_own_page():
            refuse_request()


def from_our_own_page() -> bool:
    """Tell whether a browser says that a page of ours sent this; programs say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def refuse_request() -> NoReturn:
    """Answer 403."""
    abort(403, OLD_FORM)
