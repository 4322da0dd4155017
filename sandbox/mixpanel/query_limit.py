"""The limit of the Query API: queries in an hour.

https://developer.mixpanel.com/reference/rate-limits: 60 an hour and 5 at once for a project. The
text of the refusal was observed in https://github.com/airbytehq/airbyte/issues/9410. The sandbox
answers queries one after the other, so the 5 at once are never reached.
"""

import time

from sandbox.rate_window import RateWindow

_HOUR_SECONDS = 3600.0


class QueryLimit:
    """Admits queries; every page of an export is one, refused ones are not counted."""

    def __init__(self, per_hour: int) -> None:
        """Admit `per_hour` queries; 0 = no limit."""
        self._per_hour = per_hour
        self.clear()

    def clear(self) -> None:
        """Forget the last hour."""
        self._window = RateWindow(_HOUR_SECONDS)

    def refusal_of(self, project_id: str) -> str | None:
        """Count a query and return None, or return Mixpanel's words for refusing it."""
        if self._window.take(time.monotonic(), self._per_hour).allowed:
            return None
        return (
            f"Query rate limit exceeded for project_id: {project_id}. 1/5 queries running "
            f"concurrently and {self._per_hour + 1}/{self._per_hour} queries running in the "
            "last hour."
        )
