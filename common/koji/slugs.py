"""Names of answer properties: `answer_<slug>` on the Mixpanel event."""

from __future__ import annotations

import re
import unicodedata

SLUG_CHARS = 60
WORD_LETTERS = 3

_OTHER = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PART = re.compile(r"[A-Za-z]+|[0-9]{1,3}")


def slugify(text: str) -> str:
    """Return lower case ASCII letters, digits and `_`, at most 60; empty if nothing is left."""
    folded = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return _OTHER.sub("_", folded).strip("_")[:SLUG_CHARS].strip("_")


def reads_like_words(question_id: str) -> bool:
    """Tell `nps_score` from `q1`, a UUID or a random id."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", question_id) if part]
    return (
        len(question_id) <= SLUG_CHARS
        and all(_PART.fullmatch(part) for part in parts)
        and any(part.isalpha() and len(part) >= WORD_LETTERS for part in parts)
    )


def question_slug(question_id: str, text: str, number: int) -> str:
    """Return a question's slug: from its id if that reads like words, else from its text."""
    words = _CAMEL.sub("_", question_id)
    if reads_like_words(words):
        return slugify(words)
    return slugify(text) or slugify(question_id) or f"question_{number}"


def unique(slug: str, taken: set[str]) -> str:
    """Return the slug, with a number if it is taken, and take it."""
    made, number = slug, 1
    while made in taken:
        number += 1
        ending = f"_{number}"
        made = slug[: SLUG_CHARS - len(ending)] + ending
    taken.add(made)
    return made
