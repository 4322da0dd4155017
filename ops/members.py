"""Cohort members as files have them, told apart as the workers tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.identity import email_hash, id_hash, normal_email, usable_id
from common.policy import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

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
