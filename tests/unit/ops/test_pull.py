"""`cohort pull`: asks the workers, looks on, and says what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from common.ledger.pulls import DONE, FAILED, Pulls
from ops.commands import pull as command

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from common.ledger import Ledger

ASK = ("cohort", "pull", "--route", "activation")


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "MIXPANEL_SERVICE_ACCOUNT": "bridge:secret", "MIXPANEL_PROJECT_ID": "1"}


@pytest.fixture
def end(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the workers end the pull while the command waits."""

    def prepare(state: str, error: str = "") -> None:
        def work(_: float) -> None:
            pulls = Pulls(ledger)
            now = pulls.get("activation")
            assert now is not None
            pulls.save(replace(now, state=state, page=2, total_pages=2, members=7, error=error))

        monkeypatch.setattr(command.time, "sleep", work)

    return prepare


def test_it_tells_what_was_fetched(run: Callable[..., Result], end: Callable[..., None]) -> None:
    end(DONE)
    done = run(*ASK)
    assert done.exit_code == 0
    assert "7 members of 2 pages" in done.stdout


def test_json_has_the_cursor(run: Callable[..., Result], end: Callable[..., None]) -> None:
    end(DONE)
    told = json.loads(run(*ASK, "--json").stdout)
    assert (told["state"], told["members"], told["pages"]) == ("done", 7, 2)


def test_a_failure_says_why(run: Callable[..., Result], end: Callable[..., None]) -> None:
    end(FAILED, "HTTP 401")
    done = run(*ASK)
    assert done.exit_code == 1
    assert "HTTP 401" in done.stderr


def test_without_waiting_it_only_asks(run: Callable[..., Result], ledger: Ledger) -> None:
    assert "The workers fetch it." in run(*ASK, "--no-wait").stdout
    assert len(Pulls(ledger).due()) == 1
    assert "already" in run(*ASK, "--no-wait").stderr


def test_it_does_not_wait_for_ever_where_no_worker_is(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(0, 1000, 10))
    monkeypatch.setattr(command.time, "sleep", lambda _: None)
    monkeypatch.setattr(command.time, "monotonic", lambda: next(moments))
    done = run(*ASK, "--json")
    assert done.exit_code == 1
    assert "are beat and worker-mixpanel running?" in done.stderr
