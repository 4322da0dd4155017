"""A ledger in memory, and the command line on top of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest
from click.testing import CliRunner, Result

from common.config import load_config
from common.identity import email_hash, id_hash, study_hash
from common.ledger import INBOX, WRITES, Ledger, invitations
from common.messages import Invitation, ResultWrite
from ops.cli import cli
from ops.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from common.config import Config

ROUTES = """
[[routes]]
name = "activation"
cohort_id = "5167408"
study_id = "st_activation"
cooldown_days = 30
properties = ["plan", "$city"]

[[routes]]
name = "churned"
cohort_name = "Churned users"
study_id = "st_churn"
mode = "voice"
join_key = "respondent_id"
api_key_env = "CHURN_KEY"
rate_limit = "30/minute"
"""
NOON_MS = 1_780_056_000_000  # 2026-05-29T12:00:00Z, a Friday
LEASE_MS = 30_000


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    routes = tmp_path / "routes.toml"
    routes.write_text(ROUTES)
    return {
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "BRIDGE_ROUTES": str(routes),
        "MIXPANEL_WEBHOOK_CREDENTIALS": "mixpanel:wörd",
        "KOJI_WEBHOOK_SECRETS": "a-secret-of-enough-characters",
        "KOJI_API_KEY": "pk_live_activation",
        "CHURN_KEY": "pk_live_churn",
        "KOJI_BASE_URL": "http://127.0.0.1:2",
        "MIXPANEL_API_HOST": "http://127.0.0.1:3",
        "MIXPANEL_PROJECT_TOKEN": "a-token",
    }


@pytest.fixture
def config(environ: dict[str, str]) -> Config:
    return load_config(environ)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(fakeredis.FakeRedis(), clock_ms=lambda: NOON_MS)


@pytest.fixture
def session(config: Config, ledger: Ledger) -> Session:
    return Session(config, ledger)


@pytest.fixture
def run(session: Session) -> Callable[..., Result]:
    """Run a command line; the result has exit_code, stdout and stderr."""

    def run_it(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(cli, list(arguments), obj=session, **options)

    return run_it


@pytest.fixture
def run_json(run: Callable[..., Result]) -> Callable[..., tuple[int, Any]]:
    """Run a command with --json; returns its exit code and the whole of stdout, parsed."""

    def run_it(*arguments: str, **options: Any) -> tuple[int, Any]:
        result = run(*arguments, "--json", **options)
        return result.exit_code, json.loads(result.stdout)

    return run_it


class Book:
    """Fills a ledger in few words; people are called by a number."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def invite(
        self, *numbers: int, route: str = "activation", study: str = "st_activation"
    ) -> None:
        people = [
            (email_hash(email(n)), id_hash(f"user_{n}"), invitation(n).encode(), "")
            for n in numbers
        ]
        self.ledger.invite(invitations(route), study_hash(study), people)

    def bury(
        self,
        *numbers: int,
        reason: str = "rejected",
        status: int | None = 422,
        route: str = "activation",
        study: str = "st_activation",
    ) -> list[str]:
        """Make dead letters of people; returns their ids."""
        self.invite(*numbers, route=route, study=study)
        lane = invitations(route)
        claims, _ = self.ledger.claim(lane, most=len(numbers), lease_ms=LEASE_MS)
        self.ledger.bury(lane, [(c.key, c.token, reason, status, "HTTP 422 bad") for c in claims])
        return [f"invitations:{claim.key}" for claim in claims]

    def start(self, number: int, interview_id: str) -> str:
        """Start a person of the route `activation`; returns the key."""
        self.invite(number)
        lane = invitations("activation")
        (claim,), _ = self.ledger.claim(lane, most=1, lease_ms=LEASE_MS)
        self.ledger.complete_start(
            lane,
            claim.key,
            claim.token,
            value=replace(invitation(number), route="activation").encode(),
            interview_id=interview_id,
            counters={"started:activation": 1},
        )
        return claim.key

    def accept(self, key: str, message: Any, *, dead: bool = False) -> str:
        """Put a payload into the inbox, as a dead letter if wished; returns its id."""
        self.ledger.add(INBOX, [(key, message if isinstance(message, bytes) else message.encode())])
        if dead:
            self._bury(INBOX, "bug")
        return f"inbox:{key}"

    def write(self, interview_id: str, distinct_id: str, *, dead: bool = False) -> str:
        """Put a result into the lane of writes; returns its id."""
        event = {"event": "x", "properties": {"distinct_id": distinct_id, "quality_score": 4}}
        self.ledger.add_write(
            interview_id,
            ResultWrite(event, distinct_id, "activation", 1).encode(),
            person=id_hash(distinct_id),
            completed_at_ms=1,
            profile=b'{"last_interview_sentiment": "negative"}',
        )
        if dead:
            self._bury(WRITES, "rejected")
        return f"writes:{interview_id}"

    def _bury(self, lane: Any, reason: str) -> None:
        claims, _ = self.ledger.claim(lane, most=100, lease_ms=LEASE_MS)
        self.ledger.bury(lane, [(c.key, c.token, reason, None, "no good") for c in claims])


def email(number: int) -> str:
    return f"person{number}@example.com"


def invitation(number: int) -> Invitation:
    return Invitation(f"user_{number}", email(number), f"Person {number}", "", {"plan": "pro"})


@pytest.fixture
def book(ledger: Ledger) -> Book:
    return Book(ledger)
