"""`status`, `pause` and `resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.ledger import invitations
from common.ledger.pauses import Pauses
from common.messages import InterviewResult
from common.partner_keys import breaker_key, key_name
from common.rates import Cap

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from common.ledger import Ledger
    from ops.session import Session
    from tests.unit.ops.conftest import Book

NOTHING = {"pending": 0, "in_flight": 0, "done": 0, "dead": 0, "cancelled": 0}


def test_status_is_exactly_this(run_json: Any, ledger: Ledger, book: Book) -> None:
    book.start(1, "iv-1")
    book.invite(2, 3, 4)
    ledger.claim(invitations("activation"), most=1, lease_ms=1000)
    assert run_json("status") == (
        0,
        {
            "lanes": {
                "inbox": NOTHING,
                "invitations": {**NOTHING, "pending": 2, "in_flight": 1, "done": 1},
                "deliveries": NOTHING,
                "writes": NOTHING,
            },
            "routes": [
                {
                    "name": "activation",
                    "study_id": "st_activation",
                    "pending": 2,
                    "started": 1,
                    "completed": 0,
                    "written": 0,
                    "eta_seconds": 3,
                    "paused": False,
                    "paused_reason": None,
                },
                {
                    "name": "churned",
                    "study_id": "st_churn",
                    "pending": 0,
                    "started": 0,
                    "completed": 0,
                    "written": 0,
                    "eta_seconds": 0,
                    "paused": False,
                    "paused_reason": None,
                },
            ],
            "pulls": [],
        },
    )


def test_a_table_tells_reasons_and_what_to_do_next(
    run: Callable[..., Result], ledger: Ledger, book: Book
) -> None:
    book.bury(1)
    book.invite(2, route="gone", study="st_gone")
    Pauses(ledger.redis).pause("churned", "Koji answered HTTP 402 [no credits]")
    output = run("status").stdout
    for text in (
        "not in routes.toml",
        "Route churned is paused: Koji answered HTTP 402 [no credits]",
        "Dead so far: rejected 1",
        "python -m ops dead-letters list",
    ):
        assert text in output


def test_paused_writes_are_told_beside_the_json(
    run: Callable[..., Result], run_json: Any, ledger: Ledger
) -> None:
    Pauses(ledger.redis).pause("mixpanel", "Mixpanel answered HTTP 401")
    result = run("status", "--json")
    assert result.stderr == "Writes to Mixpanel are paused: Mixpanel answered HTTP 401\n"
    assert run_json("status")[0] == 0
    assert "Mixpanel answered HTTP 401" in run("status").stdout


def test_results_that_wait_for_their_person_are_told(
    run: Callable[..., Result], ledger: Ledger
) -> None:
    ledger.keep_unmatched(InterviewResult("iv-1", 1, 1, email="a@example.com"), 10**13)
    told = "Results of people unidentified, kept in case they come: 1"
    assert run("status", "--json").stderr == f"{told}\n"
    assert told in run("status").stdout


def test_pause_and_resume_show_in_the_status(run_json: Any, book: Book) -> None:
    book.invite(1)
    assert run_json("pause", "activation", "--reason", "holidays") == (
        0,
        {"route": "activation", "paused": True, "paused_reason": "holidays", "changed": True},
    )
    route = run_json("status")[1]["routes"][0]
    assert (route["paused"], route["paused_reason"], route["eta_seconds"]) == (
        True,
        "holidays",
        None,
    )
    assert run_json("resume", "activation") == (
        0,
        {"route": "activation", "paused": False, "paused_reason": None, "changed": True},
    )
    assert run_json("status")[1]["routes"][0]["paused"] is False


def test_pausing_twice_keeps_the_first_reason(run: Callable[..., Result], run_json: Any) -> None:
    run_json("pause", "activation", "--reason", "first")
    told = run_json("pause", "activation", "--reason", "second")[1]
    assert (told["paused_reason"], told["changed"]) == ("first", False)
    assert "was paused already: first" in run("pause", "activation").stdout


def test_resuming_what_runs_is_no_failure(run: Callable[..., Result]) -> None:
    result = run("resume", "activation")
    assert (result.exit_code, result.stdout) == (0, "activation was not paused.\n")


def test_all_writes_can_be_paused(run_json: Any, ledger: Ledger) -> None:
    assert run_json("pause", "mixpanel")[0] == 0
    assert Pauses(ledger.redis).get("mixpanel") is not None


def test_a_route_that_left_the_file_can_be_paused(run_json: Any, book: Book) -> None:
    book.invite(1, route="gone", study="st_gone")
    assert run_json("pause", "gone")[0] == 0


def test_an_unknown_route_exits_1_and_names_the_known_ones(run: Callable[..., Result]) -> None:
    for command in ("pause", "resume"):
        result = run(command, "activatoin", "--json")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "known: activation, churned" in result.stderr


def test_the_state_of_a_route_is_told(
    run: Callable[..., Result], session: Session, ledger: Ledger, book: Book
) -> None:
    book.invite(1)
    object.__setattr__(session.config.routes.named("activation"), "max_invites", Cap(0, "day"))
    key = breaker_key("koji:" + key_name("pk_live_churn"))
    ledger.redis.hset(key, mapping={"state": "open", "probe_at": 2**53})
    output = run("status").stdout
    assert "waits for the next period of its cap" in output
    assert "Koji is down, being probed" in output
