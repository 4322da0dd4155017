"""The body of a start call, in the shape of the current docs, of the older ones, or both at once.

https://www.koji.so/docs/starting-interviews-via-api has a nested `respondent`; its older text and
Koji's Mixpanel guide name flat fields. A sandbox takes all of them, so that any can be tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

_MODES = {"text", "voice"}


class BodyError(ValueError):
    """The body cannot be understood; the message names the field."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """Who is to be interviewed, and how; what was not said is None."""

    study: str | None
    email: str | None
    external_id: str | None
    display_name: str | None
    metadata: Mapping[str, Any]
    mode: str
    locale: str | None


NOBODY = StartRequest(None, None, None, None, {}, "text", None)


def parse_start(raw: bytes) -> StartRequest:
    """Return what a start call asks for; raises BodyError."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise BodyError("The body is not JSON.") from exc
    if not isinstance(body, dict):
        raise BodyError("The body must be a JSON object.")
    respondent = _object(body, "respondent")
    mode = _text(body, "mode") or "text"
    if mode not in _MODES:
        raise BodyError("mode must be text or voice.")
    return StartRequest(
        study=_text(body, "study_id") or _text(body, "project_id"),
        email=_text(body, "respondent_email") or _text(respondent, "email"),
        external_id=_text(respondent, "external_id") or _text(body, "respondent_id"),
        display_name=_text(respondent, "display_name") or _text(body, "respondent_name"),
        metadata=_object(respondent, "metadata") or _object(body, "metadata"),
        mode=mode,
        locale=_text(body, "locale") or _text(body, "language"),
    )


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise BodyError(f"{name} must be a string.")


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise BodyError(f"{name} must be an object.")
