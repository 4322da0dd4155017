"""The variables about Koji and Mixpanel: how they prove themselves, and how they are called."""

from __future__ import annotations

from marshmallow import Schema, validate
from marshmallow import fields as ma

from common.rates import Rate
from common.setting_fields import (
    POSITIVE,
    BaseUrl,
    CommaList,
    RateField,
    UserPassword,
    UserPasswords,
    doc,
)

SIGNATURE_SCHEMES = ("hmac_hex", "hmac_base64", "hmac_ts_hex", "stripe", "standard")


class PartnerSettings(Schema):
    """What stands between the bridge's own variables."""

    mixpanel_webhook_credentials = UserPasswords(
        required=True,
        metadata=doc(
            "`user:password[,user:password]` of Mixpanel's webhook connection; "
            "two while one is rotated"
        ),
    )
    koji_webhook_secrets = CommaList(
        required=True,
        metadata=doc("Signing secrets of Koji's webhook, comma-separated; any may match"),
    )
    koji_signature_scheme = ma.String(
        load_default="hmac_hex",
        validate=validate.OneOf(SIGNATURE_SCHEMES),
        metadata=doc("`hmac_hex`, `hmac_base64`, `hmac_ts_hex`, `stripe` or `standard`"),
    )
    koji_signature_header = ma.String(
        load_default="X-Koji-Signature",
        validate=validate.Length(1),
        metadata=doc("Header that holds the signature"),
    )
    koji_timestamp_header = ma.String(
        load_default="X-Koji-Timestamp",
        validate=validate.Length(1),
        metadata=doc("Header that holds the time, where the scheme has one"),
    )
    koji_tolerance_seconds = ma.Integer(
        load_default=300,
        validate=validate.Range(min=1),
        metadata=doc("Greatest age of a signed time, either way"),
    )
    koji_webhook_setup = ma.Boolean(
        load_default=False,
        metadata=doc(
            "`1` answers 200 to an unsigned ping that carries no "
            "interview, while the webhook is set up in Koji"
        ),
    )
    koji_base_url = BaseUrl(load_default="https://koji.so", metadata=doc("Koji's API"))
    koji_api_key = ma.String(metadata=doc("Needed unless every route names another `api_key_env`"))
    koji_rate_limit = RateField(
        load_default=Rate(60, 60), metadata=doc("Per API key, shared by the whole fleet")
    )
    koji_start_profile = ma.String(
        load_default="union",
        validate=validate.OneOf(["nested", "flat", "union"]),
        metadata=doc("Shape of the start request: `nested`, `flat` or both"),
    )
    koji_timeout_seconds = ma.Float(
        load_default=20, validate=POSITIVE, metadata=doc("Longest wait for Koji's answer")
    )
    koji_link_keys = CommaList(
        load_default=("interview_url", "interview_link", "url", "link"),
        metadata=doc("Where a start's answer may hold the person's link: keys, the first found"),
    )
    mixpanel_api_host = BaseUrl(
        load_default="https://api.mixpanel.com",
        metadata=doc(
            "Ingestion; `https://api-eu.mixpanel.com` or `https://api-in.mixpanel.com` elsewhere"
        ),
    )
    mixpanel_query_host = BaseUrl(
        load_default="https://mixpanel.com",
        metadata=doc(
            "Cohort export and deletions; `https://eu.mixpanel.com`, `https://in.mixpanel.com`"
        ),
    )
    mixpanel_project_token = ma.String(
        required=True,
        validate=validate.Length(1),
        metadata=doc("Token of the project that results go to"),
    )
    mixpanel_project_id = ma.String(metadata=doc("Needed with a service account"))
    mixpanel_service_account = UserPassword(
        metadata=doc("`username:secret`; used for `/import` and the cohort export where set")
    )
    mixpanel_gdpr_token = ma.String(
        metadata=doc(
            "OAuth token with which `erase` asks Mixpanel for a deletion; from Mixpanel's "
            "Profile & Preferences, Data & Privacy. It expires after a year"
        )
    )
    mixpanel_queries_per_hour = ma.Integer(
        load_default=60,
        validate=POSITIVE,
        metadata=doc("Mixpanel's limit for a project; less if others query it too"),
    )
    mixpanel_timeout_seconds = ma.Float(
        load_default=20, validate=POSITIVE, metadata=doc("Longest wait for Mixpanel's answer")
    )
