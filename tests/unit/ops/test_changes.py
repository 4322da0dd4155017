"""What is changed on the command line stands in the same list as what is changed in the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.unit.ops.conftest import email

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from ops.session import Session
    from tests.unit.ops.conftest import Book

    Run = Callable[..., Result]


@pytest.fixture
def told(run_json: Any) -> Callable[[], list[tuple[str, str, dict[str, Any]]]]:
    """Return what the list says, newest first."""
    return lambda: [(n["what"], n["on"], n["details"]) for n in run_json("audit")[1]]


def test_before_the_first_change_there_is_nothing(run: Run, told: Any) -> None:
    assert told() == []
    assert run("audit").stdout == "No changes yet.\n"


def test_a_change_names_who_made_it_and_where(
    run: Run, run_json: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    run("pause", "activation", "--reason", "a secret reason")
    _, [note] = run_json("audit")
    assert (note["who"], note["what"], note["on"]) == ("ada (command line)", "pause", "activation")
    assert "ada (command line)" in run("audit").stdout
    assert "secret" not in run("audit").stdout


def test_a_user_without_a_name_is_somebody(
    run: Run, run_json: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise OSError

    monkeypatch.setattr("ops.session.getpass.getuser", nameless)
    run("pause", "activation")
    assert run_json("audit")[1][0]["who"] == "somebody (command line)"


def test_what_changed_nothing_is_not_listed(run: Run, told: Any) -> None:
    run("resume", "activation")
    run("pause", "activation")
    run("pause", "activation")
    run("dead-letters", "replay", "--all", "--yes")
    assert told() == [("pause", "activation", {})]


def test_replays_drops_and_erasures_are_listed(run: Run, told: Any, book: Book) -> None:
    one, two, three = book.bury(1, 2, 3)
    run("dead-letters", "replay", one)
    run("dead-letters", "drop", two, three)
    run("dead-letters", "replay", "--all", "--dry-run")
    book.invite(7)
    run("erase", "nobody@example.com", "--yes")
    run("erase", email(7), "--yes")
    assert told() == [
        ("erase person", "", {"invitations": 1, "aliases": 1}),
        ("drop dead letters", "", {"done": 2, "asked": 2}),
        ("replay dead letters", one, {"done": 1, "asked": 1}),
    ]


def test_a_replay_that_was_cut_short_is_listed_with_what_it_did(
    run: Run, told: Any, book: Book, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = book.bury(*range(5))
    monkeypatch.setattr("common.ledger.dead_letters.LETTERS_A_CALL", 2)
    calls, revive = iter(range(100)), session.ledger.revive

    def cut_short(*args: Any) -> Any:
        if next(calls) == 1:
            raise RedisConnectionError
        return revive(*args)

    monkeypatch.setattr(session.ledger, "revive", cut_short)
    assert run("dead-letters", "replay", "--all", "--yes").exit_code == 1
    assert told()[0] == ("replay dead letters", "", {"done": 2, "asked": 5})
    run("dead-letters", "replay", "--all", "--yes")
    assert told()[0] == ("replay dead letters", "", {"done": 3, "asked": 3}), "the rest, once each"
    assert not any(session.dead_letters.get(letter) for letter in letters)


def test_older_changes_are_counted(run: Run) -> None:
    for _ in range(2):
        run("pause", "activation")
        run("resume", "activation")
    result = run("audit", "--limit", "1")
    assert "3 older ones: --limit 4" in result.stderr
