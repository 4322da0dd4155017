"""Plain HTTP for the operator's few calls."""

from __future__ import annotations

from typing import Any

import requests

from common.outside import heed_environment

CONNECT_TIMEOUT_SECONDS = 3.05


class Web:
    """Makes single calls; a test gives its own `session`."""

    def __init__(self, session: requests.Session | None = None) -> None:
        """Use the environment's proxies and certificates, but no credentials from .netrc."""
        self._session = session

    def call(
        self, method: str, url: str, *, timeout_seconds: float, **options: Any
    ) -> requests.Response:
        """Make one call, redirects not followed; raises requests.RequestException."""
        session = self._session or requests.Session()
        if self._session is None:
            heed_environment(session, url)
        return session.request(
            method,
            url,
            timeout=(CONNECT_TIMEOUT_SECONDS, timeout_seconds),
            allow_redirects=False,
            **options,
        )
