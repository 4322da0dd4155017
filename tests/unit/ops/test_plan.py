"""`plan` and `cohort csv`: what members in a file would do, and files for Koji."""

from __future__ import annotations

import csv
import io
import json
import stat
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from common.hours import Span
from common.identity import email_hash, id_hash, study_hash
from common.ledger import invitations
from common.ledger.lanes import INVITATIONS
from common.ledger.pauses import Pauses
from common.messages import CohortPage
from common.routes import Route, Routes
from ops.foresight import OUTCOMES, foresee
from ops.member_files import read_members
from ops.members import make_person
from tests.unit.ops.conftest import NOON_MS, email
from workers import cohorts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from common.ledger import Ledger
    from ops.session import Session
    from tests.unit.ops.conftest import Book


def member(number: int, **more: Any) -> dict[str, Any]:
    return {"email": email(number), "mixpanel_distinct_id": f"user_{number}", **more}


def plan(run_json: Any, members: Any, route: str = "activation") -> tuple[int, dict[str, Any]]:
    code, told = run_json("plan", "--route", route, "-", input=json.dumps(members))
    return code, told


def test_a_plan_is_exactly_this(run_json: Any, book: Book) -> None:
    book.invite(1)
    code, told = plan(run_json, [member(1), member(2), member(3), {"plan": "pro"}, member(2)])
    finish_at = told.pop("finish_at")
    assert code == 0
    assert told == {
        "route": "activation",
        "study_id": "st_activation",
        "members": 5,
        "new": 2,
        "already_invited": 1,
        "in_cooldown": 0,
        "excluded": 0,
        "suppressed": 0,
        "not_sampled": 0,
        "without_identity": 1,
        "repeated": 1,
        "why_without_identity": {"unidentified": 1},
        "credits": 2,
        "waiting_before": 1,
        "eta_seconds": 3,
        "deliver": "koji",
        "invited_event": False,
    }
    assert finish_at.endswith("Z")


def test_a_table_tells_when_all_would_be_started(run: Callable[..., Result]) -> None:
    result = run("plan", "--route", "activation", "-", input=json.dumps([member(1)]))
    assert result.exit_code == 0
    assert "All of them would be started in 1 s" in result.stdout


def test_a_paused_route_has_no_finish_time(
    run: Callable[..., Result], run_json: Any, ledger: Ledger
) -> None:
    Pauses(ledger.redis).pause("activation", "holidays")
    _, told = plan(run_json, [member(1)])
    assert (told["eta_seconds"], told["finish_at"]) == (None, None)
    output = run("plan", "--route", "activation", "-", input=json.dumps([member(1)])).stdout
    assert "No finish time: holidays" in output


def test_a_voice_interview_costs_three_credits(run_json: Any) -> None:
    assert plan(run_json, [member(1)], "churned")[1]["credits"] == 3


def test_each_policy_is_told_in_the_plan(
    run_json: Any, run: Callable[..., Result], session: Session
) -> None:
    first, *rest = session.config.routes
    strict = replace(first, exclude=("@example.org", email(2)), sample=0.5)
    object.__setattr__(session.config, "routes", Routes([strict, *rest]))
    members = [member(n) for n in range(40)] + [{"email": "x@example.org"}]
    _, told = plan(run_json, members)
    assert told["excluded"] == 2
    assert 8 < told["not_sampled"] < 31
    assert told["new"] == 39 - told["not_sampled"]
    table = run("plan", "--route", "activation", "-", input=json.dumps(members)).stdout
    assert "excluded by the route" in table
    assert "outside the route's sample" in table
    assert "suppression list" not in table


def test_hours_that_never_come_are_why_there_is_no_finish_time(
    run: Callable[..., Result], session: Session
) -> None:
    first, *rest = session.config.routes
    spans = {"send_between": Span.parse("09:00-10:00"), "quiet_hours": Span.parse("08:00-12:00")}
    never = replace(first, **spans)
    object.__setattr__(session.config, "routes", Routes([never, *rest]))
    output = run("plan", "--route", "activation", "-", input=json.dumps([member(1)])).stdout
    assert "No finish time: its hours never come" in output


@pytest.mark.no_cover
def test_a_plan_takes_as_long_as_its_file_is(run: Callable[..., Result], session: Session) -> None:
    """Ten thousand rows take some 1.3 s; each more must not make the others slower."""
    first, *rest = session.config.routes
    strict = replace(first, exclude=("@example.org",), sample=0.5)
    object.__setattr__(session.config, "routes", Routes([strict, *rest]))

    def seconds(count: int) -> float:
        rows = "".join(f"user_{n},{email(n)},pro\n" for n in range(count))
        text = f"distinct_id,email,plan\n{rows}"
        began_at = time.process_time()
        result = run("plan", "--route", "activation", "--json", "-", input=text)
        took = time.process_time() - began_at
        assert json.loads(result.stdout)["members"] == count
        return took

    few = min(seconds(1000) for _ in range(3))
    assert seconds(10_000) < 30 * few


def test_planning_changes_nothing(run_json: Any, ledger: Ledger, book: Book) -> None:
    book.invite(1)
    before = {key: ledger.redis.dump(key) for key in ledger.redis.scan_iter()}
    plan(run_json, [member(n) for n in range(20)])
    assert {key: ledger.redis.dump(key) for key in ledger.redis.scan_iter()} == before


def test_a_plan_tells_what_the_workers_then_do(session: Session, book: Book) -> None:
    """Each kind of member, planned first and then unpacked for real."""
    ledger, route = session.ledger, session.config.routes.named("activation")
    assert route is not None
    book.invite(1, 2)
    book.bury(3)
    book.start(4, "iv-4")
    ledger.redis.hset(INVITATIONS.key("people"), email_hash(email(5)), NOON_MS - 1000)
    ledger.redis.hset(INVITATIONS.key("people"), id_hash("user_6"), NOON_MS - 40 * 86_400_000)
    ledger.cancel(
        invitations("activation"), [f"{email_hash(email(2))}.{study_hash('st_activation')}"], "x"
    )
    # An id that came alone, then with an address: either is known from then on.
    ledger.invite(
        invitations("activation"),
        study_hash("st_activation"),
        [("", id_hash("user_8"), b"{}", ""), (email_hash(email(8)), id_hash("user_8"), b"{}", "")],
    )
    members = [
        {"email": email(8)},
        member(1),
        {"email": email(1).upper()},
        {"mixpanel_distinct_id": "user_1"},
        member(2),
        member(3),
        member(4),
        member(5),
        member(6),
        member(7),
        {"$email": email(7)},
        {"mixpanel_distinct_id": "user_7"},
        {"mixpanel_distinct_id": "only_an_id"},
        {"plan": "pro"},
        {"email": "not an address", "$distinct_id": "anonymous"},
    ]
    people = [make_person(route, one) for one in members]
    counts = dict.fromkeys(OUTCOMES, 0)
    for _, outcome in foresee(ledger, route, people):
        counts[outcome] += 1
    tally = cohorts.unpack_page(
        ledger, route, CohortPage("members", "activation", "1", members, NOON_MS)
    )
    assert tally["added"] == counts["new"]
    assert tally["cancelled:cooldown"] == counts["in_cooldown"]
    refused = tally["cancelled:no_email"] + tally["cancelled:unidentified"]
    assert refused == counts["without_identity"]
    assert tally["known"] == counts["already_invited"] + counts["repeated"]


@pytest.mark.parametrize("join_key", ["email", "respondent_id"])
@pytest.mark.parametrize(
    "one",
    [
        {"email": " Jane@Example.com ", "first_name": "Jane", "last_name": "Doe"},
        {"email": "nonsense", "$email": "j@x.org", "$name": "J"},
        {"$distinct_id": 17, "name": "Seventeen"},
        {"mixpanel_distinct_id": "null", "distinct_id": "d"},
        {"email": None, "mixpanel_distinct_id": True},
        {"$first_name": "A", "$last_name": "B", "distinct_id": "x" * 300},
        {},
    ],
)
def test_a_member_is_read_as_the_workers_read_it(one: dict[str, Any], join_key: str) -> None:
    route = Route("r", "st", join_key=join_key)
    person = make_person(route, one)
    by_email, by_id, stored, refusal = cohorts._person(route, one, "", "")
    assert (person.email_hash, person.id_hash) == (by_email, by_id)
    told = cohorts.Invitation.decode(stored)
    assert (person.email, person.distinct_id, person.name) == (
        told.email,
        told.distinct_id,
        told.name,
    )
    assert person.refusal == refusal


@pytest.mark.no_cover
def test_ten_thousand_members_are_planned_each(session: Session) -> None:
    route = session.config.routes.named("activation")
    assert route is not None
    people = [make_person(route, member(n)) for n in range(10_000)]
    assert sum(1 for _ in foresee(session.ledger, route, people)) == 10_000


# --- reading files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '[{"email": "a@b.cd", "plan": "pro"}]',
        '{"members": [{"email": "a@b.cd", "plan": "pro"}]}',
        '{"action": "members", "parameters": {"members": [{"email": "a@b.cd", "plan": "pro"}]}}',
        "email,plan\na@b.cd,pro\n",
        "\ufeffEmail,plan,empty\r\na@b.cd,pro,\r\n\r\n",
        '"E-Mail","plan"\n"a@b.cd","pro"',
        "\ufeff\r\nemail;plan\r\na@b.cd;pro",
        "email\tplan\na@b.cd\tpro\n",
        "plan|email\npro|a@b.cd\n",
        '\ufeff\n [{"email": "a@b.cd", "plan": "pro"}]\n',
    ],
)
def test_json_and_csv_are_read_alike(text: str) -> None:
    assert read_members(io.StringIO(text, newline="")) == [{"email": "a@b.cd", "plan": "pro"}]


@pytest.mark.parametrize("command", ["plan", "cohort csv", "cohort import"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"email\nann@example.com\n\xff\xfe\n", "not UTF-8 text; save the file as UTF-8"),
        (b"\nname;plan\nJane;pro", "line 2: must name the columns, among them email (or $email)"),
        (b"\n\nemail\n\n" + b"x" * 200_000 + b"\n", "near line 5: not CSV"),
        (b"", "line 1: must name the columns"),
    ],
)
def test_every_command_says_the_same_about_a_file_that_is_none(
    run: Callable[..., Result], tmp_path: Path, command: str, content: bytes, why: str
) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes(content)
    result = run(*command.split(), str(path), "--route", "activation")
    assert result.exit_code == 1
    assert f"{path}: " in result.stderr
    assert why in result.stderr
    assert "Jane" not in result.stderr
    assert "xxx" not in result.stderr


def test_mixpanels_headings_are_known() -> None:
    text = "Distinct ID,First Name,$city\nd1,Jane,Berlin\n"
    assert read_members(io.StringIO(text, newline="")) == [
        {"distinct_id": "d1", "first_name": "Jane", "$city": "Berlin"}
    ]


@pytest.mark.parametrize("text", ["", "[1]", "[{", '{"people": []}', "name,plan\nJane,pro"])
def test_a_file_without_members_exits_1_and_says_why(run: Callable[..., Result], text: str) -> None:
    result = run("plan", "--route", "activation", "-", "--json", input=text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: <stdin>: ")


def test_a_file_that_is_not_there_is_wrong_usage(run: Callable[..., Result]) -> None:
    assert run("plan", "--route", "activation", "nowhere.csv").exit_code == 2
    assert run("plan", "-").exit_code == 2
    assert run("plan", "--route", "nope", "-", input="[]").exit_code == 1


# --- cohort csv -------------------------------------------------------------------------------


def rows_of(path: Any) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:  # noqa: PTH123 - csv wants it so
        return list(csv.DictReader(file))


def to_csv(run_json: Any, tmp_path: Path, members: Any, *options: str) -> tuple[int, Any]:
    source = tmp_path / "members.json"
    source.write_text(json.dumps(members))
    code, told = run_json("cohort", "csv", str(source), "--out", str(tmp_path), *options)
    return code, told


def test_participants_are_written_with_kojis_columns(run_json: Any, tmp_path: Path) -> None:
    members = [
        member(1, first_name="Ann, B", **{"$city": "Köln"}, plan="pro", secret="x"),
        member(2, plan=["a", 1]),
    ]
    code, told = to_csv(run_json, tmp_path, members, "--route", "activation")
    path = tmp_path / "koji-activation-1.csv"
    assert (code, told) == (
        0,
        {
            "route": "activation",
            "rows": 2,
            "files": [{"path": str(path), "rows": 2}],
            "skipped": {},
        },
    )
    assert rows_of(path) == [
        {
            "external_id": "user_1",
            "email": email(1),
            "display_name": "Ann, B",
            "plan": "pro",
            "$city": "Köln",
        },
        {
            "external_id": "user_2",
            "email": email(2),
            "display_name": "",
            "plan": '["a",1]',
            "$city": "",
        },
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_holds_at_most_500_rows(run_json: Any, tmp_path: Path) -> None:
    told = to_csv(run_json, tmp_path, [member(n) for n in range(1001)], "--route", "activation")[1]
    assert [one["rows"] for one in told["files"]] == [500, 500, 1]


def test_who_must_not_be_asked_is_left_out(run_json: Any, tmp_path: Path, book: Book) -> None:
    book.invite(1)
    members = [member(1), member(2), member(2), {"mixpanel_distinct_id": "x"}]
    told = to_csv(run_json, tmp_path, members, "--route", "activation")[1]
    assert told["rows"] == 1
    assert told["skipped"] == {"already_invited": 1, "repeated": 1, "no_email": 1}


def test_all_takes_in_who_was_invited_already(run_json: Any, tmp_path: Path, book: Book) -> None:
    book.invite(1)
    told = to_csv(run_json, tmp_path, [member(1)], "--route", "activation", "--all")[1]
    assert told["rows"] == 1


def test_no_address_leaves_where_people_are_joined_by_id(
    run_json: Any, session: Session, tmp_path: Path
) -> None:
    route = session.config.routes.named("churned")
    object.__setattr__(route, "properties", ("email", "contact", "plan"))
    members = [
        member(1, contact="write to jane@example.com", plan="pro", name="jane@example.com"),
        {"mixpanel_distinct_id": "joe@example.com"},
    ]
    told = to_csv(run_json, tmp_path, members, "--route", "churned")[1]
    assert told["skipped"] == {"distinct_id_is_an_address": 1}
    path = tmp_path / "koji-churned-1.csv"
    assert "@" not in path.read_text()
    assert rows_of(path) == [
        {"external_id": "user_1", "display_name": "", "contact": "", "plan": "pro"}
    ]


def test_files_that_are_there_stay(
    run: Callable[..., Result], run_json: Any, tmp_path: Path
) -> None:
    to_csv(run_json, tmp_path, [member(1)], "--route", "activation")
    source = str(tmp_path / "members.json")
    result = run("cohort", "csv", source, "--out", str(tmp_path), "--route", "activation")
    assert result.exit_code == 1
    assert "is there already; nothing was written" in result.stderr


def test_nobody_to_write_exits_1(run_json: Any, tmp_path: Path) -> None:
    code, told = to_csv(run_json, tmp_path, [], "--route", "activation")
    assert (code, told["files"]) == (1, [])


def test_written_files_and_who_is_left_out_are_told(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    source = tmp_path / "members.csv"
    source.write_text("email,distinct_id\na@b.cd,1\n,2\n")
    options = ("--out", str(tmp_path), "--route", "activation")
    result = run("cohort", "csv", str(source), *options)
    assert result.stdout == f"{tmp_path}/koji-activation-1.csv: 1 row\n"
    assert result.stderr == "1 left out: no email\n"
    source.write_text("email\n")
    result = run("cohort", "csv", str(source), *options)
    assert (result.exit_code, result.stderr) == (1, "Nobody is left to write.\n")
