"""Every environment variable: its name, default, check and one line of documentation.

`.env.example` and the README's table are checked against this list by a test.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, validate, validates_schema
from marshmallow import fields as ma

from common.rates import Rate
from common.setting_fields import (
    BaseUrl,
    CommaList,
    RateField,
    RedisUrl,
    UserPassword,
    UserPasswords,
    is_base64,
    is_loopback,
)

SIGNATURE_SCHEMES = ("hmac_hex", "hmac_base64", "hmac_ts_hex", "stripe", "standard")
_POSITIVE = validate.Range(min=0, min_inclusive=False)


def _doc(text: str) -> dict[str, str]:
    return {"doc": text}


class SettingsSchema(Schema):
    """The environment as it may be; the attribute is the variable's name in lower case."""

    class Meta:
        """The environment is full of other people's variables."""

        unknown = EXCLUDE

    redis_url = RedisUrl(
        load_default="redis://127.0.0.1:6379/0",
        metadata=_doc(
            "Broker and ledger; `rediss://` for TLS, `user:password@` for ACL, "
            "`sentinel://host:port,host:port/master` for Sentinel"
        ),
    )
    host = ma.String(load_default="0.0.0.0", metadata=_doc("Where ingress listens"))  # noqa: S104
    port = ma.Integer(
        load_default=8000, validate=validate.Range(0, 65535), metadata=_doc("Port of ingress")
    )
    console_host = ma.String(
        load_default="127.0.0.1",
        validate=validate.Length(1),
        metadata=_doc("Where the console listens; `0.0.0.0` only inside a container"),
    )
    console_port = ma.Integer(
        load_default=8001, validate=validate.Range(0, 65535), metadata=_doc("Port of the console")
    )
    flower_host = ma.String(
        load_default="127.0.0.1",
        validate=validate.Length(1),
        metadata=_doc("Where Flower listens; `0.0.0.0` only inside a container"),
    )
    flower_port = ma.Integer(
        load_default=5555, validate=validate.Range(0, 65535), metadata=_doc("Port of Flower")
    )
    web_concurrency = ma.Integer(
        load_default=1, validate=validate.Range(1, 64), metadata=_doc("Ingress processes")
    )
    web_threads = ma.Integer(
        load_default=16,
        validate=validate.Range(1, 256),
        metadata=_doc("Threads of each ingress process"),
    )
    worker_concurrency = ma.Integer(
        validate=validate.Range(1, 512),
        metadata=_doc("Threads of a worker; by default 2 (inbox), 32 (koji), 4 (mixpanel)"),
    )
    bridge_routes = ma.String(
        load_default="routes.toml", metadata=_doc("Which cohort goes to which study")
    )
    max_body_bytes = ma.Integer(
        load_default=10_000_000,
        validate=validate.Range(min=1000),
        metadata=_doc("Larger request bodies get 413"),
    )
    mixpanel_webhook_credentials = UserPasswords(
        required=True,
        metadata=_doc(
            "`user:password[,user:password]` of Mixpanel's webhook connection; "
            "two while one is rotated"
        ),
    )
    koji_webhook_secrets = CommaList(
        required=True,
        metadata=_doc("Signing secrets of Koji's webhook, comma-separated; any may match"),
    )
    koji_signature_scheme = ma.String(
        load_default="hmac_hex",
        validate=validate.OneOf(SIGNATURE_SCHEMES),
        metadata=_doc("`hmac_hex`, `hmac_base64`, `hmac_ts_hex`, `stripe` or `standard`"),
    )
    koji_signature_header = ma.String(
        load_default="X-Koji-Signature",
        validate=validate.Length(1),
        metadata=_doc("Header that holds the signature"),
    )
    koji_timestamp_header = ma.String(
        load_default="X-Koji-Timestamp",
        validate=validate.Length(1),
        metadata=_doc("Header that holds the time, where the scheme has one"),
    )
    koji_tolerance_seconds = ma.Integer(
        load_default=300,
        validate=validate.Range(min=1),
        metadata=_doc("Greatest age of a signed time, either way"),
    )
    koji_webhook_setup = ma.Boolean(
        load_default=False,
        metadata=_doc(
            "`1` answers 200 to an unsigned ping that carries no "
            "interview, while the webhook is set up in Koji"
        ),
    )
    koji_base_url = BaseUrl(load_default="https://koji.so", metadata=_doc("Koji's API"))
    koji_api_key = ma.String(metadata=_doc("Needed unless every route names another `api_key_env`"))
    koji_rate_limit = RateField(
        load_default=Rate(60, 60), metadata=_doc("Per API key, shared by the whole fleet")
    )
    koji_start_profile = ma.String(
        load_default="union",
        validate=validate.OneOf(["nested", "flat", "union"]),
        metadata=_doc("Shape of the start request: `nested`, `flat` or both"),
    )
    koji_timeout_seconds = ma.Float(
        load_default=20, validate=_POSITIVE, metadata=_doc("Longest wait for Koji's answer")
    )
    mixpanel_api_host = BaseUrl(
        load_default="https://api.mixpanel.com",
        metadata=_doc(
            "Ingestion; `https://api-eu.mixpanel.com` or `https://api-in.mixpanel.com` elsewhere"
        ),
    )
    mixpanel_query_host = BaseUrl(
        load_default="https://mixpanel.com",
        metadata=_doc(
            "Cohort export and deletions; `https://eu.mixpanel.com`, `https://in.mixpanel.com`"
        ),
    )
    mixpanel_project_token = ma.String(
        required=True,
        validate=validate.Length(1),
        metadata=_doc("Token of the project that results go to"),
    )
    mixpanel_project_id = ma.String(metadata=_doc("Needed with a service account"))
    mixpanel_service_account = UserPassword(
        metadata=_doc("`username:secret`; used for `/import` and the cohort export where set")
    )
    mixpanel_gdpr_token = ma.String(
        metadata=_doc(
            "OAuth token with which `erase` asks Mixpanel for a deletion; from Mixpanel's "
            "Profile & Preferences, Data & Privacy. It expires after a year"
        )
    )
    mixpanel_timeout_seconds = ma.Float(
        load_default=20, validate=_POSITIVE, metadata=_doc("Longest wait for Mixpanel's answer")
    )
    members_api_tokens = CommaList(
        load_default=(), metadata=_doc("Bearer tokens of `POST /members`; none = the route is off")
    )
    console_credentials = UserPassword(
        metadata=_doc("`user:password`; without it the console does not start")
    )
    flower_basic_auth = UserPassword(
        metadata=_doc("`user:password`; without it Flower does not start")
    )
    lease_seconds = ma.Float(
        load_default=30,
        validate=validate.Range(min=1),
        metadata=_doc("How long a claimed entry stays with a worker that went silent"),
    )
    max_attempts = ma.Integer(
        load_default=12,
        validate=validate.Range(min=1),
        metadata=_doc("Failed attempts before an entry becomes a dead letter"),
    )
    backoff_base_seconds = ma.Float(
        load_default=2,
        validate=_POSITIVE,
        metadata=_doc("First retry delay; doubles up to an hour, with jitter"),
    )
    copy_settle_seconds = ma.Float(
        load_default=90,
        validate=_POSITIVE,
        metadata=_doc(
            "A whole copy of a cohort that does not say how many pages it has counts as whole "
            "once no further page came for so long"
        ),
    )
    unmatched_days = ma.Float(
        load_default=7,
        validate=validate.Range(min=0),
        metadata=_doc(
            "How long a result of somebody unidentified is kept, in case their cohort comes; `0` = "
            "not at all"
        ),
    )
    keep_done_days = ma.Float(
        load_default=30,
        validate=validate.Range(min=1),
        metadata=_doc("How long finished payloads, writes and cancelled people are remembered"),
    )
    keep_dead_days = ma.Float(
        load_default=180,
        validate=validate.Range(min=1),
        metadata=_doc("How long dead letters are kept"),
    )
    allow_insecure_partners = ma.Boolean(
        load_default=False, metadata=_doc("`1` allows plain http:// to hosts other than loopback")
    )
    sentry_dsn = ma.String(metadata=_doc("Sentry project; nothing personal is sent"))
    otel_exporter_otlp_endpoint = BaseUrl(
        metadata=_doc(
            "OpenTelemetry collector (OTLP over HTTP, such as `http://localhost:4318`) that traces "
            "go to; nothing personal is sent"
        )
    )
    log_level = ma.String(
        load_default="INFO",
        validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
        metadata=_doc("DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    )
    log_format = ma.String(
        load_default="json",
        validate=validate.OneOf(["json", "pretty"]),
        metadata=_doc("`json` lines or `pretty` for a terminal"),
    )

    @validates_schema(skip_on_field_errors=False)
    def _contradictions(self, data: dict[str, Any], **_: Any) -> None:
        problems: dict[str, list[str]] = {}
        if "mixpanel_service_account" in data and "mixpanel_project_id" not in data:
            problems["mixpanel_project_id"] = ["Must be set when MIXPANEL_SERVICE_ACCOUNT is."]
        if not data.get("allow_insecure_partners"):
            for name in ("koji_base_url", "mixpanel_api_host", "mixpanel_query_host"):
                url = data.get(name, "https://")
                if urlsplit(url).scheme == "http" and not is_loopback(url):
                    problems[name] = [
                        "Must be https:// (plain http: loopback, or ALLOW_INSECURE_PARTNERS=1)."
                    ]
        if data.get("koji_webhook_secrets") == ():
            problems["koji_webhook_secrets"] = ["Must hold at least one secret."]
        if data.get("mixpanel_webhook_credentials") == ():
            problems["mixpanel_webhook_credentials"] = ["Must hold at least one user:password."]
        if data.get("koji_signature_scheme") == "standard":
            bad = [
                secret for secret in data.get("koji_webhook_secrets", ()) if not is_base64(secret)
            ]
            if bad:
                problems["koji_webhook_secrets"] = [
                    f"{len(bad)} of them: not base64, as KOJI_SIGNATURE_SCHEME=standard needs."
                ]
        if problems:
            raise ValidationError(problems)
