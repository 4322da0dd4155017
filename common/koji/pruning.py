"""What of a webhook is stored: the fields that a result is read from, and nothing else.

Koji may send whole transcripts and quotes along; they are the respondent's, not ours to keep.
"""

from __future__ import annotations

from typing import Any

from common.koji import envelope, payload

USED = (
    *(envelope.EVENT_NAMES, envelope.INTERVIEW_IDS, payload.STUDY_IDS, payload.EMAILS),
    *(payload.EXTERNAL_IDS, payload.RESPONDENT_IDS, payload.ANONYMOUS, payload.THEMES),
    *(payload.SENTIMENTS, payload.QUALITIES, payload.INTERVIEW_MODES, payload.TRANSCRIPT_URLS),
    *(payload.ANSWERS, payload.COMPLETION_TIMES, payload.ENVELOPE_TIMES),
)
# Of values that are objects these names are used.
WITHIN = {
    **dict.fromkeys(payload.THEMES, frozenset(payload.THEME_NAMES)),
    **dict.fromkeys(payload.SENTIMENTS, frozenset(payload.SENTIMENT_NAMES)),
    **dict.fromkeys(payload.QUALITIES, frozenset(payload.QUALITY_NAMES)),
}
# `envelope.places_of` looks no deeper than an analysis in an interview in the body.
MOST_LEVELS = 6
# What is used of an object: of each name all (empty), or what its own tree says.
Tree = dict[str, "Tree"]


def _tree() -> Tree:
    tree: Tree = {}
    for path in (path for paths in USED for path in paths):
        place = tree
        for name in path.split("."):
            place = place.setdefault(name, {})
    around = {name: {**tree, **tree.get(name, {})} for name in envelope.NESTED}
    for one in (tree, *around.values()):
        one.update(around)
    return tree


TREE = _tree()


def pruned(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy without what `read_result` does not look at."""
    return _pruned(document, TREE, MOST_LEVELS)


def _pruned(place: dict[str, Any], tree: Tree, levels: int) -> dict[str, Any]:
    kept = {}
    for name, value in place.items():
        inner = tree.get(name)
        if inner:
            if levels and isinstance(value, dict):
                kept[name] = _pruned(value, inner, levels - 1)
        elif inner is not None:
            kept[name] = _within(value, WITHIN[name]) if name in WITHIN else value
    return kept


def _within(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    return _named(value, names)


def _named(value: Any, names: frozenset[str]) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: value[name] for name in value.keys() & names}
