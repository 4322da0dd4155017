"""Each variable's check, and what contradicts what."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from common.rates import Rate
from common.setting_fields import is_loopback
from common.settings_schema import SettingsSchema

RIGHT = {
    "mixpanel_webhook_credentials": "mixpanel:secret",
    "koji_webhook_secrets": "koji_test_secret",
    "mixpanel_project_token": "token",
}


def load(**values: str) -> dict[str, Any]:
    found: dict[str, Any] = SettingsSchema().load({**RIGHT, **values})
    return found


def refused(**values: str) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        load(**values)
    return dict(caught.value.normalized_messages())


def test_every_variable_has_a_line_of_documentation() -> None:
    fields = SettingsSchema().fields.items()
    assert [name for name, field in fields if not field.metadata.get("doc")] == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("koji_webhook_secrets", " a, b ,,c", ("a", "b", "c")),
        ("members_api_tokens", "one", ("one",)),
        ("console_credentials", "ann:a:b", ("ann", "a:b")),
        ("flower_basic_auth", " ann:pw ", ("ann", "pw")),
        ("mixpanel_webhook_credentials", "a:1, b:2,", (("a", "1"), ("b", "2"))),
        ("koji_rate_limit", "5/second", Rate(5, 1)),
        ("koji_base_url", "https://koji.example/base/", "https://koji.example/base"),
        ("redis_url", "rediss://ann:pw@redis:6380/1", "rediss://ann:pw@redis:6380/1"),
        ("redis_url", "sentinel://one:26379,two/main", "sentinel://one:26379,two/main"),
        ("port", "0", 0),
        ("port", "65535", 65535),
        ("koji_webhook_setup", "1", True),
        ("koji_webhook_setup", "false", False),
        ("lease_seconds", "1.5", 1.5),
        ("log_format", "pretty", "pretty"),
    ],
)
def test_a_value_is_read(name: str, value: str, expected: Any) -> None:
    assert load(**{name: value})[name] == expected


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("console_credentials", "ann", "user:password"),
        ("console_credentials", ":pw", "user:password"),
        ("flower_basic_auth", "ann:", "user:password"),
        ("mixpanel_webhook_credentials", "a:1,b", "user:password"),
        ("mixpanel_webhook_credentials", ",", "at least one user:password"),
        ("koji_webhook_secrets", " , ", "at least one secret"),
        ("koji_rate_limit", "60 a minute", "60/minute"),
        ("koji_rate_limit", "0/minute", "60/minute"),
        ("koji_base_url", "koji.so", "https://koji.so"),
        ("koji_base_url", "ftp://koji.so", "https://koji.so"),
        ("mixpanel_api_host", "https://", "https://koji.so"),
        ("mixpanel_query_host", "https://mixpanel.com?a=b", "https://koji.so"),
        ("koji_base_url", "https://[koji.so", "https://koji.so"),
        ("koji_base_url", "https://koji.so:https", "https://koji.so"),
        ("koji_base_url", "https://koji.so:99999", "https://koji.so"),
        ("redis_url", "localhost:6379", "redis://, rediss://, sentinel://, redis+cluster://"),
        (
            "redis_url",
            "unix:///run/redis.sock",
            "redis://, rediss://, sentinel://, redis+cluster://",
        ),
        ("redis_url", "redis://redis:port/0", "Port could not be"),
        ("redis_url", "redis://redis:0/0", "1 to 65535"),
        ("redis_url", "sentinel://one:26379", "/master"),
        ("redis_url", "redis+cluster://one/1", "no database other than 0"),
        ("redis_url", "redis+cluster://one:0", "host:port"),
        ("broker_url", "redis+cluster://one", "Celery's queues need a single Redis"),
        ("port", "65536", "65535"),
        ("port", "-1", "0"),
        ("web_threads", "0", "1"),
        ("koji_timeout_seconds", "0", "greater than 0"),
        ("max_attempts", "0", "1"),
        ("keep_dead_days", "0.5", "1"),
        ("koji_signature_scheme", "md5", "hmac_hex"),
        ("koji_start_profile", "both", "union"),
        ("log_level", "info", "INFO"),
        ("log_format", "xml", "pretty"),
        ("koji_webhook_setup", "perhaps", "boolean"),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(name: str, value: str, told: str) -> None:
    found = refused(**{name: value})
    assert list(found) == [name]
    assert told in str(found[name])


# --- contradictions ---


def test_a_service_account_needs_a_project() -> None:
    assert refused(mixpanel_service_account="robot:secret") == {
        "mixpanel_project_id": ["Must be set when MIXPANEL_SERVICE_ACCOUNT is."]
    }


def test_a_service_account_with_its_project_is_right() -> None:
    found = load(mixpanel_service_account="robot:secret", mixpanel_project_id="12")
    assert found["mixpanel_service_account"] == ("robot", "secret")


@pytest.mark.parametrize("name", ["koji_base_url", "mixpanel_api_host", "mixpanel_query_host"])
@pytest.mark.parametrize("scheme", ["http", "HTTP", "Http"])
def test_plain_http_is_refused_beyond_this_machine(name: str, scheme: str) -> None:
    found = refused(**{name: f"{scheme}://partner.example"})
    assert list(found) == [name]
    assert "ALLOW_INSECURE_PARTNERS=1" in str(found)


@pytest.mark.parametrize(
    ("url", "insecure"),
    [
        ("http://127.0.0.1:9000", "0"),
        ("http://localhost:9000", "0"),
        ("https://partner.example", "0"),
        ("http://partner.example", "1"),
    ],
)
def test_plain_http_is_allowed_on_loopback_or_by_decision(url: str, insecure: str) -> None:
    assert load(koji_base_url=url, allow_insecure_partners=insecure)["koji_base_url"] == url


def test_contradictions_are_told_beside_wrong_values() -> None:
    found = refused(port="eighty", mixpanel_service_account="a:b", koji_base_url="http://k.example")
    assert sorted(found) == ["koji_base_url", "mixpanel_project_id", "port"]


@pytest.mark.parametrize("secret", ["c2VjcmV0", "whsec_c2VjcmV0"])
def test_the_standard_scheme_takes_base64_secrets(secret: str) -> None:
    found = load(koji_signature_scheme="standard", koji_webhook_secrets=secret)
    assert found["koji_webhook_secrets"] == (secret,)


@pytest.mark.parametrize("bad", ["not base64", "whsec_", "abc"])
def test_the_standard_scheme_refuses_other_secrets_without_telling_them(bad: str) -> None:
    found = refused(koji_signature_scheme="standard", koji_webhook_secrets=f"c2VjcmV0,{bad}")
    assert found == {
        "koji_webhook_secrets": ["1 of them: not base64, as KOJI_SIGNATURE_SCHEME=standard needs."]
    }


@pytest.mark.parametrize("scheme", ["hmac_hex", "hmac_base64", "hmac_ts_hex", "stripe"])
def test_the_other_schemes_take_any_secret(scheme: str) -> None:
    assert load(koji_signature_scheme=scheme)["koji_signature_scheme"] == scheme


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1", True),
        ("http://127.9.9.9:80/x", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("http://koji.localhost", True),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("http://localhost.example", False),
        ("http://127.0.0.1.example", False),
        ("http://notlocalhost", False),
        ("", False),
    ],
)
def test_an_address_stays_on_this_machine_or_does_not(url: str, expected: bool) -> None:  # noqa: FBT001
    assert is_loopback(url) is expected


def test_a_cluster_needs_a_broker_beside_it() -> None:
    cluster = "redis+cluster://one:7000,two"
    told = refused(redis_url=cluster)
    assert "Must be set while REDIS_URL is a cluster" in str(told["broker_url"])
    assert load(redis_url=cluster, broker_url="redis://three")["redis_url"] == cluster
