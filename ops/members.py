"""Cohort members as files have them: read, and told apart as the workers tell them apart."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from common.errors import BadPayloadError
from common.identity import email_hash, id_hash, normal_email, usable_id
from common.policy import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from common.routes import Route

# As in `workers/cohorts.py`; a test compares the two.
EMAIL_KEYS = ("email", "$email")
ID_KEYS = ("mixpanel_distinct_id", "distinct_id", "$distinct_id")
FIRST_NAME_KEYS = ("first_name", "$first_name")
LAST_NAME_KEYS = ("last_name", "$last_name")
NAME_KEYS = ("name", "$name")
TEXT_CHARS = 255
# The headings of Mixpanel's own CSV export, and what people make of them.
_HEADINGS = {"distinct id": "distinct_id", "user id": "distinct_id", "e-mail": "email"}
KEYS_OF_PEOPLE = frozenset((*EMAIL_KEYS, *ID_KEYS, *FIRST_NAME_KEYS, *LAST_NAME_KEYS, *NAME_KEYS))


@dataclass(frozen=True)
class Person:
    """A member as the bridge sees them; `refusal` is why the route cannot take them, or empty."""

    email: str
    distinct_id: str
    name: str
    refusal: str
    member: dict[str, Any]

    @property
    def email_hash(self) -> str:
        """The ledger's name for the address."""
        return email_hash(self.email)

    @property
    def id_hash(self) -> str:
        """The ledger's name for the distinct_id."""
        return id_hash(self.distinct_id)


def read_members(text: str) -> list[dict[str, Any]]:
    """Read a JSON list (or an object with `members`) or CSV; raises BadPayloadError."""
    text = text.removeprefix("\ufeff").strip()
    if not text.startswith(("[", "{")):
        return _read_csv(text)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise BadPayloadError(f"not JSON: {exc}") from exc
    if isinstance(document, dict):
        nested = document.get("parameters")
        document = (nested if isinstance(nested, dict) else document).get("members")
    if not isinstance(document, list) or not all(isinstance(one, dict) for one in document):
        raise BadPayloadError("must be a list of objects, or an object with a list `members`")
    return document


def read_bytes(raw: bytes) -> list[dict[str, Any]]:
    """Read what somebody uploaded; raises BadPayloadError."""
    try:
        return read_members(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise BadPayloadError("the file is not UTF-8 text") from exc


def _read_csv(text: str) -> list[dict[str, Any]]:
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        return _members(rows)
    except csv.Error as exc:
        raise BadPayloadError(f"line {rows.line_num}: not CSV: {exc}") from exc


def _members(rows: Iterator[list[str]]) -> list[dict[str, Any]]:
    headings = [heading(name) for name in next(rows, [])]
    if not names_people(headings):
        raise BadPayloadError(
            "the first line must name the columns, among them email or distinct_id"
        )
    return [
        {name: cell for name, cell in zip(headings, row, strict=False) if cell != ""}
        for row in rows
        if any(row)
    ]


def names_people(headings: Sequence[str]) -> bool:
    """Tell whether any column says who a row is."""
    return not {*EMAIL_KEYS, *ID_KEYS}.isdisjoint(headings)


def heading(name: str) -> str:
    """Return a column's name as a member's key; its own where it is none of those we know."""
    plain = name.strip().lower()
    plain = _HEADINGS.get(plain, plain).replace(" ", "_")
    return plain if plain in KEYS_OF_PEOPLE else name.strip()


def make_person(route: Route, member: dict[str, Any]) -> Person:
    """Tell who a member is, and whether the route's join key can name them."""
    email = next((text for key in EMAIL_KEYS if normal_email(text := _text(member, (key,)))), "")
    distinct_id = usable_id(_text(member, ID_KEYS))
    parts = [_text(member, FIRST_NAME_KEYS), _text(member, LAST_NAME_KEYS)]
    name = " ".join(part for part in parts if part) or _text(member, NAME_KEYS)
    return Person(email, distinct_id, name, refusal(route, email, distinct_id), member)


def _text(member: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = member.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()[:TEXT_CHARS]
    return ""
