"""`send-test`, its samples and signatures, against ingress itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from click.testing import CliRunner
from structlog.testing import capture_logs
from werkzeug.datastructures import Headers

from common.ledger import INBOX
from common.messages import CohortPage, InterviewResult
from common.stored import decode
from ingress.app import make_app
from ingress.errors import RefusedError
from ingress.verification import verify
from ops.cli import cli
from ops.session import Session
from ops.signing import sign
from tests.unit.ops.test_doctor import Partner, web_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config
    from common.ledger import Ledger
    from common.settings import Settings

SCHEMES = ("hmac_hex", "hmac_base64", "hmac_ts_hex", "stripe", "standard")
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_SECONDS = 1_780_056_000


def with_scheme(settings: Settings, scheme: str) -> Settings:
    secrets = (STANDARD_SECRET, "b3RoZXI=") if scheme == "standard" else ("sécret", "other")
    return replace(settings, koji_signature_scheme=scheme, koji_webhook_secrets=secrets)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_ingress_accepts_what_we_sign(config: Config, scheme: str) -> None:
    settings = with_scheme(config.settings, scheme)
    headers = sign(settings, b'{"a": 1}', now_seconds=NOW_SECONDS, delivery_id="msg_1")
    verify(Headers(headers), b'{"a": 1}', settings, NOW_SECONDS + 1)
    with pytest.raises(RefusedError):
        verify(Headers(headers), b'{"a": 2}', settings, NOW_SECONDS + 1)


def test_signatures_are_those_that_others_publish(config: Config) -> None:
    """The samples of GitHub's and Standard Webhooks' documentation."""
    github = replace(config.settings, koji_webhook_secrets=("It's a Secret to Everybody",))
    assert sign(github, b"Hello, World!", now_seconds=1, delivery_id="") == {
        "X-Koji-Signature": "sha256="
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }
    standard = with_scheme(config.settings, "standard")
    assert sign(
        standard,
        b'{"test": 2432232314}',
        now_seconds=1614265330,
        delivery_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    ) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_an_unknown_scheme_is_an_error(config: Config) -> None:
    settings = replace(config.settings, koji_signature_scheme="rot13")
    with pytest.raises(ValueError, match="rot13"):
        sign(settings, b"", now_seconds=1, delivery_id="")


@pytest.fixture
def send(
    session: Session, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run `send-test --json` against an ingress in this process."""

    def send_it(*arguments: str, scheme: str = "hmac_hex") -> tuple[int, dict[str, Any]]:
        settings = with_scheme(session.config.settings, scheme)
        here = Session(replace(session.config, settings=settings), ledger)
        client = make_app(here.config, ledger, lambda: None).test_client()

        class Here:
            def call(self, method: str, url: str, **options: Any) -> requests.Response:
                assert url.startswith("http://127.0.0.1:8000/webhooks/")
                options.pop("timeout_seconds")
                request = requests.Request(method, url, **options).prepare()
                answer = client.open(
                    request.path_url,
                    method=method,
                    headers=[*request.headers.items()],
                    data=request.body,
                )
                response = requests.Response()
                response.status_code, response._content = answer.status_code, answer.data
                return response

        monkeypatch.setattr("ops.commands.send_test.Web", Here)
        with capture_logs():  # ingress logs to stdout until it is told otherwise
            result = CliRunner().invoke(cli, ["send-test", *arguments, "--json"], obj=here)
        return result.exit_code, json.loads(result.stdout)

    return send_it


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_koji_ping_is_ignored_and_stores_nothing(
    send: Callable[..., Any], ledger: Ledger, scheme: str
) -> None:
    assert send("koji", scheme=scheme) == (
        0,
        {
            "url": "http://127.0.0.1:8000/webhooks/koji",
            "status": 200,
            "body": {"status": "ignored"},
        },
    )
    assert ledger.claim(INBOX, most=1, lease_ms=1000)[0] == []


def test_a_koji_result_is_anonymous_so_that_nothing_reaches_mixpanel(
    send: Callable[..., Any], ledger: Ledger
) -> None:
    code, told = send("koji", "--result", "--route", "churned")
    assert (code, told["body"]) == (0, {"status": "accepted"})
    (claim,), _ = ledger.claim(INBOX, most=1, lease_ms=1000)
    result = decode(claim.value)
    assert isinstance(result, InterviewResult)
    assert result.anonymous
    assert result.study_id == "st_churn"


@pytest.mark.parametrize("route", ["activation", "churned"])
def test_a_mixpanel_page_has_no_members(
    send: Callable[..., Any], ledger: Ledger, route: str
) -> None:
    code, told = send("mixpanel", "--route", route)
    assert (code, told["body"]) == (0, {"action": "add_members", "status": "success"})
    (claim,), _ = ledger.claim(INBOX, most=1, lease_ms=1000)
    page = decode(claim.value)
    assert isinstance(page, CohortPage)
    assert (page.route, page.members) == (route, [])


def answered_by(answer: Any, monkeypatch: pytest.MonkeyPatch) -> Partner:
    partner = Partner(lambda _: answer)
    monkeypatch.setattr("ops.commands.send_test.Web", lambda: web_of(partner))
    return partner


def test_any_answer_but_200_exits_1(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_by(401, monkeypatch)
    result = run("send-test", "koji")
    assert result.exit_code == 1
    assert "answered 401" in result.stdout


def test_no_answer_exits_1_and_says_where_it_looked(
    run: Callable[..., Any], run_json: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_by(requests.ConnectionError("refused"), monkeypatch)
    result = run("send-test", "mixpanel", "--url", "http://127.0.0.1:9/")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "No answer from http://127.0.0.1:9/webhooks/mixpanel/cohorts" in result.stderr
    code, told = run_json("send-test", "koji")
    assert (code, told["status"], told["error"]) == (1, None, "no answer: ConnectionError")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["mixpanel", "--result"], 2), (["hubspot"], 2), (["koji", "--route", "nope"], 1)],
)
def test_wrong_usage(run: Callable[..., Any], arguments: list[str], code: int) -> None:
    result = run("send-test", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
