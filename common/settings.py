"""What the environment says, as values: one field for each variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.rates import Rate
    from common.retention_days import Days


@dataclass(frozen=True)
class Settings:
    """One value for each variable of `SettingsSchema`; None where one without default is unset."""

    redis_url: str
    broker_url: str | None
    host: str
    port: int
    console_host: str
    console_port: int
    flower_host: str
    flower_port: int
    web_concurrency: int
    web_threads: int
    worker_concurrency: int | None
    bridge_routes: str
    max_body_bytes: int
    mixpanel_webhook_credentials: tuple[tuple[str, str], ...]
    koji_webhook_secrets: tuple[str, ...]
    koji_signature_scheme: str
    koji_signature_header: str
    koji_timestamp_header: str
    koji_tolerance_seconds: int
    koji_webhook_setup: bool
    koji_base_url: str
    koji_api_key: str | None
    koji_rate_limit: Rate
    koji_start_profile: str
    koji_timeout_seconds: float
    koji_link_keys: tuple[str, ...]
    mixpanel_api_host: str
    mixpanel_query_host: str
    mixpanel_project_token: str
    mixpanel_project_id: str | None
    mixpanel_service_account: tuple[str, str] | None
    mixpanel_gdpr_token: str | None
    mixpanel_queries_per_hour: int
    mixpanel_timeout_seconds: float
    smtp_host: str | None
    smtp_port: int
    smtp_security: str
    smtp_user: str | None
    smtp_password: str | None
    smtp_from: str | None
    smtp_timeout_seconds: float
    delivery_timeout_seconds: float
    members_api_tokens: tuple[str, ...]
    console_credentials: tuple[str, str] | None
    flower_basic_auth: tuple[str, str] | None
    lease_seconds: float
    max_attempts: int
    backoff_base_seconds: float
    copy_settle_seconds: float
    unmatched_days: float
    keep_done_days: Days
    keep_dead_days: Days
    allow_insecure_partners: bool
    sentry_dsn: str | None
    otel_exporter_otlp_endpoint: str | None
    log_level: str
    log_format: str
