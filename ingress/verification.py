"""Webhook signatures: the first thing that a signed request meets.

Koji documents HMAC-SHA256 and leaves header and encoding open (koji.so/docs/webhook-setup), so
the five schemes that are in use elsewhere can be chosen by KOJI_SIGNATURE_SCHEME:
github.com/standard-webhooks/standard-webhooks `spec/standard-webhooks.md`,
docs.svix.com/receiving/verifying-payloads/how-manual, docs.stripe.com/webhooks, and
docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ingress.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from werkzeug.datastructures import Headers

    from common.settings import Settings

_HEX_DIGEST = re.compile(r"(?:sha256=|v1=)?([0-9a-f]{64})", re.IGNORECASE | re.ASCII)
_BASE64_DIGEST = re.compile(r"(?:sha256=)?([A-Za-z0-9+/]{43}=)")
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class Signed:
    """What a request claims: the digests it carries, the bytes they cover, and when."""

    digests: list[bytes]
    content: bytes
    seconds: str | None = None


def verify(headers: Headers, body: bytes, settings: Settings, now_seconds: float) -> None:
    """Check a webhook against every secret; raises RefusedError.

    `body` is as received, before inflation. The age counts in both directions, and is looked at
    last: `stale` then always means a genuine request that came late or from a wrong clock.
    """
    scheme = settings.koji_signature_scheme
    signed = SCHEMES[scheme](headers, body, settings)
    if signed.seconds is not None and not _SECONDS.fullmatch(signed.seconds):
        raise RefusedError("bad_format")
    keys = [_key(secret, scheme) for secret in settings.koji_webhook_secrets]
    # Not `hmac.digest`: that gives the interpreter away, and twenty threads wait to take it.
    expected = [hmac.new(key, signed.content, "sha256").digest() for key in keys]
    if not any_of([hmac.compare_digest(a, b) for a in signed.digests for b in expected]):
        raise RefusedError("mismatch")
    if signed.seconds is not None:
        age_seconds = abs(now_seconds - int(signed.seconds))
        if age_seconds > settings.koji_tolerance_seconds:
            raise RefusedError("stale")


def _hmac_hex(headers: Headers, body: bytes, settings: Settings) -> Signed:
    return Signed([_hex(header(headers, settings.koji_signature_header))], body)


def _hmac_base64(headers: Headers, body: bytes, settings: Settings) -> Signed:
    return Signed([_base64(header(headers, settings.koji_signature_header))], body)


def _hmac_ts_hex(headers: Headers, body: bytes, settings: Settings) -> Signed:
    digest = _hex(header(headers, settings.koji_signature_header))
    seconds = header(headers, settings.koji_timestamp_header)
    return Signed([digest], _joined(seconds, body=body), seconds)


def _stripe(headers: Headers, body: bytes, settings: Settings) -> Signed:
    items = [
        item.partition("=") for item in header(headers, settings.koji_signature_header).split(",")
    ]
    times = [value.strip() for name, _, value in items if name.strip() == "t"]
    digests = [_hex(value.strip()) for name, _, value in items if name.strip() == "v1"]
    if len(times) != 1 or not digests:
        raise RefusedError("bad_format")
    return Signed(digests, _joined(times[0], body=body), times[0])


def _standard(headers: Headers, body: bytes, _: Settings) -> Signed:
    prefix = "webhook" if headers.get("webhook-signature") else "svix"
    signature = header(headers, f"{prefix}-signature")
    message_id, seconds = header(headers, f"{prefix}-id"), header(headers, f"{prefix}-timestamp")
    # Other versions (v1a, asymmetric) may stand beside ours.
    digests = [_base64(entry[3:]) for entry in signature.split() if entry.startswith("v1,")]
    if not digests:
        raise RefusedError("bad_format")
    return Signed(digests, _joined(message_id, seconds, body=body), seconds)


SCHEMES: dict[str, Callable[[Headers, bytes, Settings], Signed]] = {
    "hmac_hex": _hmac_hex,
    "hmac_base64": _hmac_base64,
    "hmac_ts_hex": _hmac_ts_hex,
    "stripe": _stripe,
    "standard": _standard,
}


def header(headers: Headers, name: str) -> str:
    """Return a header's value; raises RefusedError if it is missing or empty."""
    value = headers.get(name, "").strip()
    if not value:
        raise RefusedError("no_header")
    return value


@lru_cache(maxsize=16)
def _key(secret: str, scheme: str) -> bytes:
    """Return the key's bytes: only `standard` decodes it; Stripe's `whsec_` is part of the key."""
    if scheme == "standard":
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()


def _joined(*parts: str, body: bytes) -> bytes:
    # WSGI hands headers over as Latin-1 (PEP 3333): this gives back the bytes that were sent.
    return b".".join([*(part.encode("latin-1", "replace") for part in parts), body])


def _hex(text: str) -> bytes:
    if not (match := _HEX_DIGEST.fullmatch(text)):
        raise RefusedError("bad_format")
    return bytes.fromhex(match[1])


def _base64(text: str) -> bytes:
    if not (match := _BASE64_DIGEST.fullmatch(text)):
        raise RefusedError("bad_format")
    return base64.b64decode(match[1])


def any_of(verdicts: Iterable[bool]) -> bool:
    """Look at every verdict: which secret matched must not show in the time taken."""
    return sum(verdicts) > 0
