"""How a webhook is signed: one function for each scheme a receiver may be set to.

Koji says that webhooks carry an HMAC-SHA256 (https://www.koji.so/docs/webhook-setup), not in which
form; the five forms here are those in common use.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signer:
    """A scheme, the key it signs with, and the headers it writes to."""

    scheme: str
    key: bytes
    signature_header: str
    timestamp_header: str

    def sign(self, body: bytes, *, delivery_id: str, timestamp: int) -> dict[str, str]:
        """Return the headers for `body`; `timestamp` is in unix seconds."""
        return _SCHEMES[self.scheme](self, body, delivery_id, timestamp)


def make_signer(scheme: str, secret: str, signature_header: str, timestamp_header: str) -> Signer:
    """Return a signer; raises ValueError for a secret that the scheme cannot use."""
    return Signer(scheme, make_key(scheme, secret), signature_header, timestamp_header)


def make_key(scheme: str, secret: str) -> bytes:
    """Return the key's bytes; raises ValueError for an empty or undecodable secret."""
    if not secret:
        raise ValueError("must not be empty")
    if scheme != "standard":
        return secret.encode()
    # https://github.com/standard-webhooks/standard-webhooks: base64 after "whsec_".
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as exc:
        raise ValueError("the scheme `standard` needs base64 after `whsec_`") from exc


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _hmac_hex(signer: Signer, body: bytes, _delivery_id: str, _timestamp: int) -> dict[str, str]:
    return {signer.signature_header: _digest(signer.key, body).hex()}


def _hmac_base64(signer: Signer, body: bytes, _delivery_id: str, _timestamp: int) -> dict[str, str]:
    return {signer.signature_header: base64.b64encode(_digest(signer.key, body)).decode()}


def _hmac_ts_hex(signer: Signer, body: bytes, _delivery_id: str, timestamp: int) -> dict[str, str]:
    digest = _digest(signer.key, b"%d.%b" % (timestamp, body))
    return {signer.signature_header: digest.hex(), signer.timestamp_header: str(timestamp)}


def _stripe(signer: Signer, body: bytes, _delivery_id: str, timestamp: int) -> dict[str, str]:
    digest = _digest(signer.key, b"%d.%b" % (timestamp, body))
    return {signer.signature_header: f"t={timestamp},v1={digest.hex()}"}


def _standard(signer: Signer, body: bytes, delivery_id: str, timestamp: int) -> dict[str, str]:
    digest = _digest(signer.key, b"%b.%d.%b" % (delivery_id.encode(), timestamp, body))
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


_SCHEMES: dict[str, Callable[[Signer, bytes, str, int], dict[str, str]]] = {
    "hmac_hex": _hmac_hex,
    "hmac_base64": _hmac_base64,
    "hmac_ts_hex": _hmac_ts_hex,
    "stripe": _stripe,
    "standard": _standard,
}
SCHEMES = tuple(_SCHEMES)
