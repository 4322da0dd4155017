"""Who may import and query: project tokens and service accounts, by HTTP Basic.

https://developer.mixpanel.com/reference/import-events: a service account with `project_id`, or the
project token as the user name with an empty password.
"""

import base64
import binascii
from enum import Enum

from aiohttp import web


class Access(Enum):
    """What came of checking the credentials of a call."""

    GRANTED = "granted"
    WRONG = "wrong"
    NO_PROJECT_ID = "no project_id"


class Credentials:
    """The accepted project token and service account; an empty one accepts any."""

    def __init__(self, project_token: str, service_account: str) -> None:
        """Accept this token and this `user:secret`."""
        self._project_token = project_token
        self._service_account = service_account

    def check_import(self, request: web.Request) -> Access:
        """Check a call to `/import`: token or service account."""
        user, secret = _read_basic(request)
        if user and not secret:
            return Access.GRANTED if self.accepts_token(user) else Access.WRONG
        return self.check_service_account(request)

    def check_service_account(self, request: web.Request) -> Access:
        """Check a call that only a service account may make."""
        user, secret = _read_basic(request)
        if not user or not secret or self._service_account not in {"", f"{user}:{secret}"}:
            return Access.WRONG
        return Access.GRANTED if request.query.get("project_id") else Access.NO_PROJECT_ID

    def accepts_token(self, token: object) -> bool:
        """Say whether `token` is the project's."""
        if not isinstance(token, str) or not token:
            return False
        return self._project_token in {"", token}


def _read_basic(request: web.Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, secret = decoded.partition(":")
    return user, secret
