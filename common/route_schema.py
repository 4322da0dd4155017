"""The schema of one `[[routes]]` table: every key, and which values it takes."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, post_load, validate, validates_schema
from marshmallow import fields as ma

from common.hours import Span, parse_zone
from common.policy import read_exclusions
from common.pull_schedule import PullSchedule
from common.rates import Cap, Rate
from common.result_names import DEFAULT_NAMES, EVENT_NAMES, PROFILE_NAMES, NamesSchema
from common.route import Route
from common.route_delivery import DELIVERS, HookSchema, MailSchema, tables_missing
from common.route_fields import Id, Parsed, Words

_NAME = validate.Regexp(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"),
    error="Must be 1-64 letters, digits, '.', '_' or '-', and begin with a letter or digit.",
)
_TEXT = validate.Length(min=1, max=255)
_SLUG = validate.Regexp(
    re.compile(r"[a-z0-9_]{1,60}\Z"),
    error="Must be a question's slug, as it stands behind answer_ on the event.",
)


def _readable(words: tuple[str, ...]) -> None:
    try:
        read_exclusions(words)
    except ValueError as exc:
        raise ValidationError(str(exc)) from exc


class RouteSchema(Schema):
    """One `[[routes]]` table with the defaults already merged in."""

    class Meta:
        """Unknown keys are mistakes, not extras."""

        unknown = RAISE

    name = ma.String(
        required=True,
        validate=[_NAME, validate.NoneOf(["mixpanel"], error="Is taken: it names all writes.")],
    )
    study_id = ma.String(required=True, validate=_TEXT)
    # which cohort
    cohort_id = Id()
    cohort_name = ma.String(validate=_TEXT)
    pull = Parsed(PullSchedule.parse)
    # how Koji is called
    api_key_env = ma.String(validate=validate.Regexp(r"[A-Za-z_][A-Za-z0-9_]*\Z"))
    mode = ma.String(validate=validate.OneOf(["text", "voice"]))
    locale = ma.String(validate=validate.Length(min=1, max=35))
    join_key = ma.String(validate=validate.OneOf(["email", "respondent_id"]))
    properties = Words(ma.String(validate=_TEXT), validate=validate.Length(max=50))
    # who is asked, how fast and how many
    rate_limit = Parsed(Rate.parse)
    cooldown_days = ma.Float(validate=validate.Range(min=0, max=3650))
    max_invites = Parsed(Cap.parse)
    monthly_credits = ma.Integer(strict=True, validate=validate.Range(min=0))
    sample = ma.Float(validate=validate.Range(0, 1))
    # Not named `exclude`: that is a schema's own.
    excluded = Words(
        ma.String(validate=_TEXT),
        validate=[validate.Length(max=10_000), _readable],
        data_key="exclude",
        attribute="exclude",
    )
    timezone = Parsed(parse_zone)
    send_between = Parsed(Span.parse)
    quiet_hours = Parsed(Span.parse)
    priority = ma.Integer(strict=True, validate=validate.Range(-100, 100))
    # how the invitation reaches the person
    deliver = ma.String(validate=validate.OneOf(DELIVERS))
    mail = ma.Nested(MailSchema)
    webhook = ma.Nested(HookSchema)
    invited_event = ma.Boolean()
    # which results reach Mixpanel, and how
    min_quality = ma.Float(validate=validate.Range(0, 5))
    include_transcript_url = ma.Boolean()
    include_open_ended = ma.Boolean()
    profile_answers = Words(ma.String(validate=_SLUG), validate=validate.Length(max=50))
    names = ma.Nested(NamesSchema)
    # what becomes of an interview without a result
    reconcile_after_hours = ma.Float(validate=validate.Range(min=0, max=8760))
    interview_timeout_days = ma.Float(validate=validate.Range(min=0, max=3650))

    @validates_schema
    def _a_pull_has_a_cohort(self, data: dict[str, Any], **_: Any) -> None:
        if "pull" in data and "cohort_id" not in data and "cohort_name" not in data:
            raise ValidationError("Needs cohort_id or cohort_name, to know what to pull.", "pull")

    @validates_schema
    def _delivery_is_whole(self, data: dict[str, Any], **_: Any) -> None:
        tables_missing(data)

    @validates_schema
    def _names_do_not_clash(self, data: dict[str, Any], **_: Any) -> None:
        names = data.get("names", DEFAULT_NAMES)
        taken = {getattr(names, key): key for key in EVENT_NAMES}
        for name in data.get("properties", ()):
            if key := taken.get(name.lstrip("$")):
                message = f"{name!r} is a result's own name; call that another with names.{key}."
                raise ValidationError(message, "properties")
        taken = {getattr(names, key): key for key in PROFILE_NAMES}
        for slug in data.get("profile_answers", ()):
            if key := taken.get(names.last_interview_ + slug):
                message = f"{slug!r} would take the place of {key}; set names.last_interview_."
                raise ValidationError(message, "profile_answers")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Route:
        return Route(**data)
