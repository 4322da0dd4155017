"""What a run does, all of it drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KOJI_TIMEOUT_SECONDS = 2
ROUTES = """\
[[routes]]
name = "by-email"
cohort_id = "1"
study_id = "st_email"
properties = ["plan"]

[[routes]]
name = "by-id"
cohort_id = "2"
study_id = "st_id"
join_key = "respondent_id"
properties = ["plan"]
"""


@dataclass(frozen=True)
class Plan:
    """Sizes and faults of a run; times in seconds."""

    seed: int
    members_by_email: int = 1600
    members_by_id: int = 400
    page_size: int = 50
    starts_a_minute: int = 1200
    kill_every: tuple[float, float] = (2.0, 3.0)
    least_kills: int = 50
    redis_kills: int = 2
    outage: float = 30.0
    settle_timeout: float = 240.0
    koji_faults: dict[str, Any] = field(
        default_factory=lambda: {
            "error_rate": 0.05,
            "drop_rate": 0.03,
            "slow_rate": 0.01,
            "slow_seconds": KOJI_TIMEOUT_SECONDS * 2,
            "burst_429_rate": 0.002,
            "burst_429_seconds": 2,
        }
    )
    mixpanel_faults: dict[str, Any] = field(
        default_factory=lambda: {"error_rate": 0.05, "error_status": 503, "reject_rate": 0.005}
    )

    @property
    def members(self) -> int:
        """Everybody that is sent."""
        return self.members_by_email + self.members_by_id


def short_plan(seed: int) -> Plan:
    """Return a run of about half a minute, for `make test`."""
    return Plan(
        seed=seed,
        members_by_email=160,
        members_by_id=40,
        page_size=20,
        starts_a_minute=1200,
        kill_every=(1.0, 1.6),
        least_kills=8,
        redis_kills=1,
        outage=4.0,
        settle_timeout=90.0,
    )
