"""The failure vocabulary: everything a call or an entry can end with, on one page.

The HTTP client raises these; `workers.verdicts` alone decides what each means for the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class BridgeError(Exception):
    """Anything this project raises on purpose."""


class ConfigError(BridgeError):
    """The environment or routes.toml cannot be used; `problems` lists every reason."""

    def __init__(self, problems: list[str]) -> None:
        """Keep all problems, one readable line each."""
        self.problems = problems
        super().__init__("\n".join(problems))


class BadPayloadError(BridgeError):
    """A payload was not understood; the text names the field and what was expected."""


class StorageUnavailableError(BridgeError):
    """Redis did not confirm that something was stored: the sender has to try again."""


class PartnerError(BridgeError):
    """A call to Koji or Mixpanel did not end in plain success."""

    outcome = "error"

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Keep a text free of personal data, the HTTP status, and the wait that was asked for."""
        super().__init__(detail)
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.headers: Mapping[str, str] = {}


class LaterError(PartnerError):
    """Not now (429): waiting is not failing, no attempt is spent."""

    outcome = "later"


class TransientError(PartnerError):
    """The partner or the network failed for now and did nothing: due again after backoff."""

    outcome = "transient"


class AmbiguousError(TransientError):
    """The request was sent and no answer came: it may have been carried out."""

    outcome = "ambiguous"


class PermanentError(PartnerError):
    """The partner refuses this entry for good: a dead letter with `reason`."""

    outcome = "permanent"

    def __init__(self, detail: str, *, status: int | None = None, reason: str = "rejected") -> None:
        """Keep the dead letter's reason beside the text."""
        super().__init__(detail, status=status)
        self.reason = reason


class StopRouteError(PartnerError):
    """Credentials, credits or address are wrong (401, 402, 403, 3xx): stop, keep all waiting."""

    outcome = "stopped"
