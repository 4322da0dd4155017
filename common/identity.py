"""Who is the same person: normal forms and the short hashes the ledger keeps instead of names."""

from __future__ import annotations

import base64
import hashlib
import unicodedata

PERSON_CHARS = 11
STUDY_CHARS = 8

# Mixpanel refuses these as distinct_id, so nobody can be meant by them:
# https://docs.mixpanel.com/reference/import-events
FORBIDDEN_IDS = frozenset(
    {
        *("00000000-0000-0000-0000-000000000000", "anon", "anonymous", "nil", "none", "null"),
        *("n/a", "na", "undefined", "unknown", "<nil>", "0", "-1", "true", "false", "[]", "{}", ""),
    }
)


def normal_email(email: str | None) -> str:
    """Return the form in which two spellings of one address are equal; empty if it is none."""
    # Not casefold(), which makes one of ß and ss: two addresses (RFC 6531, IDNA 2008).
    text = unicodedata.normalize("NFC", (email or "").strip().lower())
    local, at, domain = text.rpartition("@")
    return text if at and local and domain and not any(c.isspace() for c in text) else ""


def usable_id(distinct_id: str | None) -> str:
    """Return the id byte for byte (Mixpanel does not normalise it), or empty if it names nobody."""
    text = (distinct_id or "").strip()
    return "" if text.lower() in FORBIDDEN_IDS else text


def _short(kind: str, text: str, chars: int) -> str:
    digest = hashlib.blake2b(f"{kind}\0{text}".encode("utf-8", "replace"), digest_size=12).digest()
    return base64.urlsafe_b64encode(digest).decode()[:chars]


def email_hash(email: str | None) -> str:
    """Return 66 bits for an address in any spelling, empty if there is none."""
    normal = normal_email(email)
    return _short("email", normal, PERSON_CHARS) if normal else ""


def id_hash(distinct_id: str | None) -> str:
    """Return 66 bits for a distinct_id, empty if it names nobody."""
    usable = usable_id(distinct_id)
    return _short("id", usable, PERSON_CHARS) if usable else ""


def study_hash(study_id: str) -> str:
    """Return 48 bits for a study: the second half of an invitation's key."""
    return _short("study", study_id, STUDY_CHARS)
