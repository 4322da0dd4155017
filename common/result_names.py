"""Names: what a route's results are called in Mixpanel, all of them settable under `names`.

Mixpanel keeps names that begin with `$` or `mp_` for itself
(docs.mixpanel.com/docs/data-structure/property-reference/reserved-properties), and `time`,
`distinct_id` and the like mean something to `/import` (docs.mixpanel.com/reference/import-events).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, post_load, validates_schema
from marshmallow import fields as ma

NAME_BYTES = 255
# Names that mean something to Mixpanel's ingestion itself.
RESERVED = frozenset({"time", "distinct_id", "token", "ip", "insert_id"})
# Prefixes, not whole names: the answer's slug follows.
PREFIXES = ("answer_", "last_interview_")


@dataclass(frozen=True)
class ResultNames:
    """A name each for the events, their properties and the profile's."""

    event: str = "Koji Interview Completed"
    invited_event: str = "Koji Interview Invited"
    koji_interview_url: str = "koji_interview_url"
    theme_top_1: str = "theme_top_1"
    theme_top_2: str = "theme_top_2"
    sentiment: str = "sentiment"
    quality_score: str = "quality_score"
    interview_mode: str = "interview_mode"
    transcript_url: str = "transcript_url"
    interview_id: str = "interview_id"
    study_id: str = "study_id"
    cohort_id: str = "cohort_id"
    route: str = "route"
    answer_: str = "answer_"
    last_interview_at: str = "last_interview_at"
    last_interview_sentiment: str = "last_interview_sentiment"
    last_interview_themes: str = "last_interview_themes"
    last_interview_quality: str = "last_interview_quality"
    last_interview_: str = "last_interview_"


DEFAULT_NAMES = ResultNames()
EVERY_NAME = tuple(field.name for field in fields(ResultNames))
OF_INVITATIONS = ("invited_event", "koji_interview_url")
PROFILE_NAMES = tuple(name for name in EVERY_NAME if name.startswith("last_interview_"))
_OTHERS = {"event", *OF_INVITATIONS, *PROFILE_NAMES}
EVENT_NAMES = tuple(name for name in EVERY_NAME if name not in _OTHERS)


def _check(name: str) -> str:
    """Return the name; raises ValidationError with what to do about it."""
    if not name or name != name.strip() or not name.isprintable():
        raise ValidationError("Must be a name without space around it.")
    if len(name.encode()) > NAME_BYTES:
        raise ValidationError(f"Must not be longer than {NAME_BYTES} bytes.")
    if name.startswith(("$", "mp_")) or name in RESERVED:
        raise ValidationError(f"{name!r} is Mixpanel's own; choose another name.")
    return name


class _Name(ma.String):
    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return _check(super()._deserialize(*args, **kwargs))


class _NamesSchema(Schema):
    """The table `names`; a clash is told with both of its sides."""

    class Meta:
        """Unknown keys are mistakes, not extras."""

        unknown = RAISE

    @validates_schema
    def _no_clash(self, data: dict[str, str], **_: Any) -> None:
        names = asdict(ResultNames(**data))
        for group in (EVENT_NAMES, PROFILE_NAMES):
            counts = Counter(names[key] for key in group)
            for name in (name for name, n in counts.items() if n > 1):
                both = " and ".join(key for key in group if names[key] == name)
                raise ValidationError(f"{both} would both be {name!r}; each needs its own.")
            prefix = next(key for key in PREFIXES if key in group)
            for key in group:
                is_default = names[key] == key  # no slug may be named so: see RouteSchema
                if key != prefix and not is_default and names[key].startswith(names[prefix]):
                    raise ValidationError(
                        f"{key}: {names[key]!r} begins like an answer ({names[prefix]!r}); "
                        "choose another name, or another prefix."
                    )

    @post_load
    def _make(self, data: dict[str, str], **_: Any) -> ResultNames:
        return ResultNames(**data)


NamesSchema = _NamesSchema.from_dict({name: _Name() for name in EVERY_NAME}, name="NamesSchema")
