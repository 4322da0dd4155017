"""Route: one line from a Mixpanel cohort to a Koji study, and its policy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from common.hours import Hours
from common.result_names import DEFAULT_NAMES, ResultNames

if TYPE_CHECKING:
    from common.hours import Span
    from common.pull_schedule import PullSchedule
    from common.rates import Cap, Rate
    from common.route_delivery import Hook, Mail


UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Route:
    """One line from a Mixpanel cohort to a Koji study.

    Each block has its twin in `common/route_schema.py`, in the same order.
    """

    name: str
    study_id: str
    # which cohort
    cohort_id: str | None = None
    cohort_name: str | None = None
    pull: PullSchedule | None = None
    # how Koji is called
    api_key_env: str = "KOJI_API_KEY"
    mode: str = "text"
    locale: str = "en"
    join_key: str = "email"
    properties: tuple[str, ...] = ()
    # who is asked, how fast and how many
    rate_limit: Rate | None = None
    cooldown_days: float | None = None
    max_invites: Cap | None = None
    monthly_credits: int | None = None
    sample: float | None = None
    exclude: tuple[str, ...] = ()
    timezone: ZoneInfo = UTC
    send_between: Span | None = None
    quiet_hours: Span | None = None
    priority: int = 0
    # how the invitation reaches the person
    deliver: str = "koji"
    mail: Mail | None = None
    webhook: Hook | None = None
    invited_event: bool = False
    # which results reach Mixpanel, and how
    min_quality: float = 3
    include_transcript_url: bool = True
    include_open_ended: bool = False
    profile_answers: tuple[str, ...] = ()
    names: ResultNames = DEFAULT_NAMES
    # what becomes of an interview without a result
    reconcile_after_hours: float = 24
    interview_timeout_days: float = 30

    @cached_property
    def hours(self) -> Hours:
        """When people may be asked."""
        return Hours(self.timezone, self.send_between, self.quiet_hours)

    @property
    def credits_to_reserve(self) -> int:
        """What a call reserves of `monthly_credits`, nothing without."""
        return 0 if self.monthly_credits is None else self.credits_per_interview

    @property
    def interview_timeout_ms(self) -> int:
        """After how long an interview without a result is given up."""
        return round(self.interview_timeout_days * 86_400_000)

    @property
    def credits_per_interview(self) -> int:
        """Koji bills 1 credit for a text interview, 3 for voice (koji.so/docs, usage limits)."""
        return 3 if self.mode == "voice" else 1
