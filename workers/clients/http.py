"""One HTTP call to a partner, its failure put into a word of `common.errors`.

Whether a request may have been carried out matters more than why it failed: a connection that
was never made is *transient*, a request without an answer is *ambiguous*.
"""

from __future__ import annotations

import math
import time
import traceback
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ConnectTimeout, InvalidHeader, RequestException
from requests.utils import check_header_validity, default_headers
from urllib3.exceptions import NameResolutionError, NewConnectionError

from common.errors import (
    AmbiguousError,
    LaterError,
    PartnerError,
    PermanentError,
    StopRouteError,
    TransientError,
)
from common.outside import heed_environment
from workers.clients.adapter import PartnerAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_TIMEOUT_SECONDS = 3.05
POOL_CONNECTIONS = 128
STOP_STATUSES = frozenset({401, 402, 403})
TRANSIENT_STATUSES = frozenset({408, 425})
GATEWAY_TIMEOUT = 504
TOO_MANY_REQUESTS = 429


def make_session(base_url: str) -> requests.Session:
    """Make a session with kept-alive connections; proxies and certificates are read once."""
    session = requests.Session()
    adapter = PartnerAdapter(pool_connections=4, pool_maxsize=POOL_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    heed_environment(session, base_url)
    # A partner's cookie would travel with other keys, and a shared jar is not safe between threads.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def call(
    session: requests.Session, method: str, url: str, *, timeout_seconds: float, **options: Any
) -> requests.Response:
    """Make one call, redirects not followed; raises a PartnerError for no answer at all.

    `options` are those of a `requests.Request`.
    """
    try:
        request = _prepare(session, method, url, **options)
        # Not `session.send`: cookies, hooks and redirects, which are not for us, cost as much as
        # all the rest.
        response = session.get_adapter(str(request.url)).send(
            request,
            timeout=(CONNECT_TIMEOUT_SECONDS, timeout_seconds),
            verify=True if session.verify is None else session.verify,
            cert=session.cert,
            proxies=session.proxies,
        )
        response.content  # noqa: B018 - read whole, so that the connection is free again
        return response  # noqa: TRY300
    except ConnectTimeout as exc:
        raise TransientError("no connection: ConnectTimeout") from exc
    except RequestsConnectionError as exc:
        if _never_connected(exc):
            raise TransientError("no connection: refused or unknown host") from exc
        if _in_handshake(exc):
            raise TransientError("no connection: TLS handshake failed") from exc
        raise AmbiguousError("the connection broke before an answer came") from exc
    except (InvalidHeader, ValueError) as exc:
        raise PermanentError(f"cannot be sent: {type(exc).__name__}", reason="bad_data") from exc
    except RequestException as exc:
        raise AmbiguousError(f"no answer: {type(exc).__name__}") from exc


def _prepare(
    session: requests.Session, method: str, url: str, **options: Any
) -> requests.PreparedRequest:
    if not (options.keys() <= {"data", "headers"} and isinstance(options.get("data"), bytes)):
        return session.prepare_request(requests.Request(method, url, **options))
    # The call of which there are most, to the same address each time: only body and headers differ.
    request = _template(method, url).copy()
    for header in options.get("headers", {}).items():
        check_header_validity(header)
    request.headers.update(options.get("headers", {}))
    request.headers["Content-Length"] = str(len(options["data"]))
    request.body = options["data"]
    return request


@lru_cache(maxsize=32)
def _template(method: str, url: str) -> requests.PreparedRequest:
    return requests.Request(method, url, headers=dict(default_headers())).prepare()


def _never_connected(exc: RequestsConnectionError) -> bool:
    cause: object = exc.args[0] if exc.args else exc
    reason = getattr(cause, "reason", cause)
    reason = getattr(reason, "original_error", reason)  # what kept a proxy from being reached
    return isinstance(reason, NewConnectionError | NameResolutionError)


def _in_handshake(exc: BaseException) -> bool:
    """Tell whether TLS failed before anything was sent; it may also break during the call."""
    error: BaseException | None = exc
    while error is not None:
        frames = traceback.walk_tb(error.__traceback__)
        if any(frame.f_code.co_name == "do_handshake" for frame, _ in frames):
            return True
        error = error.__context__
    return False


def failure(  # noqa: PLR0911 - one line a class of status
    response: requests.Response, *, now_seconds: float | None = None
) -> PartnerError | None:
    """Return what an answer means, None for success (2xx)."""
    status = response.status_code
    if 200 <= status < 300:  # noqa: PLR2004
        return None
    detail = f"HTTP {status}{_code(response)}"
    if status == TOO_MANY_REQUESTS:
        wait = wait_seconds(response.headers, time.time() if now_seconds is None else now_seconds)
        return LaterError(detail, status=status, retry_after_seconds=wait)
    if 300 <= status < 400:  # noqa: PLR2004
        host = urlsplit(response.headers.get("Location", "")).netloc or "another address"
        return StopRouteError(
            f"{detail}: the API moved to {host}; set the base URL to it", status=status
        )
    if status in STOP_STATUSES:
        return StopRouteError(detail, status=status)
    if status == GATEWAY_TIMEOUT:
        return AmbiguousError(f"{detail}: the gateway got no answer", status=status)
    if status >= 500 or status in TRANSIENT_STATUSES:  # noqa: PLR2004
        # Every answer of Koji's names a reset of its rate limit; only here it means nothing.
        wait = _number(response.headers.get("Retry-After"))
        return TransientError(detail, status=status, retry_after_seconds=wait)
    return PermanentError(detail, status=status)


def _code(response: requests.Response) -> str:
    """Return the partner's error code; never its message, which may quote what we sent."""
    try:
        body = response.json()
    except ValueError:
        return ""
    code = body.get("error") if isinstance(body, dict) else None
    return f" {code[:60]}" if isinstance(code, str) and code.replace("_", "").isalnum() else ""


def wait_seconds(headers: Mapping[str, str], now_seconds: float) -> float | None:
    """Return how long an answer asks to wait: Retry-After in seconds, else X-RateLimit-Reset.

    Koji's own 429 carries no Retry-After, only the Unix second of the reset
    (koji.so/docs/rate-limits-and-cors).
    """
    after = _number(headers.get("Retry-After"))
    if after is not None:
        return max(after, 0.0)
    reset = _number(headers.get("X-RateLimit-Reset"))
    return max(reset - now_seconds, 0.0) if reset is not None else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
