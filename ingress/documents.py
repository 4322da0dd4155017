"""The bodies of requests and answers, as docs/openapi.yaml shows them.

What is read stands in the parsers, some of them by hand for speed (decision 8). These schemas are
the part of it that senders may rely on: whatever fits them is understood. The envelope of a cohort
call is the parser's own; a test holds the rest to the running ingress (decision 10).
"""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, validate
from marshmallow import fields as ma

from ingress.cohort_payload import ACTIONS, Envelope, IdField

PRINTABLE = r"^[!-~]([ -~]{0,253}[!-~])?$"
SPOKEN = r"\S"  # not only spaces


def _doc(text: str, **more: Any) -> dict[str, Any]:
    return {"description": text, **more}


class Open(Schema):
    """Further keys are allowed."""

    class Meta:
        """apispec turns this into additionalProperties."""

        unknown = INCLUDE


class CohortMember(Open):
    """One member; every further key is a property of the user."""

    mixpanel_distinct_id = IdField(allow_none=True)
    email = ma.String(allow_none=True)


class CohortParameters(Envelope):
    """What Mixpanel says of the cohort, and a page of its members."""

    class Meta(Open.Meta):
        """Further keys are Mixpanel's to add."""

    mixpanel_cohort_id = IdField(required=True)
    members = ma.List(ma.Nested(CohortMember), required=True)


class CohortCall(Open):
    """A call of Mixpanel's Cohort Sync (docs.mixpanel.com/docs/cohort-sync/webhooks)."""

    action = ma.String(required=True, validate=validate.OneOf(ACTIONS))
    parameters = ma.Nested(CohortParameters, required=True)


class CohortAnswer(Schema):
    """The page is on disk."""

    action = ma.String(required=True, validate=validate.OneOf(ACTIONS))
    status = ma.String(required=True, validate=validate.OneOf(["success"]))


class Error(Schema):
    """What is wrong, and what to do about it."""

    message = ma.String(required=True)
    code = ma.Integer(required=True, metadata=_doc("The HTTP status"))


class CohortFailure(Schema):
    """A failure in the form that Mixpanel shows to its users."""

    action = ma.String(
        required=True, metadata=_doc("The action that was sent; empty where it was not understood")
    )
    status = ma.String(required=True, validate=validate.OneOf(["failure"]))
    error = ma.Nested(Error, required=True)


class Failure(Schema):
    """A failure."""

    status = ma.String(required=True, validate=validate.OneOf(["error"]))
    error = ma.Nested(Error, required=True)


class KojiRespondent(Open):
    """Who was interviewed."""

    external_id = IdField(allow_none=True)
    email = ma.String(allow_none=True)
    anonymous = ma.Boolean()
    metadata = ma.Dict(keys=ma.String())


class KojiInterview(Open):
    """An analysed interview; other places and names of these fields are read, too."""

    interview_id = IdField(required=True, metadata={"pattern": PRINTABLE})
    study_id = IdField(allow_none=True)
    completed_at = ma.String(allow_none=True)
    respondent = ma.Nested(KojiRespondent)
    themes = ma.List(ma.String())
    sentiment = ma.String(allow_none=True)
    quality_score = ma.Float(allow_none=True)
    mode = ma.String(allow_none=True)
    transcript_url = ma.String(allow_none=True)


class KojiDelivery(Open):
    """A webhook of Koji (koji.so/docs/webhook-setup)."""

    event = ma.String(
        required=True,
        validate=validate.Length(max=255),
        metadata=_doc("interview.analysis_ready; others are ignored", pattern=SPOKEN),
    )
    timestamp = ma.String(allow_none=True)
    data = ma.Nested(KojiInterview, required=True)


class KojiAnswer(Schema):
    """Stored, known already, or of no use to the bridge."""

    status = ma.String(required=True, validate=validate.OneOf(["accepted", "duplicate", "ignored"]))


class MemberRow(Open):
    """One person; every further key is a property."""

    route = ma.String(metadata=_doc("The name of a route in routes.toml"))
    email = ma.String(allow_none=True)
    distinct_id = IdField(allow_none=True)
    properties = ma.Dict(keys=ma.String(), allow_none=True)


class MemberBatch(Open):
    """Many people; `route` holds for every row without one of its own."""

    route = ma.String()
    members = ma.List(ma.Nested(MemberRow), required=True)


class RejectedRow(Schema):
    """A row that could not be used; it stops no other."""

    index = ma.Integer(required=True, metadata=_doc("Its place, counted from 0"))
    error = ma.String(required=True)


class MembersAnswer(Schema):
    """How many rows were stored, and why others were not."""

    accepted = ma.Integer(required=True)
    rejected = ma.List(ma.Nested(RejectedRow), required=True)


class Health(Schema):
    """Whether the process lives, or can store."""

    status = ma.String(required=True, validate=validate.OneOf(["ok", "ready", "unavailable"]))
    reason = ma.String()
