"""How `requests` sends for us: what is the same for every call to a partner is looked up once.

A session has one set of proxies and certificates (`common.outside`) and few addresses. `requests`
finds the connection pool and reads the address anew for each call, and makes a cookie jar for
each answer; that costs about a quarter of a call. Overridden is what is meant for subclasses
(requests.readthedocs.io/en/latest/api/#requests.adapters.HTTPAdapter).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests import Response
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from requests import PreparedRequest

# Addresses that hold an interview's id are many; they are forgotten from time to time.
MOST_ADDRESSES = 32


class PartnerAdapter(HTTPAdapter):
    """An adapter for a session whose proxies and certificates stay the same."""

    def __init__(self, **options: Any) -> None:
        """Take the options of an `HTTPAdapter`."""
        super().__init__(**options)
        self._pools: dict[str, Any] = {}
        self._targets: dict[str, str] = {}

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool of an address, its certificates set."""
        url = str(request.url)
        pool = self._pools.get(url)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            super().cert_verify(pool, url, verify, cert)  # type: ignore[no-untyped-call]
            _keep(self._pools, url, pool)
        return pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the pool's certificates were set when it was found."""

    def close(self) -> None:
        """Forget the pools; their connections close with them."""
        self._pools.clear()
        super().close()

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        """Return what stands in the request line."""
        url = str(request.url)
        target = self._targets.get(url)
        if target is None:
            target = super().request_url(request, proxies)
            _keep(self._targets, url, target)
        return target

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Return an answer without cookies, which we never send back."""
        made = Response()
        made.status_code = resp.status
        made.reason = resp.reason
        made.headers = resp.headers
        made.raw = resp
        made.url = str(req.url)
        made.request = req
        made.connection = self
        return made


def _keep(known: dict[str, Any], url: str, value: Any) -> None:
    if len(known) >= MOST_ADDRESSES:
        known.clear()
    known[url] = value
