"""common/ledger/dead_letters.py, and the commands on top of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest

from common.errors import TransientError
from common.ledger import INBOX, Ledger, dead_letters, invitations
from common.ledger.dead_letters import DeadLetters, Filters
from common.ledger.lanes import WRITES
from common.messages import Answer, CohortPage, InterviewResult, ReceivedResult
from ops.local.embedded_redis import EmbeddedRedis
from tests.unit.ops.conftest import LEASE_MS, NOON_MS, Book

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from common.config import Config

FIELDS = [
    *("id", "lane", "route", "reason", "error", "status", "attempts", "first_at", "last_at"),
]
MEMBER = {"email": "Jane@Example.com", "mixpanel_distinct_id": "jane_1", "plan": "pro"}
PAGE = CohortPage("add_members", "activation", "5167408", [MEMBER], 1)


def test_a_letter_is_listed_with_exactly_these_fields(run_json: Any, book: Book) -> None:
    (letter_id,) = book.bury(1)
    assert run_json("dead-letters", "list") == (
        0,
        [
            {
                "id": letter_id,
                "lane": "invitations",
                "route": "activation",
                "reason": "rejected",
                "error": "HTTP 422 bad",
                "status": 422,
                "attempts": 1,
                "first_at": "2026-05-29T12:00:00.000Z",
                "last_at": "2026-05-29T12:00:00.000Z",
            }
        ],
    )


def test_an_empty_list_is_no_failure(run_json: Any, run: Callable[..., Result]) -> None:
    assert run_json("dead-letters", "list") == (0, [])
    assert run("dead-letters", "list").stdout == "No dead letters.\n"


def test_letters_of_all_lanes_come_newest_first(config: Config) -> None:
    now = iter(range(NOON_MS, NOON_MS + 10_000))
    book = Book(Ledger(fakeredis.FakeRedis(), clock_ms=lambda: next(now)))
    first = book.write("iv-1", "user_1", dead=True)
    (second,) = book.bury(1)
    third = book.accept("page:1", PAGE, dead=True)
    found = DeadLetters(book.ledger, config.routes).find(Filters())
    assert [letter.id for letter in found] == [third, second, first]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--lane", "writes"], ["writes:iv-1"]),
        (["--lane", "inbox"], ["inbox:page:1"]),
        (["--reason", "ambiguous"], ["invitations"]),
        (["--route", "churned"], ["invitations"]),
        (["--route", "activation"], ["inbox:page:1", "writes:iv-1"]),
        (["--since", "2026-05-29T12:00:00Z"], ["inbox:page:1", "invitations", "writes:iv-1"]),
        (["--since", "2026-05-29T12:00:01"], []),
    ],
)
def test_filters_choose(run_json: Any, book: Book, options: list[str], expected: list[str]) -> None:
    book.write("iv-1", "user_1", dead=True)
    book.bury(1, reason="ambiguous", route="churned", study="st_churn")
    book.accept("page:1", PAGE, dead=True)
    code, found = run_json("dead-letters", "list", *options)
    ids = sorted(one["id"] for one in found)
    assert code == 0
    assert [one.split(":")[0] if one.startswith("inv") else one for one in ids] == expected


def test_a_webhook_not_yet_read_names_its_route_and_shows_nothing_personal(
    run: Any, run_json: Any, book: Book
) -> None:
    """One whose worker was killed again and again was never read."""
    document = {"study_id": "st_churn", "interview_id": "1", "answers": {"why": "Ann Lee said"}}
    book.accept("koji:1", ReceivedResult("1", 1, document), dead=True)
    _, (letter,) = run_json("dead-letters", "list")
    assert letter["route"] == "churned"
    shown = run("dead-letters", "show", letter["id"])
    assert shown.exit_code == 0
    assert "Ann" not in shown.stdout
    assert "Ann Lee" in run("dead-letters", "show", letter["id"], "--reveal").stdout


def test_the_route_of_an_interview_is_that_of_its_study(run_json: Any, book: Book) -> None:
    book.accept("koji:1", InterviewResult("1", 1, 1, study_id="st_churn"), dead=True)
    book.accept("koji:2", InterviewResult("2", 1, 1, study_id="st_unknown"), dead=True)
    book.accept("koji:3", b"\xff not JSON", dead=True)
    _, found = run_json("dead-letters", "list")
    assert {one["id"]: one["route"] for one in found} == {
        "inbox:koji:1": "churned",
        "inbox:koji:2": None,
        "inbox:koji:3": None,
    }


def test_every_letter_comes_once_however_many_died_at_the_same_moment(
    config: Config, ledger: Ledger, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "PAGE", 3)
    ids = book.bury(*range(10))
    found = [letter.id for letter in DeadLetters(ledger, config.routes).find(Filters())]
    assert sorted(found) == sorted(ids)


@pytest.fixture
def real_redis(tmp_path: Path) -> Iterator[Any]:
    with EmbeddedRedis(tmp_path / "redis") as server, server.client() as client:
        client.config_set("appendonly", "no")
        yield client


def test_ten_thousand_letters_are_listed_in_pages(
    config: Config, real_redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = real_redis
    ledger = Ledger(redis)
    book = Book(ledger)
    for start in range(0, 10_000, 1000):
        book.bury(*range(start, start + 1000))
    most: list[int] = []
    real = redis.hmget
    monkeypatch.setattr(redis, "hmget", lambda key, keys: most.append(len(keys)) or real(key, keys))
    started = time.perf_counter()
    found = sum(1 for _ in DeadLetters(ledger, config.routes).find(Filters()))
    assert found == 10_000
    assert max(most) <= dead_letters.PAGE
    assert time.perf_counter() - started < 3  # some 0.2 s on a quiet machine


def test_a_table_shows_the_newest_and_says_how_many_more(
    run: Callable[..., Result], book: Book
) -> None:
    book.bury(*range(60))
    result = run("dead-letters", "list")
    assert result.stdout.count("HTTP 422 bad") == 50
    assert result.stderr == "10 more are not shown; --limit 0 shows all.\n"
    assert run("dead-letters", "list", "--limit", "0").stdout.count("HTTP 422 bad") == 60


# --- show -------------------------------------------------------------------------------------


def test_show_adds_payload_and_story(run_json: Any, ledger: Ledger, book: Book) -> None:
    book.invite(1)
    lane = invitations("activation")
    (claim,), _ = ledger.claim(lane, most=1, lease_ms=LEASE_MS)
    error = TransientError("HTTP 503", status=503)
    ledger.retry(lane, [(claim.key, claim.token, 0, True, False, error)])
    (claim,), _ = ledger.claim(lane, most=1, lease_ms=LEASE_MS)
    ledger.bury(lane, [(claim.key, claim.token, "rejected", 422, "HTTP 422")])
    code, shown = run_json("dead-letters", "show", f"invitations:{claim.key}")
    assert code == 0
    assert list(shown) == [*FIELDS, "payload", "story"]
    assert shown["attempts"] == 2
    at = "2026-05-29T12:00:00.000Z"
    assert shown["story"] == [
        {"at": at, "outcome": "transient", "status": 503, "error": "HTTP 503", "delay_seconds": 0},
        {"at": at, "outcome": "dead", "status": 422, "error": "HTTP 422", "delay_seconds": 0},
    ]


def test_personal_data_is_masked_unless_revealed(
    run: Callable[..., Result], run_json: Any, book: Book
) -> None:
    letter_id = book.accept("page:1", PAGE, dead=True)
    hidden, table = (
        run("dead-letters", "show", letter_id, "--json"),
        run("dead-letters", "show", letter_id),
    )
    for output in (hidden.output, table.output):
        assert "Example.com" not in output
        assert "jane_1" not in output
    _, shown = run_json("dead-letters", "show", letter_id, "--reveal")
    assert shown["payload"]["members"] == [MEMBER]


def test_what_was_said_in_an_interview_is_masked(run: Callable[..., Result], book: Book) -> None:
    result = InterviewResult(
        "iv-9",
        1,
        1,
        email="jane@example.com",
        answers=(Answer("why", "open_ended", "my own words"),),
        themes=("a theme",),
        transcript_url="https://koji.so/t/9",
    )
    letter_id = book.accept("koji:iv-9", result, dead=True)
    output = run("dead-letters", "show", letter_id, "--json").output
    for text in ("jane@", "my own words", "https://koji.so/t/9"):
        assert text not in output
    assert "iv-9" in output
    assert "why" in output


@pytest.mark.parametrize(
    ("letter_id", "why"),
    [
        ("invitations:nobody", "no such entry"),
        ("nonsense", "not an id"),
        ("elsewhere:1", "not an id"),
    ],
)
def test_an_id_of_nothing_exits_1(run: Callable[..., Result], letter_id: str, why: str) -> None:
    result = run("dead-letters", "show", letter_id, "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert why in result.stderr


# --- replay -----------------------------------------------------------------------------------


def test_replay_by_id_gives_a_fresh_budget(run_json: Any, ledger: Ledger, book: Book) -> None:
    letter_id, other = book.bury(1, 2)
    assert run_json("dead-letters", "replay", letter_id) == (
        0,
        {"matched": 1, "replayed": 1, "skipped": []},
    )
    (claim,), _ = ledger.claim(invitations("activation"), most=5, lease_ms=LEASE_MS)
    assert (f"invitations:{claim.key}", claim.attempts) == (letter_id, 0)
    assert [one["id"] for one in run_json("dead-letters", "list")[1]] == [other]


def test_replay_all_of_a_reason(run_json: Any, book: Book) -> None:
    book.bury(1, 2, reason="exhausted")
    book.bury(3)
    book.write("iv-1", "user_1", dead=True)
    code, done = run_json("dead-letters", "replay", "--all", "--reason", "exhausted")
    assert (code, done) == (0, {"matched": 2, "replayed": 2, "skipped": []})
    assert len(run_json("dead-letters", "list")[1]) == 2


def test_each_letter_goes_back_to_its_own_lane(run_json: Any, ledger: Ledger, book: Book) -> None:
    book.bury(1)
    book.bury(1, route="churned", study="st_churn")
    book.write("iv-1", "user_1", dead=True)
    book.accept("page:1", PAGE, dead=True)
    assert run_json("dead-letters", "replay", "--all")[1]["replayed"] == 4
    for lane in (invitations("activation"), invitations("churned"), WRITES, INBOX):
        assert len(ledger.claim(lane, most=5, lease_ms=LEASE_MS)[0]) == 1, lane


def test_a_dry_run_changes_nothing(run_json: Any, run: Callable[..., Result], book: Book) -> None:
    book.bury(1, 2)
    expected = {"matched": 2, "replayed": 0, "skipped": []}
    assert run_json("dead-letters", "replay", "--all", "--dry-run") == (0, expected)
    assert "2 would be replayed" in run("dead-letters", "replay", "--all", "--dry-run").stdout
    assert len(run_json("dead-letters", "list")[1]) == 2


def test_nothing_matched_exits_1(run_json: Any) -> None:
    nothing = {"matched": 0, "replayed": 0, "skipped": []}
    assert run_json("dead-letters", "replay", "--all") == (1, nothing)


def test_skipped_ids_say_why(run_json: Any, ledger: Ledger, book: Book) -> None:
    (dead,) = book.bury(1)
    done = book.start(2, "iv-2")
    book.invite(3)
    waiting = ledger.redis.zrange(invitations("activation").own_key("pending"), 0, 0)[0].decode()
    book.invite(4)
    (cancelled,) = book.bury(5)
    run_json("dead-letters", "drop", cancelled)
    code, told = run_json(
        *("dead-letters", "replay", dead, f"invitations:{done}", f"invitations:{waiting}"),
        *(cancelled, "writes:nothing", "nonsense"),
    )
    assert code == 0
    assert (told["matched"], told["replayed"]) == (1, 1)
    assert {one["id"]: one["why"].split(":")[0] for one in told["skipped"]} == {
        f"invitations:{done}": "is done, not dead",
        f"invitations:{waiting}": "is waiting, not dead",
        cancelled: "is cancelled, not dead",
        "writes:nothing": "no such entry",
        "nonsense": "not an id",
    }


def test_who_may_have_been_started_is_not_replayed_in_bulk(run_json: Any, book: Book) -> None:
    (doubtful,) = book.bury(1, reason="ambiguous")
    code, told = run_json("dead-letters", "replay", "--all")
    assert (code, told["matched"], told["replayed"]) == (0, 1, 0)
    assert told["skipped"][0]["id"] == doubtful
    assert "may have been started" in told["skipped"][0]["why"]
    by_reason = run_json("dead-letters", "replay", "--all", "--reason", "ambiguous")
    assert by_reason[1]["replayed"] == 1


def test_a_letter_of_a_route_that_is_gone_stays(run_json: Any, book: Book) -> None:
    (gone,) = book.bury(1, route="gone", study="st_gone")
    page = book.accept("page:1", CohortPage("members", "gone", "9", [], 1), dead=True)
    _, told = run_json("dead-letters", "replay", gone, page)
    assert told["replayed"] == 0
    assert {one["why"] for one in told["skipped"]} == {"its route 'gone' is not in routes.toml"}


def test_a_rate_spaces_all_lanes_together(run_json: Any, ledger: Ledger, book: Book) -> None:
    book.bury(*range(10))
    book.write("iv-1", "user_1", dead=True)
    run_json("dead-letters", "replay", "--all", "--rate", "60/minute")
    due = ledger.redis.zrange(invitations("activation").own_key("pending"), 0, -1, withscores=True)
    due += ledger.redis.zrange(WRITES.key("pending"), 0, -1, withscores=True)
    offsets = sorted(score - NOON_MS for _, score in due)
    assert offsets == [0, 0, *range(2000, 20_000, 2000)]


def test_many_letters_keep_their_order_and_rate(
    config: Config, ledger: Ledger, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "LETTERS_A_CALL", 4)
    book.bury(*range(12))
    letters = DeadLetters(ledger, config.routes)
    assert sum(ok for _, ok in letters.replay(list(letters.find(Filters())), 100)) == 12
    due = ledger.redis.zrange(invitations("activation").own_key("pending"), 0, -1, withscores=True)
    # Never more than so many by then, at 10 a second.
    for n, (_, score) in enumerate(due):
        assert score - NOON_MS >= (n - 2) * 100


def test_bulk_replay_asks_and_takes_no_for_an_answer(
    run: Callable[..., Result], run_json: Any, book: Book
) -> None:
    book.bury(1, 2)
    refused = run("dead-letters", "replay", "--all", input="n\n")
    assert refused.exit_code == 1
    assert "Replay 2 dead letters?" in refused.stderr
    assert run("dead-letters", "replay", "--all").exit_code == 1  # nobody there to ask
    assert len(run_json("dead-letters", "list")[1]) == 2
    agreed = run("dead-letters", "replay", "--all", input="y\n")
    assert (agreed.exit_code, agreed.stdout) == (0, "2 matched, 2 replayed, 0 skipped.\n")


def test_yes_replays_without_asking(run: Callable[..., Result], book: Book) -> None:
    book.bury(1)
    assert run("dead-letters", "replay", "--all", "--yes").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay"],
        ["replay", "--all", "writes:iv-1"],
        ["replay", "writes:iv-1", "--reason", "rejected"],
        ["replay", "--all", "--rate", "fast"],
        ["replay", "--all", "--since", "tomorrow"],
        ["list", "--lane", "outbox"],
        ["drop"],
        ["show"],
    ],
)
def test_wrong_usage_exits_2(run: Callable[..., Result], arguments: list[str]) -> None:
    result = run("dead-letters", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


# --- drop -------------------------------------------------------------------------------------


def test_drop_cancels_for_good_and_forgets_the_payload(
    run_json: Any, ledger: Ledger, book: Book
) -> None:
    (letter_id,) = book.bury(1)
    expected = {"matched": 1, "dropped": 1, "skipped": []}
    assert run_json("dead-letters", "drop", letter_id) == (0, expected)
    key = letter_id.partition(":")[2]
    assert ledger.value(invitations("activation"), key) == b""
    book.invite(1)  # the next sync brings them again
    assert ledger.claim(invitations("activation"), most=1, lease_ms=LEASE_MS)[0] == []


def test_drop_of_nothing_exits_1(run_json: Any) -> None:
    assert run_json("dead-letters", "drop", "inbox:x") == (
        1,
        {"matched": 0, "dropped": 0, "skipped": [{"id": "inbox:x", "why": "no such entry"}]},
    )


def test_a_table_says_why_letters_were_skipped(run: Callable[..., Result], book: Book) -> None:
    book.bury(1, reason="ambiguous")
    result = run("dead-letters", "replay", "--all", "--dry-run")
    assert "1 matched, 0 would be replayed, 1 skipped." in result.stdout
    assert "may have been started already" in result.stdout


def test_a_letter_that_somebody_else_replayed_meanwhile_is_skipped(
    run_json: Any, ledger: Ledger, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    (letter_id,) = book.bury(1)
    monkeypatch.setattr(ledger, "revive", lambda _, keys, __: ([False] * len(keys), False))
    expected = {"id": letter_id, "why": "is no longer dead"}
    assert run_json("dead-letters", "replay", letter_id)[1]["skipped"] == [expected]


def test_a_result_that_names_no_study_is_found_by_the_route_it_was_started_on(
    run_json: Any, book: Book
) -> None:
    book.start(1, "iv-1")
    mine = book.accept("koji:iv-1", InterviewResult("iv-1", 1, 1), dead=True)
    other = book.accept("koji:iv-2", InterviewResult("iv-2", 1, 1), dead=True)
    assert [one["id"] for one in run_json("dead-letters", "list", "--route", "activation")[1]] == [
        mine
    ]
    routes = {one["id"]: one["route"] for one in run_json("dead-letters", "list")[1]}
    assert routes == {mine: "activation", other: None}
