"""Mixpanel's cohort call, read field by field (docs.mixpanel.com/docs/cohort-sync/webhooks).

Tolerates what was observed beside the documentation: keys of `parameters` at the top, no
`page_info`, ids as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marshmallow import EXCLUDE, Schema, ValidationError, validate
from marshmallow import fields as ma

from common.errors import BadPayloadError
from common.reading import as_id
from ingress.cohort_members import check_members

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIONS = ("members", "add_members", "remove_members")


@dataclass(frozen=True)
class CohortCall:
    """One call of Mixpanel; `page` counts from 1, `members` keep Mixpanel's own keys.

    `total_pages` is 0 where the call does not tell it.
    """

    action: str
    cohort_id: str
    cohort_name: str
    session_id: str
    page: int
    total_pages: int
    members: list[dict[str, Any]]


class IdField(ma.Field[str]):
    """A string, or a number that stands for one."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = as_id(value)
        if text is None:
            raise ValidationError("must be a string or a whole number, at most 255 characters")
        return text


class _Lenient(Schema):
    class Meta:
        """Further keys are Mixpanel's to add."""

        unknown = EXCLUDE


class PageInfo(_Lenient):
    """Which page of how many, both counted from 1."""

    error_messages = {"type": "must be an object"}  # noqa: RUF012 - marshmallow's way
    page_count = ma.Integer(allow_none=True, validate=validate.Range(0, 10**9))
    total_pages = ma.Integer(allow_none=True, validate=validate.Range(0, 10**9))


class Envelope(_Lenient):
    """What stands beside the members."""

    mixpanel_cohort_id = IdField(load_default="")
    mixpanel_cohort_name = IdField(load_default="")
    mixpanel_session_id = IdField(load_default="")
    page_info = ma.Nested(PageInfo, load_default=dict)


_ENVELOPE = Envelope()


def known_action(document: Any) -> str:
    """Return the action if it is one of Mixpanel's, else an empty string."""
    action = document.get("action") if isinstance(document, dict) else None
    return action if action in ACTIONS else ""


def parse_cohort(document: Any) -> CohortCall:
    """Read a call; raises BadPayloadError, whose text names each field that is wrong."""
    if not isinstance(document, dict):
        raise BadPayloadError("body: must be a JSON object")
    action = known_action(document)
    if not action:
        raise BadPayloadError(f"action: must be one of {', '.join(ACTIONS)}")
    parameters = document.get("parameters")
    if not isinstance(parameters, dict | None):
        raise BadPayloadError("parameters: must be an object")
    nested = parameters or {}
    # An empty name or description is no reason to refuse a page, which would pause the sync.
    given = {key: value for key, value in {**document, **nested}.items() if value not in (None, "")}

    def path(key: str) -> str:
        return key if key in document and key not in nested else f"parameters.{key}"

    try:
        fields = _ENVELOPE.load({key: given[key] for key in _ENVELOPE.fields if key in given})
    except ValidationError as exc:
        lines = [
            line
            for key, messages in exc.normalized_messages().items()
            for line in _lines(path(key), messages)
        ]
        raise BadPayloadError("; ".join(lines)) from exc
    if not fields["mixpanel_cohort_id"] and not fields["mixpanel_cohort_name"]:
        raise BadPayloadError(
            f"{path('mixpanel_cohort_id')}: is missing, and so is mixpanel_cohort_name"
        )
    return CohortCall(
        action=action,
        cohort_id=fields["mixpanel_cohort_id"],
        cohort_name=fields["mixpanel_cohort_name"],
        session_id=fields["mixpanel_session_id"],
        page=_or(1, fields["page_info"].get("page_count")),
        total_pages=_or(0, fields["page_info"].get("total_pages")),
        members=check_members(given.get("members"), path("members")),
    )


def _or(default: int, number: int | None) -> int:
    return default if number is None else number


def _lines(path: str, messages: Any) -> Iterator[str]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _lines(path if key == "_schema" else f"{path}.{key}", inner)
    else:
        yield f"{path}: {' '.join(messages)}"
