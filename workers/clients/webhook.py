"""A receiver of webhooks, signed in the Standard Webhooks scheme.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: the id
is the same for every attempt, the time is the attempt's, and `{id}.{time}.{body}` is signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

import orjson

from workers.clients.http import call, failure

if TYPE_CHECKING:
    import requests


class WebhookClient:
    """Posts signed events; connections are kept alive."""

    def __init__(self, session: requests.Session, timeout_seconds: float) -> None:
        """Keep the session."""
        self._session = session
        self._timeout_seconds = timeout_seconds

    def post(self, url: str, secret: str, message_id: str, payload: dict[str, Any]) -> None:
        """Post one event; raises a PartnerError."""
        body, at = orjson.dumps(payload), str(int(time.time()))
        response = call(
            self._session,
            "POST",
            url,
            timeout_seconds=self._timeout_seconds,
            data=body,
            headers={
                "Content-Type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": at,
                "webhook-signature": sign(secret, message_id, at, body),
            },
        )
        problem = failure(response)
        if problem is not None:
            problem.headers = response.headers
            raise problem


def sign(secret: str, message_id: str, at: str, body: bytes) -> str:
    """Return the signature header; `secret` is base64 with or without `whsec_`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([message_id.encode(), at.encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
