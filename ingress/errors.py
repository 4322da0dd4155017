"""Why a request is turned away, besides what `common.errors` already names."""

from __future__ import annotations

from common.errors import BridgeError


class TooLargeError(BridgeError):
    """The body is over MAX_BODY_BYTES, as sent or after inflation."""


class RefusedError(BridgeError):
    """A signature or password did not convince us.

    `reason` (no_header, bad_format, stale, mismatch) is for the operator and never for the caller.
    """

    def __init__(self, reason: str) -> None:
        """Keep the reason for the log line and the metric."""
        super().__init__(reason)
        self.reason = reason


class NoRouteError(BridgeError):
    """No route of routes.toml takes this cohort; the text says what to do."""
