"""One call to a partner: what each answer, and each silence, means."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ProxyError
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import SSLError as RequestsSSLError
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError
from urllib3.exceptions import ProxyError as PoolProxyError

from common.errors import (
    AmbiguousError,
    LaterError,
    PartnerError,
    PermanentError,
    StopRouteError,
    TransientError,
)
from ops.local.ports import free_port
from tests.unit.workers.harness import NOW_SECONDS, Answer, FakePartner, respond
from workers.clients.http import call, failure, make_session, wait_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = NOW_SECONDS
URL = "https://koji.test/x"


def answered(status: int, body: Any = b"", **headers: str) -> PartnerError | None:
    request = requests.Request("POST", URL).prepare()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failure(respond(request, Answer(status, body, named)), now_seconds=NOW)


def kind(error: PartnerError | None) -> type[PartnerError] | None:
    return type(error) if error else None


# --- status codes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "statuses"),
    [
        (None, [200, 201, 202, 204, 299]),
        (StopRouteError, [300, 301, 302, 303, 304, 307, 308, 401, 402, 403]),
        (LaterError, [429]),
        (TransientError, [408, 425, 500, 501, 502, 503, 505, 520, 599]),
        (AmbiguousError, [504]),
        (PermanentError, [400, 404, 405, 409, 410, 413, 415, 418, 422, 451]),
    ],
)
def test_a_status_is_one_class_of_failure(
    expected: type[PartnerError] | None, statuses: list[int]
) -> None:
    for status in statuses:
        error = answered(status)
        assert kind(error) is expected, status
        assert error is None or error.status == status


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://www.koji.so/api?email=ann@example.com", "www.koji.so"),
        ("/elsewhere", "another address"),
        ("", "another address"),
    ],
)
def test_a_redirect_names_where_the_api_moved_to(location: str, host: str) -> None:
    error = answered(302, Location=location)
    assert str(error) == f"HTTP 302: the API moved to {host}; set the base URL to it"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": "rate_limited"}, "HTTP 400 rate_limited"),
        ({"error": "ann@example.com is unknown"}, "HTTP 400"),
        ({"error": {"code": "x"}}, "HTTP 400"),
        ({"error": "x" * 300}, "HTTP 400 " + "x" * 60),
        ({"message": "ann@example.com"}, "HTTP 400"),
        (["error"], "HTTP 400"),
        (b"<html>ann@example.com</html>", "HTTP 400"),
        (b"", "HTTP 400"),
    ],
)
def test_of_a_refusal_only_the_code_is_kept(body: Any, text: str) -> None:
    assert str(answered(400, body)) == text


# --- how long to wait ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan", "X-RateLimit-Reset": str(NOW + 5)}, 5),
        ({"X-RateLimit-Reset": str(NOW + 42)}, 42),
        ({"X-RateLimit-Reset": str(NOW - 42)}, 0),
        ({"X-RateLimit-Reset": "soon"}, None),
        ({"Retry-After": "7", "X-RateLimit-Reset": str(NOW + 42)}, 7),
    ],
)
def test_the_wait_is_retry_after_or_until_the_reset(
    headers: dict[str, str], expected: float | None
) -> None:
    assert wait_seconds(headers, NOW) == expected


@pytest.mark.parametrize(("status", "expected"), [(429, 42), (503, None), (400, None)])
def test_only_a_429_waits_for_the_reset_that_every_answer_names(
    status: int, expected: float | None
) -> None:
    error = answered(status, X_RateLimit_Reset=str(NOW + 42))
    assert error is not None
    assert error.retry_after_seconds == expected


def test_a_server_error_may_ask_for_a_wait() -> None:
    error = answered(503, Retry_After="12")
    assert error is not None
    assert error.retry_after_seconds == 12


@pytest.mark.usefixtures("clock")
def test_without_a_given_time_it_is_now() -> None:
    request = requests.Request("POST", URL).prepare()
    headers = {"X-RateLimit-Reset": str(NOW_SECONDS + 5)}
    error = failure(respond(request, Answer(429, headers=headers)))
    assert error is not None
    assert error.retry_after_seconds == 5


# --- no answer -------------------------------------------------------------------------------


def raised(error: Exception) -> PartnerError:
    """Return what a call makes of an error from below."""
    session = requests.Session()
    session.mount("https://", FakePartner(lambda _: Answer()))

    def fail(_: Any) -> Answer:
        raise error

    session.mount("https://", FakePartner(fail))
    with pytest.raises(PartnerError) as caught:
        call(session, "POST", URL, timeout_seconds=1)
    assert caught.value.__cause__ is error
    return caught.value


def pool_error(reason: Exception) -> MaxRetryError:
    return MaxRetryError(None, "/", reason)  # type: ignore[arg-type]


REFUSED = NewConnectionError(None, "refused")  # type: ignore[arg-type]
UNKNOWN = NameResolutionError("koji.test", None, socket.gaierror())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ConnectTimeout("slow"),
        RequestsConnectionError(pool_error(REFUSED)),
        RequestsConnectionError(pool_error(UNKNOWN)),
        ProxyError(pool_error(PoolProxyError("no proxy", REFUSED))),
    ],
    ids=["timeout", "refused", "unknown", "proxy"],
)
def test_a_connection_that_was_never_made_is_transient(error: Exception) -> None:
    assert kind(raised(error)) is TransientError


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ReadTimeout("slow"),
        RequestsConnectionError("reset"),
        RequestsConnectionError(),
        RequestsConnectionError(pool_error(OSError("reset"))),
        ProxyError(pool_error(PoolProxyError("reset", ConnectionResetError()))),
        ChunkedEncodingError("broken"),
        requests.exceptions.ContentDecodingError("broken"),
        requests.exceptions.TooManyRedirects("never"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_request_without_an_answer_is_ambiguous(error: Exception) -> None:
    assert kind(raised(error)) is AmbiguousError


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.InvalidHeader("ann@example.com"),
        UnicodeEncodeError("latin-1", "ā", 0, 1, "ann@example.com"),
        requests.exceptions.InvalidURL("ann@example.com"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_cannot_be_sent_at_all_is_bad_data(error: Exception) -> None:
    found = raised(error)
    assert isinstance(found, PermanentError)
    assert found.reason == "bad_data"


def test_the_text_of_a_failure_quotes_nothing() -> None:
    for error in (
        RequestsConnectionError("ann@example.com"),
        requests.exceptions.ReadTimeout("ann@example.com"),
        requests.exceptions.InvalidHeader("ann@example.com"),
        RequestsConnectionError(pool_error(NewConnectionError(None, "ann@example.com"))),  # type: ignore[arg-type]
    ):
        assert "example.com" not in str(raised(error))


def tls_failure(where: str) -> RequestsSSLError:
    """Return what requests raises when TLS breaks in a function of this name."""
    code = f"def {where}(): raise ssl.SSLEOFError(8, 'EOF occurred in violation of protocol')"
    names: dict[str, Any] = {"ssl": ssl}
    exec(code, names)  # noqa: S102 - our own line
    try:
        try:
            names[where]()
        except ssl.SSLError as exc:
            raise RequestsSSLError(pool_error(exc))  # noqa: B904 - as requests does
    except RequestsSSLError as exc:
        return exc


def test_tls_that_breaks_while_an_answer_is_read_is_ambiguous() -> None:
    assert kind(raised(tls_failure("read"))) is AmbiguousError


def test_tls_that_fails_before_anything_is_sent_is_transient() -> None:
    assert kind(raised(tls_failure("do_handshake"))) is TransientError


# --- over real sockets -----------------------------------------------------------------------


@contextmanager
def listener(act: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept one connection on a loopback port and do something with it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                act(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with make_session("http://127.0.0.1") as made:
        yield made


def attempt(
    session: requests.Session, port: int, *, scheme: str = "http", timeout_seconds: float = 5
) -> PartnerError:
    with pytest.raises(PartnerError) as caught:
        call(session, "POST", f"{scheme}://127.0.0.1:{port}/", timeout_seconds=timeout_seconds)
    return caught.value


def test_a_port_where_nobody_listens_is_transient(session: requests.Session) -> None:
    assert kind(attempt(session, free_port())) is TransientError


def test_a_server_that_hangs_up_without_a_word_is_ambiguous(session: requests.Session) -> None:
    with listener(lambda connection: connection.recv(10_000) and None) as port:
        assert kind(attempt(session, port)) is AmbiguousError


def test_a_server_that_says_nothing_is_ambiguous(session: requests.Session) -> None:
    done = threading.Event()
    with listener(lambda _: done.wait(10) and None) as port:
        error = attempt(session, port, timeout_seconds=0.05)
        done.set()
    assert kind(error) is AmbiguousError


def test_an_answer_cut_in_half_is_ambiguous(session: requests.Session) -> None:
    def half(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")

    with listener(half) as port:
        assert kind(attempt(session, port)) is AmbiguousError


@pytest.mark.parametrize("garbage", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_failed_tls_handshake_is_transient(session: requests.Session, garbage: bytes) -> None:
    def no_tls(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(garbage)

    with listener(no_tls) as port:
        assert kind(attempt(session, port, scheme="https")) is TransientError


class Redirecting(BaseHTTPRequestHandler):
    """Sends everybody on, with a cookie."""

    seen: list[tuple[str, str | None]]

    def do_POST(self) -> None:
        self.seen.append((self.path, self.headers.get("Cookie")))
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.send_header("Set-Cookie", "session=of-another-key; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


def test_a_redirect_is_not_followed_and_no_cookie_is_kept(session: requests.Session) -> None:
    Redirecting.seen = []
    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/a"
        try:
            answers = [call(session, "POST", url, timeout_seconds=5) for _ in range(2)]
        finally:
            server.shutdown()
            thread.join(10)
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Redirecting.seen == [("/a", None), ("/a", None)]


def test_proxies_are_those_of_the_environment_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = make_session("https://koji.test")
    assert made.proxies["https"] == "http://proxy.test:3128"
    assert make_session("https://127.0.0.1:9000").proxies == {}
    assert not made.trust_env


# --- what is sent ----------------------------------------------------------------------------


def test_calls_to_one_address_share_nothing_but_the_address() -> None:
    session, partner = make_session(URL), FakePartner(lambda _: Answer(200))
    session.mount("https://", partner)
    for number in (1, 22):
        body = b"x" * number
        call(session, "POST", URL, timeout_seconds=1, data=body, headers={f"X-{number}": "1"})
    call(session, "GET", URL, timeout_seconds=1, headers={"X-3": "1"})
    first, second, third = partner.requests
    assert (first.body, second.body, third.body) == (b"x", b"x" * 22, None)
    assert [r.headers.get("Content-Length") for r in (first, second)] == ["1", "22"]
    assert ["X-1" in r.headers for r in partner.requests] == [True, False, False]
    assert all("User-Agent" in r.headers for r in partner.requests)


@pytest.mark.parametrize("value", ["two\nlines", " begins with space"])
def test_a_header_that_cannot_be_sent_is_bad_data(value: str) -> None:
    session, partner = make_session(URL), FakePartner(lambda _: Answer(200))
    session.mount("https://", partner)
    with pytest.raises(PermanentError) as caught:
        call(session, "POST", URL, timeout_seconds=1, data=b"{}", headers={"X-Key": value})
    assert caught.value.reason == "bad_data"
    assert partner.requests == []
