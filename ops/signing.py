"""Signs a webhook as Koji would, by any scheme that ingress can check.

standard-webhooks `spec/standard-webhooks.md`, docs.stripe.com/webhooks and
docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.settings import Settings


def sign(settings: Settings, body: bytes, *, now_seconds: int, delivery_id: str) -> dict[str, str]:
    """Return the headers that make a body genuine, by the first secret."""
    secret, scheme = settings.koji_webhook_secrets[0], settings.koji_signature_scheme
    name, at = settings.koji_signature_header, str(now_seconds)
    timed = f"{at}.".encode() + body
    match scheme:
        case "hmac_hex":
            return {name: "sha256=" + _digest(secret.encode(), body).hex()}
        case "hmac_base64":
            return {name: _base64(_digest(secret.encode(), body))}
        case "hmac_ts_hex":
            signature = _digest(secret.encode(), timed).hex()
            return {name: signature, settings.koji_timestamp_header: at}
        case "stripe":
            return {name: f"t={at},v1={_digest(secret.encode(), timed).hex()}"}
        case "standard":
            key = base64.b64decode(secret.removeprefix("whsec_"))
            signature = _base64(_digest(key, f"{delivery_id}.".encode() + timed))
            return {
                "webhook-id": delivery_id,
                "webhook-timestamp": at,
                "webhook-signature": f"v1,{signature}",
            }
        case _:
            raise ValueError(f"no such signature scheme: {scheme}")


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
