"""`cohort import`: whatever a spreadsheet makes of Mixpanel's export comes in, and nothing else."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import INBOX
from common.messages import CohortPage
from common.stored import decode
from ops.commands import cohort_import

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from ops.session import Session

    Run = Callable[..., Result]

EXPORT = (
    "\ufeff$distinct_id,$email,$name,plan,$city,secret\r\n"
    'u-1,ann@example.com,"Ann ""A"" Lee",pro,"Berlin, Mitte",x\r\n'
    "\r\n"
    "u-2,,Ben,,,y\r\n"
    ",cat@example.com,\r\n"
)


@pytest.fixture
def bring(run_json: Any, tmp_path: Path) -> Callable[..., tuple[int, Any]]:
    """Import a text (or bytes) with options; returns exit code and JSON."""

    def bring_it(content: str | bytes, *options: str) -> tuple[int, Any]:
        path = tmp_path / "members.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        code, told = run_json("cohort", "import", str(path), "--route", "activation", *options)
        return code, told

    return bring_it


@pytest.fixture
def refused(run: Run, tmp_path: Path) -> Callable[[bytes], str]:
    """Import what cannot be; returns what is said about it."""

    def refuse(content: bytes) -> str:
        path = tmp_path / "members.csv"
        path.write_bytes(content)
        result = run("cohort", "import", str(path), "--route", "activation")
        assert result.exit_code == 1
        return result.stderr

    return refuse


def pages(session: Session) -> list[CohortPage]:
    found = [decode(raw) for raw in session.ledger.redis.hvals(INBOX.key("entries"))]
    return [one for one in found if isinstance(one, CohortPage)]


def test_mixpanels_own_export_comes_in(bring: Any, session: Session) -> None:
    code, told = bring(EXPORT)
    assert (code, told["rows"], told["accepted"], told["rejected"]) == (0, 3, 3, 0)
    [page] = pages(session)
    assert (page.action, page.route, page.source) == ("add_members", "activation", "import")
    assert page.members == [
        {
            "$distinct_id": "u-1",
            "$email": "ann@example.com",
            "$name": 'Ann "A" Lee',
            "plan": "pro",
            "$city": "Berlin, Mitte",
        },
        {"$distinct_id": "u-2", "$name": "Ben"},
        {"$email": "cat@example.com"},
    ], "and no column that the route does not use"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "headings", ["Email{}Distinct ID", "E-Mail{}User ID", "email{}distinct_id"]
)
def test_other_delimiters_and_headings_are_understood(
    bring: Any, session: Session, delimiter: str, headings: str
) -> None:
    code, told = bring(f"{headings.format(delimiter)}\nann@example.com{delimiter}u-1\n")
    assert (code, told["accepted"]) == (0, 1)
    assert pages(session)[0].members == [{"email": "ann@example.com", "distinct_id": "u-1"}]


def test_rows_that_name_nobody_are_counted_by_line(bring: Any) -> None:
    code, told = bring("email,distinct_id\nann@example.com,\nnot an address,\n,anonymous\n")
    assert (code, told["accepted"], told["rejected"]) == (0, 1, 2)
    why = "has neither an address nor a distinct_id"
    assert told["errors"] == [{"line": 3, "error": why}, {"line": 4, "error": why}]


def test_only_the_first_errors_are_named(bring: Any) -> None:
    _, told = bring("email\nann@example.com\n" + "nobody\n" * 50)
    assert (told["rejected"], len(told["errors"])) == (50, 20)


def test_a_dry_run_invites_nobody(bring: Any, session: Session, run_json: Any) -> None:
    code, told = bring(EXPORT, "--dry-run")
    assert (code, told["accepted"], told["dry_run"]) == (0, 3, True)
    assert pages(session) == []
    assert run_json("audit") == (0, [])


def test_a_page_holds_a_thousand(bring: Any, session: Session) -> None:
    rows = "".join(f"u{n}@example.com\n" for n in range(2500))
    _, told = bring(f"email\n{rows}")
    assert told["pages"] == 3
    assert sorted(len(one.members) for one in pages(session)) == [500, 1000, 1000]


def test_it_stands_in_the_audit_list(bring: Any, run_json: Any) -> None:
    bring(EXPORT)
    _, [note] = run_json("audit")
    assert (note["what"], note["on"], note["details"]) == (
        "import members",
        "activation",
        {"accepted": 3},
    )


def test_nobody_of_use_exits_with_1(bring: Any) -> None:
    assert bring("email\nnobody\n")[0] == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: must name the columns"),
        (b"a,b\n1,2\n", "line 1: must name the columns"),
        (b"email\nann@example.com\n\xff\xfe\n", "not UTF-8 text; save the file as UTF-8"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"email\n" + b"x" * 200_000 + b"\n", "near line 2: not CSV"),
    ],
)
def test_what_is_no_csv_of_members_is_refused_with_its_place(
    refused: Callable[[bytes], str], content: bytes, said: str
) -> None:
    assert said in refused(content)


def test_what_came_before_a_broken_line_is_told(refused: Callable[[bytes], str]) -> None:
    rows = b"".join(b"u%d@example.com\n" % n for n in range(1000))
    assert "1,000 members before it were taken" in refused(
        b"email\n" + rows + b"x" * 200_000 + b"\n"
    )


def test_people_read_a_sentence_and_a_table(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_text("email\nann@example.com\nnobody\n")
    result = run("cohort", "import", str(path), "--route", "activation")
    assert "2 rows, 1 member taken, 1 not." in result.stdout
    assert re.search(r"3  has neither", result.stdout)


def test_while_workers_are_behind_it_waits(
    bring: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohort_import, "MOST_WAITING_PAGES", 0)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        session.ledger.redis.delete(INBOX.key("pending"))

    monkeypatch.setattr(time, "sleep", sleep)
    rows = "".join(f"u{n}@example.com\n" for n in range(2000))
    assert bring(f"email\n{rows}")[1]["pages"] == 2
    assert len(slept) == 1


def test_without_any_worker_it_waits_once_and_goes_on(
    bring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohort_import, "MOST_WAITING_PAGES", 0)
    monkeypatch.setattr(cohort_import, "PATIENCE_SECONDS", -1)
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    rows = "".join(f"u{n}@example.com\n" for n in range(4000))
    assert bring(f"email\n{rows}")[1]["pages"] == 4
    assert slept == []
