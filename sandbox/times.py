"""How the sandbox writes times."""

from datetime import UTC, datetime


def to_iso(at: float) -> str:
    """Return unix seconds as an ISO 8601 time in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
