"""`doctor` and its checks."""

from __future__ import annotations

import json
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest
import requests
from click.testing import CliRunner
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from requests.adapters import BaseAdapter

from common.ledger import INBOX, Ledger
from common.ledger.pauses import Pauses
from common.ledger.ticks import TICKED_AT, note_tick
from ops.checks.clocks import Clocks
from ops.checks.partners import check_koji, check_mixpanel
from ops.checks.redis_server import check_redis
from ops.checks.settings import check_settings
from ops.cli import cli
from ops.session import Session
from ops.web import Web

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from common.config import Config
    from ops.checks import Check
    from tests.unit.ops.conftest import Book

GOOD_INFO = {
    "redis_version": "6.2.14",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "maxmemory_policy": "noeviction",
    "used_memory": 1_000_000,
    "maxmemory": 100_000_000,
}
EVERY_QUEUE = [{"name": name} for name in ("inbox", "koji", "mixpanel", "clock")]


class GoodRedis(fakeredis.FakeRedis):
    """A Redis that also tells about itself."""

    told: dict[str, Any] = GOOD_INFO
    appendfsync = "always"

    def info(self, *_: Any, **__: Any) -> Any:
        return self.told

    def config_get(self, *_: Any, **__: Any) -> Any:
        if not self.appendfsync:
            raise ResponseError("unknown command `CONFIG`")
        return {"appendfsync": self.appendfsync}


class Partner(BaseAdapter):
    """Answers by a function of the request."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], Any]) -> None:
        super().__init__()
        self.answer = answer
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.requests.append(request)
        found = self.answer(request)
        if isinstance(found, Exception):
            raise found
        status, headers = found if isinstance(found, tuple) else (found, {})
        response = requests.Response()
        response.status_code = status
        response._content = b"{}"
        response.headers.update({"Content-Type": "application/json", **headers})
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Nothing is open."""


def web_of(partner: Partner) -> Web:
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", partner)
    session.mount("https://", partner)
    return Web(session)


def by_key(good: str, status: Any) -> Callable[[requests.PreparedRequest], Any]:
    def answer(request: requests.PreparedRequest) -> Any:
        return status if request.headers.get("Authorization") == f"Bearer {good}" else 401

    return answer


class Workers:
    """A Celery app of which only the inspection is used."""

    def __init__(self, answers: dict[str, Any] | None) -> None:
        self.answers = answers
        self.control = self

    def inspect(self, timeout: float) -> Workers:
        assert timeout <= 1
        return self

    def active_queues(self) -> dict[str, Any] | None:
        return self.answers


@pytest.fixture
def healthy(config: Config, monkeypatch: pytest.MonkeyPatch) -> Session:
    """All is well; what a test breaks is the only thing wrong."""
    date = {"Date": formatdate(usegmt=True)}

    def answer(request: requests.PreparedRequest) -> Any:
        if "/import" in str(request.url):
            return 200, date
        return (404, date) if "Authorization" in request.headers else (401, date)

    monkeypatch.setattr("ops.commands.doctor.Web", lambda: web_of(Partner(answer)))
    workers = Workers({"inbox-1@host": EVERY_QUEUE})
    monkeypatch.setattr("ops.commands.doctor.make_celery", lambda _: workers)
    ledger = Ledger(GoodRedis())
    note_tick(ledger)
    return Session(config, ledger)


def examine(session: Session) -> tuple[int, dict[str, dict[str, Any]]]:
    result = CliRunner().invoke(cli, ["doctor", "--json"], obj=session)
    document = json.loads(result.stdout)
    assert list(document) == ["checks"]
    for check in document["checks"]:
        assert list(check) == ["name", "ok", "detail"]
    return result.exit_code, {check["name"]: check for check in document["checks"]}


def test_all_is_well(healthy: Session) -> None:
    code, checks = examine(healthy)
    assert [name for name, check in checks.items() if not check["ok"]] == []
    assert code == 0
    assert set(checks) == {
        *("settings", "signature", "redis", "redis-version", "redis-persistence"),
        *("redis-eviction", "redis-memory", "redis-latency", "koji:KOJI_API_KEY", "koji:CHURN_KEY"),
        *("mixpanel:MIXPANEL_PROJECT_TOKEN", "workers", "beat", "inbox", "routes", "pauses"),
        "clock",
    }


def test_a_table_says_how_many_are_wrong(healthy: Session) -> None:
    assert "All is well." in CliRunner().invoke(cli, ["doctor"], obj=healthy).stderr
    Pauses(healthy.ledger.redis).pause("activation", "Koji answered HTTP 402")
    result = CliRunner().invoke(cli, ["doctor"], obj=healthy)
    assert result.exit_code == 1
    assert "NOT OK" in result.stdout
    assert "Koji answered HTTP 402" in result.stdout
    assert result.stderr == "1 of 17 checks found something.\n"


def test_no_secret_is_told(healthy: Session) -> None:
    output = CliRunner().invoke(cli, ["doctor", "--json"], obj=healthy).output
    for secret in ("pk_live", "a-token", "a-secret-of", "wörd"):
        assert secret not in output


def test_a_configuration_that_cannot_be_read_exits_2_with_every_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("KOJI_API_KEY", "KOJI_WEBHOOK_SECRETS", "MIXPANEL_PROJECT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORT", "many")
    result = CliRunner().invoke(cli, ["doctor", "--json"])
    assert result.exit_code == 2
    details = " ".join(check["detail"] for check in json.loads(result.stdout)["checks"])
    for name in ("PORT", "KOJI_WEBHOOK_SECRETS", "BRIDGE_ROUTES"):
        assert name in details
        assert name in result.stderr


def test_without_redis_the_partners_are_checked_all_the_same(healthy: Session) -> None:
    class Away(GoodRedis):
        def ping(self, **_: Any) -> Any:
            raise RedisConnectionError("Connection refused.")

    code, checks = examine(Session(healthy.config, Ledger(Away())))
    assert code == 1
    assert not checks["redis"]["ok"]
    assert "redis://127.0.0.1:1/0" in checks["redis"]["detail"]
    assert checks["koji:KOJI_API_KEY"]["ok"]
    assert "workers" not in checks


@pytest.mark.parametrize(
    ("name", "told", "appendfsync", "ok", "word"),
    [
        ("redis-version", {"redis_version": "5.0.14"}, "always", False, "6.2"),
        ("redis-version", {"redis_version": "8.0.1"}, "always", True, "8.0.1"),
        ("redis-persistence", {"aof_enabled": 0}, "always", False, "appendonly yes"),
        ("redis-persistence", {"aof_last_write_status": "err"}, "always", False, "disk"),
        ("redis-persistence", {}, "everysec", True, "last second"),
        ("redis-persistence", {}, "no", False, "appendfsync always"),
        ("redis-persistence", {}, "", True, "cannot be read here"),
        ("redis-eviction", {"maxmemory_policy": "allkeys-lru"}, "always", False, "noeviction"),
        ("redis-memory", {"used_memory": 95_000_000}, "always", False, "give Redis more"),
        ("redis-memory", {"maxmemory": 0, "total_system_memory": 8_000_000}, "", True, "machine"),
        ("redis-memory", {"maxmemory": 0}, "", True, "1 MB used"),
    ],
)
def test_redis_is_judged(
    config: Config, name: str, told: dict[str, Any], appendfsync: str, word: str, *, ok: bool
) -> None:
    redis = GoodRedis()
    redis.told, redis.appendfsync = {**GOOD_INFO, **told}, appendfsync
    check = next(one for one in check_redis(config, redis) if one.name == name)
    assert check.ok is ok
    assert word in check.detail


def test_a_slow_redis_is_told(config: Config) -> None:
    now = iter(n * 0.2 for n in range(100))
    *_, latency = check_redis(config, GoodRedis(), lambda: next(now))
    assert (latency.name, latency.ok) == ("redis-latency", False)
    assert "200.0 ms" in latency.detail


# --- partners ---------------------------------------------------------------------------------


def koji(config: Config, answer: Callable[[requests.PreparedRequest], Any]) -> Check:
    return next(iter(check_koji(config, web_of(Partner(answer)), lambda *_: None)))


@pytest.mark.parametrize(
    ("answer", "ok", "word"),
    [
        (by_key("pk_live_activation", 404), True, "accepts"),
        (by_key("pk_live_activation", 200), True, "accepts"),
        (by_key("pk_live_activation", 400), True, "accepts"),
        (by_key("another", 404), False, "HTTP 401"),
        (by_key("pk_live_activation", 403), False, "interview:read"),
        (by_key("pk_live_activation", 503), False, "try again"),
        (by_key("pk_live_activation", 429), True, "rate limit"),
        (
            lambda _: (308, {"Location": "https://www.koji.so/api/v1/interviews/x"}),
            False,
            "set KOJI_BASE_URL to https://www.koji.so",
        ),
        (lambda _: 404, True, "nor proved good"),
        (lambda _: (404, {"Content-Type": "text/html"}), False, "not like Koji's API"),
        (lambda _: requests.ConnectionError("refused"), False, "KOJI_BASE_URL"),
    ],
)
def test_a_koji_key_is_judged(config: Config, answer: Any, word: str, *, ok: bool) -> None:
    check = koji(config, answer)
    assert check.name == "koji:KOJI_API_KEY"
    assert check.ok is ok
    assert word in check.detail


def test_koji_is_only_asked_to_read(config: Config) -> None:
    partner = Partner(by_key("pk_live_activation", 404))
    list(check_koji(config, web_of(partner), lambda *_: None))
    assert {request.method for request in partner.requests} == {"GET"}
    assert not any("/start" in str(request.url) for request in partner.requests)


@pytest.mark.parametrize(
    ("status", "ok", "word"),
    [
        (200, True, "accepts"),
        (400, True, "accepts"),
        (429, True, "rate limit"),
        (401, False, "MIXPANEL_API_HOST with the region"),
        (403, False, "refuses"),
        (404, False, "set MIXPANEL_API_HOST"),
        ((200, {"Content-Type": "text/html"}), False, "set MIXPANEL_API_HOST"),
        ((301, {"Location": "https://api-eu.mixpanel.com/import"}), False, "api-eu.mixpanel.com"),
        (502, False, "try again"),
        (requests.ConnectTimeout(), False, "no answer"),
    ],
)
def test_mixpanel_credentials_are_judged(
    config: Config, status: Any, word: str, *, ok: bool
) -> None:
    (check,) = check_mixpanel(config, web_of(Partner(lambda _: status)), lambda *_: None)
    assert check.ok is ok
    assert word in check.detail


def test_mixpanel_is_sent_no_event(config: Config) -> None:
    partner = Partner(lambda _: 200)
    list(check_mixpanel(config, web_of(partner), lambda *_: None))
    (request,) = partner.requests
    assert request.body == b"[]"
    assert request.headers["Authorization"] == requests.auth._basic_auth_str("a-token", "")


def test_a_service_account_is_tried_with_its_project(config: Config) -> None:
    settings = replace(
        config.settings, mixpanel_service_account=("robot", "sécret"), mixpanel_project_id="77"
    )
    partner = Partner(lambda _: 200)
    (check,) = check_mixpanel(replace(config, settings=settings), web_of(partner), lambda *_: None)
    assert check.name == "mixpanel:MIXPANEL_SERVICE_ACCOUNT"
    assert "project_id=77" in str(partner.requests[0].url)


# --- the rest ---------------------------------------------------------------------------------


def test_samples_left_in_the_settings_are_told(config: Config) -> None:
    settings = replace(config.settings, mixpanel_project_token="your-project-token")
    first, _ = check_settings(replace(config, settings=settings))
    assert not first.ok
    assert first.detail == "still as in .env.example: MIXPANEL_PROJECT_TOKEN"


@pytest.mark.parametrize(
    ("scheme", "secret", "hint"),
    [
        ("hmac_hex", "short", "under 16 characters"),
        ("hmac_hex", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "standard and stripe"),
        ("standard", "c2hvcnQ=", "at least 24 bytes"),
        ("stripe", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "stripe, 1 secret; try"),
    ],
)
def test_secrets_that_look_like_another_scheme_are_told(
    config: Config, scheme: str, secret: str, hint: str
) -> None:
    settings = replace(
        config.settings, koji_signature_scheme=scheme, koji_webhook_secrets=(secret,)
    )
    *_, check = check_settings(replace(config, settings=settings))
    assert check.ok
    assert hint in check.detail


@pytest.mark.parametrize(("ahead", "ok"), [(0.2, True), (-9, True), (60, False), (-60, False)])
def test_clocks_are_compared(ahead: float, *, ok: bool) -> None:
    clocks = Clocks()
    clocks.told("Redis", 1000.0, 1000.0 + ahead)
    assert clocks.check().ok is ok


def test_an_answer_without_a_date_says_nothing() -> None:
    clocks = Clocks()
    clocks.answered("Koji", requests.Response(), 0.0)
    assert clocks.check().ok


def test_before_the_first_start_missing_workers_are_no_problem(
    healthy: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.commands.doctor.make_celery", lambda _: Workers(None))
    code, checks = examine(healthy)
    assert (code, checks["workers"]["ok"]) == (0, True)
    assert "no worker answers" in checks["workers"]["detail"]


def test_missing_workers_are_a_problem_while_something_waits(
    healthy: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy.ledger.add(INBOX, [("k", b"{}")])
    workers = Workers({"koji-1@h": [{"name": "koji"}, {"name": "clock"}]})
    monkeypatch.setattr("ops.commands.doctor.make_celery", lambda _: workers)
    code, checks = examine(healthy)
    assert (code, checks["workers"]["ok"]) == (1, False)
    assert "inbox, deliveries, mixpanel" in checks["workers"]["detail"]


def test_a_beat_that_fell_silent_is_told_while_workers_answer(healthy: Session) -> None:
    healthy.ledger.redis.set(TICKED_AT, healthy.ledger.now_ms() - 11_000)
    code, checks = examine(healthy)
    assert (code, checks["beat"]["ok"]) == (1, False)
    assert "has not ticked for 11 s" in checks["beat"]["detail"]
    assert "python -m workers beat" in checks["beat"]["detail"]


def test_a_beat_that_was_never_started_is_told(healthy: Session) -> None:
    healthy.ledger.redis.delete(TICKED_AT)
    assert "never ticked" in examine(healthy)[1]["beat"]["detail"]


def test_before_the_first_start_a_silent_beat_is_no_problem(
    healthy: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy.ledger.redis.delete(TICKED_AT)
    monkeypatch.setattr("ops.commands.doctor.make_celery", lambda _: Workers(None))
    assert "beat" not in examine(healthy)[1]


def test_a_payload_that_nobody_unpacks_is_told(healthy: Session) -> None:
    healthy.ledger.add(INBOX, [("k", b"{}")], delay_ms=-120_000)
    code, checks = examine(healthy)
    assert (code, checks["inbox"]["ok"]) == (1, False)
    assert "worker-inbox" in checks["inbox"]["detail"]


def test_people_in_a_route_that_left_the_file_are_told(healthy: Session, book: Book) -> None:
    book.ledger = healthy.ledger
    book.invite(1, route="gone", study="st_gone")
    assert "gone (1)" in examine(healthy)[1]["routes"]["detail"]


def test_a_pause_by_hand_is_no_problem(healthy: Session) -> None:
    CliRunner().invoke(cli, ["pause", "activation"], obj=healthy)
    CliRunner().invoke(cli, ["pause", "mixpanel"], obj=healthy)
    code, checks = examine(healthy)
    assert (code, checks["pauses"]["detail"]) == (0, "by hand: activation, all writes")


def test_workers_that_cannot_be_asked_are_told(
    healthy: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unreachable(Workers):
        def active_queues(self) -> dict[str, Any] | None:
            raise OperationalError("gone")

    monkeypatch.setattr("ops.commands.doctor.make_celery", lambda _: Unreachable(None))
    assert "OperationalError" in examine(healthy)[1]["workers"]["detail"]


def test_a_redis_that_goes_away_meanwhile_is_told(
    healthy: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> Any:
        raise RedisConnectionError("gone")

    monkeypatch.setattr("ops.commands.doctor.check_fleet", gone)
    code, checks = examine(healthy)
    assert (code, checks["ledger"]["ok"]) == (1, False)
