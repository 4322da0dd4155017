"""Structured answers of an interview, in any of the shapes that they may come in.

Koji names six question types (koji.so/docs, MCP tool reference) and shows no JSON of an answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from common.koji.slugs import question_slug, unique
from common.messages import Answer
from common.reading import as_flag, as_id, as_number, as_text, dig, first

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWERS_MOST = 1000  # how many fit an event is seen to where the event is made
CHOICES_MOST = 100
FREE_TEXT_OVER = 60  # an undeclared string that is longer may be free text
OPEN_ENDED = "open_ended"

_IDS = ("question_id", "slug", "id", "key", "question.slug", "question.id")
_TEXTS = ("question_text", "question", "question.text", "question.title", "title", "prompt", "text")
_KINDS = ("type", "question_type", "question.type")
_VALUES = ("value", "answer", "response", "values", "answers", "selected")
_LABELS = ("label", "value", "option", "text", "name")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def read_answers(source: Any) -> tuple[Answer, ...] | None:
    """Read a list of objects, `{slug: {type, value}}` or `{slug: value}`; None if there is nothing.

    What cannot be understood or was skipped is left out: an interview counts without it too.
    """
    if isinstance(source, dict):
        items = [(str(key), item) for key, item in source.items()]
    elif isinstance(source, list):
        items = [("", item) for item in source if isinstance(item, dict)]
    else:
        return None
    answers: list[Answer] = []
    taken: set[str] = set()
    for number, (key, item) in enumerate(items, start=1):
        fields = item if isinstance(item, dict) else {"value": item}
        question_id = key or first([fields], _IDS, as_id) or ""
        text = first([fields], _TEXTS, lambda v: as_text(v, 5000)) or ""
        # A skipped question takes its slug too, so that those of the others stay the same.
        slug = unique(question_slug(question_id, text, number), taken)
        kind, value = _understood(fields)
        if value is None:
            continue
        answers.append(Answer(slug, kind, value))
        if len(answers) == ANSWERS_MOST:
            break
    return tuple(answers) or None


def _understood(fields: dict[str, Any]) -> tuple[str, Any]:
    """Return an answer's type and its value, None if it has none that we can use."""
    value = next((v for key in _VALUES if (v := fields.get(key)) is not None), None)
    declared = first([fields], _KINDS, as_text) or ""
    kind = _CAMEL.sub("_", declared).lower().replace("-", "_").replace(" ", "_")
    if kind not in _READERS:
        kind = _guessed(_unwrapped(value), declared=bool(kind))
    return kind, _READERS[kind](value) if kind else None


def _guessed(value: Any, *, declared: bool) -> str:
    """Guess the type from the value: what may be free text is open-ended, or nothing at all."""
    match value:
        case bool():
            return "yes_no"
        case int() | float():
            return "scale"
        case list() if not any(isinstance(v, str) and len(v) > FREE_TEXT_OVER for v in value):
            return "multiple_choice"
        case str() if declared:
            return OPEN_ENDED
        case str() if len(value) <= FREE_TEXT_OVER:
            return "single_choice"
        case _:
            return ""


def _unwrapped(value: Any) -> Any:
    """Return what an object such as `{"value": 8, "label": "8 of 10"}` stands for."""
    return dig(value, "value") if isinstance(value, dict) and "value" in value else value


def _choice(value: Any) -> str | None:
    if isinstance(value, dict):
        value = next((v for key in _LABELS if (v := value.get(key)) is not None), None)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return as_id(value)


def _choices(value: Any) -> list[str] | None:
    value = _unwrapped(value)
    items = value if isinstance(value, list) else [value]
    return [text for item in items[:CHOICES_MOST] if (text := _choice(item))] or None


_READERS: dict[str, Callable[[Any], Any]] = {
    "scale": lambda value: as_number(_unwrapped(value)),
    "yes_no": lambda value: as_flag(_unwrapped(value)),
    "single_choice": _choice,
    "multiple_choice": _choices,
    "ranking": _choices,
    OPEN_ENDED: lambda value: as_text(_unwrapped(value), 10**6),
}
