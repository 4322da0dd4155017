"""One interview, from its start to the delivery of its result."""

import asyncio
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.koji.bodies import StartRequest

# The last part of an interview's time is its analysis: "a few seconds" after completion
# (https://www.koji.so/docs/how-the-quality-gate-works).
_TALKING_SHARE = 0.8


@dataclass(slots=True)
class Delivery:
    """How the webhook of an interview fares; `last_status` is an HTTP status."""

    delivery_id: str
    attempts: int = 0
    delivered: bool = False
    given_up: bool = False
    last_status: int | None = None
    last_error: str | None = None


@dataclass(slots=True)
class Interview:
    """An interview that was started; times are unix seconds, `ends_at` None = nobody holds it."""

    number: int
    study: str
    asked: StartRequest
    started_at: float
    ends_at: float | None = None
    interview_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    session_token: str = field(default_factory=lambda: secrets.token_hex(16))
    analysis: dict[str, Any] | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    analysed_at: float | None = None
    delivery: Delivery | None = None
    timer: asyncio.TimerHandle | None = None

    def status(self, now: float) -> str:
        """Return `active`, `analyzing` or `completed`."""
        if self.analysis is not None:
            return "completed"
        if self.ends_at is None:
            return "active"
        talked_until = self.started_at + _TALKING_SHARE * (self.ends_at - self.started_at)
        return "active" if now < talked_until else "analyzing"

    def result(self) -> dict[str, Any]:
        """Return the interview as a webhook and `GET /api/v1/interviews/:id` tell it.

        The guide says that anonymous studies carry no email and no id of the respondent.
        """
        described = {"anonymous": False, **(self.analysis or {}), **self.overrides}
        anonymous = described["anonymous"]
        asked = self.asked
        identity = {
            "respondent_email": None if anonymous else asked.email,
            "respondent_id": None if anonymous else asked.external_id,
            "respondent": {
                "external_id": None if anonymous else asked.external_id,
                "display_name": None if anonymous else asked.display_name,
                "metadata": {} if anonymous else asked.metadata,
            },
        }
        return {
            "interview_id": self.interview_id,
            "study_id": self.study,
            **identity,
            **described,
        }
