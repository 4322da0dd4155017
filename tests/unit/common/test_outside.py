"""The network's proxies and certificates are used, a person's .netrc is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from common.outside import heed_environment

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://koji.test"
NAMES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def heeded(url: str = URL) -> requests.Session:
    session = requests.Session()
    heed_environment(session, url)
    return session


def test_without_anything_said_the_certificates_are_those_of_requests() -> None:
    session = heeded()
    assert (session.verify, session.proxies, session.trust_env) == (True, {}, False)


@pytest.mark.parametrize("name", NAMES)
def test_a_companys_certificates_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    own = tmp_path if name == "SSL_CERT_DIR" else tmp_path / "company.pem"
    if own != tmp_path:
        own.write_text("certificates")
    monkeypatch.setenv(name, str(own))
    assert heeded().verify == str(own)


def test_the_variable_of_requests_is_stronger_than_that_of_openssl(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        (tmp_path / name).write_text("certificates")
        monkeypatch.setenv(name, str(tmp_path / name))
    assert heeded().verify == str(tmp_path / "REQUESTS_CA_BUNDLE")


def test_a_proxy_is_used_but_for_what_is_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "inside.test")
    assert heeded().proxies["https"] == "http://proxy.test:3128"
    assert heeded("https://inside.test").proxies == {}


def test_no_password_of_a_netrc_goes_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine koji.test login ann password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    request = heeded().prepare_request(requests.Request("GET", URL))
    assert "Authorization" not in request.headers
