"""How an invitation reaches the person: the tables `mail` and `webhook` of a route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, Schema, ValidationError, post_load, validate, validates_schema
from marshmallow import fields as ma

from common.mail_templates import LINK, problem_of
from common.setting_fields import BaseUrl

if TYPE_CHECKING:
    from pathlib import Path

DELIVERS = ("koji", "smtp", "webhook", "mixpanel")
_TEMPLATES = ("subject", "text", "html")


@dataclass(frozen=True)
class Mail:
    """The templates of one route's mail; `html` is empty where there is none."""

    subject: str
    text: str
    html: str = ""
    reply_to: str = ""
    list_unsubscribe: str = ""


@dataclass(frozen=True)
class Hook:
    """Where a route's invitations are posted, and which variable holds the signing secret."""

    url: str
    secret_env: str


class MailSchema(Schema):
    """The table `mail`; files have been read already."""

    class Meta:
        """Unknown keys are mistakes, not extras."""

        unknown = RAISE

    subject = ma.String(required=True, validate=validate.Length(min=1, max=500))
    text = ma.String(required=True, validate=validate.Length(min=1, max=100_000))
    html = ma.String(validate=validate.Length(min=1, max=500_000))
    reply_to = ma.Email()
    list_unsubscribe = ma.String(
        validate=validate.Regexp(
            r"(https://|mailto:)[!-~]{1,500}\Z", error="Must be an https:// or mailto: address."
        )
    )

    @validates_schema
    def _templates(self, data: dict[str, Any], **_: Any) -> None:
        for key in _TEMPLATES:
            if key not in data:
                continue
            needed = "" if key == "subject" else LINK
            if problem := problem_of(data[key], needed=needed):
                raise ValidationError(problem, key)

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Mail:
        return Mail(**data)


class HookSchema(Schema):
    """The table `webhook`."""

    class Meta:
        """Unknown keys are mistakes, not extras."""

        unknown = RAISE

    url = BaseUrl(required=True)
    secret_env = ma.String(required=True, validate=validate.Regexp(r"[A-Za-z_][A-Za-z0-9_]*\Z"))

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Hook:
        return Hook(**data)


def with_files(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a route's table with the templates that `text_file` and `html_file` name.

    Paths are relative to `folder`, that of routes.toml. Raises ValidationError.
    """
    mail = table.get("mail")
    if not isinstance(mail, dict):
        return table
    read = dict(mail)
    for key in ("text", "html"):
        path = read.pop(f"{key}_file", None)
        if path is None:
            continue
        if key in read:
            raise ValidationError({"mail": [f"{key} and {key}_file are both set; keep one."]})
        try:
            read[key] = (folder / str(path)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8 text"
            raise ValidationError({"mail": [f"{key}_file: cannot read {path}: {reason}."]}) from exc
    return {**table, "mail": read}


def tables_missing(data: dict[str, Any]) -> None:
    """Raise ValidationError where `deliver` needs a table that is not there."""
    needed = {"smtp": "mail", "webhook": "webhook"}.get(data.get("deliver", "koji"))
    if needed and needed not in data:
        message = f'deliver = "{data["deliver"]}" needs it (see docs/deliveries.md).'
        raise ValidationError(message, needed)
