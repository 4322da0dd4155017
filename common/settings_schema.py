"""Every environment variable: its name, default, check and one line of documentation.

`.env.example` and the README's table are checked against this list by a test.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, validate, validates_schema
from marshmallow import fields as ma

from common.mail_settings import MailSettings
from common.partner_settings import PartnerSettings
from common.retention_days import Days
from common.setting_fields import (
    POSITIVE,
    BaseUrl,
    CommaList,
    DaysField,
    RedisUrl,
    UserPassword,
    broker_problems,
    doc,
    is_base64,
    is_loopback,
)


class _Serving(Schema):
    """Where Redis is, and where we listen."""

    redis_url = RedisUrl(
        load_default="redis://127.0.0.1:6379/0",
        metadata=doc(
            "The ledger; `rediss://` for TLS, `user:password@` for ACL, "
            "`sentinel://host:port,host:port/master` for Sentinel, "
            "`redis+cluster://host:port,host:port` for a cluster (docs/redis.md)"
        ),
    )
    broker_url = RedisUrl(
        metadata=doc("Another Redis for Celery's queues; by default that of `REDIS_URL`")
    )
    host = ma.String(load_default="0.0.0.0", metadata=doc("Where ingress listens"))  # noqa: S104
    port = ma.Integer(
        load_default=8000, validate=validate.Range(0, 65535), metadata=doc("Port of ingress")
    )
    console_host = ma.String(
        load_default="127.0.0.1",
        validate=validate.Length(1),
        metadata=doc("Where the console listens; `0.0.0.0` only inside a container"),
    )
    console_port = ma.Integer(
        load_default=8001, validate=validate.Range(0, 65535), metadata=doc("Port of the console")
    )
    flower_host = ma.String(
        load_default="127.0.0.1",
        validate=validate.Length(1),
        metadata=doc("Where Flower listens; `0.0.0.0` only inside a container"),
    )
    flower_port = ma.Integer(
        load_default=5555, validate=validate.Range(0, 65535), metadata=doc("Port of Flower")
    )
    web_concurrency = ma.Integer(
        load_default=1, validate=validate.Range(1, 64), metadata=doc("Ingress processes")
    )
    web_threads = ma.Integer(
        load_default=16,
        validate=validate.Range(1, 256),
        metadata=doc("Threads of each ingress process"),
    )
    worker_concurrency = ma.Integer(
        validate=validate.Range(1, 512),
        metadata=doc("Threads of a worker; by default 2 (inbox), 20 (koji), 4 (mixpanel)"),
    )
    bridge_routes = ma.String(
        load_default="routes.toml", metadata=doc("Which cohort goes to which study")
    )
    max_body_bytes = ma.Integer(
        load_default=10_000_000,
        validate=validate.Range(min=1000),
        metadata=doc("Larger request bodies get 413"),
    )


class _Working(Schema):
    """Who gets in, how work is done, what is kept and told."""

    members_api_tokens = CommaList(
        load_default=(), metadata=doc("Bearer tokens of `POST /members`; none = the route is off")
    )
    console_credentials = UserPassword(
        metadata=doc("`user:password`; without it the console does not start")
    )
    flower_basic_auth = UserPassword(
        metadata=doc("`user:password`; without it Flower does not start")
    )
    lease_seconds = ma.Float(
        load_default=10,
        validate=validate.Range(min=1),
        metadata=doc("How long a claimed entry stays with a worker that went silent"),
    )
    max_attempts = ma.Integer(
        load_default=12,
        validate=validate.Range(min=1),
        metadata=doc("Failed attempts before an entry becomes a dead letter"),
    )
    backoff_base_seconds = ma.Float(
        load_default=2,
        validate=POSITIVE,
        metadata=doc("First retry delay; doubles up to an hour, with jitter"),
    )
    copy_settle_seconds = ma.Float(
        load_default=90,
        validate=POSITIVE,
        metadata=doc(
            "A whole copy of a cohort that does not say how many pages it has counts as whole "
            "once no further page came for so long"
        ),
    )
    unmatched_days = ma.Float(
        load_default=7,
        validate=validate.Range(min=0),
        metadata=doc(
            "How long a result of somebody unidentified is kept, in case their cohort comes; `0` = "
            "not at all"
        ),
    )
    keep_done_days = DaysField(
        load_default=Days(30),
        metadata=doc(
            "How long finished payloads and writes, cancelled people, and details of those started "
            "are remembered; lanes may differ: `30,inbox=7,invitations=90`"
        ),
    )
    keep_dead_days = DaysField(
        load_default=Days(180),
        metadata=doc("How long dead letters are kept; lanes may differ: `180,inbox=14`"),
    )
    allow_insecure_partners = ma.Boolean(
        load_default=False, metadata=doc("`1` allows plain http:// to hosts other than loopback")
    )
    sentry_dsn = ma.String(metadata=doc("Sentry project; nothing personal is sent"))
    otel_exporter_otlp_endpoint = BaseUrl(
        metadata=doc(
            "OpenTelemetry collector (OTLP over HTTP, such as `http://localhost:4318`) that traces "
            "go to; nothing personal is sent"
        )
    )
    log_level = ma.String(
        load_default="INFO",
        validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
        metadata=doc("DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    )
    log_format = ma.String(
        load_default="json",
        validate=validate.OneOf(["json", "pretty"]),
        metadata=doc("`json` lines or `pretty` for a terminal"),
    )


class SettingsSchema(_Working, MailSettings, PartnerSettings, _Serving):
    """The environment as it may be; the attribute is the variable's name in lower case.

    marshmallow lists the variables of the last base first.
    """

    class Meta:
        """The environment is full of other people's variables."""

        unknown = EXCLUDE

    @validates_schema(skip_on_field_errors=False)
    def _contradictions(self, data: dict[str, Any], **_: Any) -> None:
        problems: dict[str, list[str]] = {**broker_problems(data)}
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
