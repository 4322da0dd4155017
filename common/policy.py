"""Policy: whom a route never asks, whatever the ledger says; the same for workers and `plan`."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.identity import email_hash, id_hash, normal_email, usable_id

if TYPE_CHECKING:
    from common.routes import Route


@dataclass(frozen=True)
class Exclusions:
    """What `exclude` names, by kind; a word without an @ may be a domain or a distinct_id."""

    emails: frozenset[str]
    domains: frozenset[str]
    ids: frozenset[str]

    def name(self, email: str, distinct_id: str) -> bool:
        """Tell whether a person is excluded by address, its domain or id."""
        normal = normal_email(email)
        return (
            normal in self.emails
            or (bool(normal) and normal.rpartition("@")[2] in self.domains)
            or usable_id(distinct_id) in self.ids
            or normal_email(distinct_id) in self.emails
        )


@functools.cache
def read_exclusions(words: tuple[str, ...]) -> Exclusions:
    """Sort the words of `exclude`; raises ValueError for one that can name nobody."""
    emails, domains, ids = set[str](), set[str](), set[str]()
    for word in words:
        plain = word.strip()
        if plain.startswith("@"):
            if not normal_email(f"a{plain}"):
                raise ValueError(f"{word!r} is not a domain such as @example.com")
            domains.add(normal_email(f"a{plain}")[2:])
        elif normal_email(plain):
            emails.add(normal_email(plain))
        elif not usable_id(plain):
            raise ValueError(f"{word!r} is neither an address, a domain nor a distinct_id")
        else:
            domains.add(plain.casefold())
            ids.add(usable_id(plain))
    return Exclusions(frozenset(emails), frozenset(domains), frozenset(ids))


def refusal(route: Route, email: str, distinct_id: str) -> str:
    """Return why a route does not ask a person, empty if it may."""
    by_email, by_id = email_hash(email), id_hash(distinct_id)
    if route.join_key == "email" and not by_email:
        return "no_email" if by_id else "unidentified"
    if route.join_key == "respondent_id" and not by_id:
        return "no_distinct_id" if by_email else "unidentified"
    if route.exclude and read_exclusions(route.exclude).name(email, distinct_id):
        return "excluded"
    name = by_email if route.join_key == "email" else by_id
    if route.sample is not None and lot(route.study_id, name) >= route.sample:
        return "not_sampled"
    return ""


def lot(study_id: str, person: str) -> float:
    """Return a person's place from 0 up to 1 in a study, the same for ever.

    A larger share keeps everybody whom a smaller one chose.
    """
    digest = hashlib.blake2b(f"sample\0{study_id}\0{person}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
