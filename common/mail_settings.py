"""The variables of deliveries: the mail server (`deliver = "smtp"`), and how long to wait."""

from __future__ import annotations

from marshmallow import Schema, validate
from marshmallow import fields as ma

from common.setting_fields import POSITIVE, doc

SMTP_SECURITIES = ("starttls", "implicit", "none")


class MailSettings(Schema):
    """Where mail is handed in; https://datatracker.ietf.org/doc/html/rfc8314 has the two ports."""

    smtp_host = ma.String(metadata=doc('Mail server for routes with `deliver = "smtp"`'))
    smtp_port = ma.Integer(
        load_default=587,
        validate=validate.Range(1, 65535),
        metadata=doc("Its port: 587 for `starttls`, 465 for `implicit`"),
    )
    smtp_security = ma.String(
        load_default="starttls",
        validate=validate.OneOf(SMTP_SECURITIES),
        metadata=doc("`starttls`, `implicit` (TLS from the first byte) or `none` (loopback only)"),
    )
    smtp_user = ma.String(metadata=doc("Login at the mail server; without it none is tried"))
    smtp_password = ma.String(metadata=doc("Password of `SMTP_USER`"))
    smtp_from = ma.String(
        validate=validate.Regexp(
            r"[^\r\n]*[^\s@<>]+@[^\s@<>]+>?\Z", error="Must be an address, or Name <address>."
        ),
        metadata=doc("Sender of invitations: `research@example.com` or `Name <address>`"),
    )
    smtp_timeout_seconds = ma.Float(
        load_default=20,
        validate=POSITIVE,
        metadata=doc("Longest wait for each answer of the mail server"),
    )
    delivery_timeout_seconds = ma.Float(
        load_default=20,
        validate=POSITIVE,
        metadata=doc('Longest wait for the answer of a receiver (`deliver = "webhook"`)'),
    )
