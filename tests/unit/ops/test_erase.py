"""`erase`: a person and whatever belongs to them, everywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import requests
from click.testing import CliRunner

from common.config import load_config
from common.identity import email_hash, id_hash, study_hash
from common.ledger import INBOX, WRITES, Ledger, invitations
from common.ledger.lanes import DELIVERIES, INVITATIONS
from common.ledger.scripts import Scripts
from common.messages import CohortPage, InterviewResult, Invitation
from ops.cli import cli
from ops.erasure import PLACES, erase_person
from ops.names import Names
from ops.session import Session
from tests.unit.ops.conftest import LEASE_MS, email

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from tests.unit.ops.conftest import Book

JANE, JANES_ID = "Jane.Doe@Example.com", "jane_1"
EVERYWHERE = {
    "cohort_pages": 1,
    "results": 1,
    "writes": 1,
    "profiles": 1,
    "interviews": 1,
    "invitations": 2,
    "deliveries": 1,
    "people": 1,
    "aliases": 1,
}


def invite(ledger: Ledger, address: str, distinct_id: str, route: str, study: str) -> None:
    person = Invitation(distinct_id, address, "Jane", "", {"plan": "pro"})
    names = (email_hash(address), id_hash(distinct_id))
    ledger.invite(invitations(route), study_hash(study), [(*names, person.encode(), "")])


def everything(ledger: Ledger) -> str:
    """Return all that Redis holds as one text."""
    redis = ledger.redis
    read = {
        b"hash": redis.hgetall,
        b"zset": lambda key: redis.zrange(key, 0, -1),
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
        b"string": redis.get,
    }
    return repr({key: read[redis.type(key)](key) for key in redis.scan_iter()}).lower()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.erasure.PAUSE_SECONDS", 0)


@pytest.fixture
def jane(ledger: Ledger, book: Book) -> None:
    """Jane everywhere: two studies, a page, a result, a write; and somebody else beside her."""
    invite(ledger, JANE, JANES_ID, "activation", "st_activation")
    lane = invitations("activation")
    (claim,), _ = ledger.claim(lane, most=1, lease_ms=LEASE_MS)
    value = Invitation(JANES_ID, JANE, route="activation").encode()
    ledger.complete_start(
        lane, claim.key, claim.token, value=value, interview_id="iv-jane", counters={}
    )
    ledger.add(DELIVERIES, [(claim.key, b'{"to": "Jane.Doe@Example.com"}')])
    invite(ledger, JANE, JANES_ID, "churned", "st_churn")
    book.write("iv-jane", JANES_ID, dead=True)
    members = [
        {"email": JANE.upper()},
        {"mixpanel_distinct_id": JANES_ID},
        {"email": email(2), "mixpanel_distinct_id": "user_2"},
    ]
    book.accept("page:1", CohortPage("members", "activation", "1", members, 1), dead=True)
    book.accept("koji:iv-jane", InterviewResult("iv-jane", 1, 1, external_id=JANES_ID))
    book.invite(2)
    book.bury(3)
    book.write("iv-3", "user_3")


@pytest.mark.parametrize("told", [JANE, JANE.lower(), f" {JANE.upper()} ", JANES_ID])
@pytest.mark.usefixtures("jane")
def test_a_person_is_removed_everywhere(run_json: Any, ledger: Ledger, told: str) -> None:
    code, report = run_json("erase", told)
    assert (code, report["removed"]) == (0, EVERYWHERE)
    assert (report["found"], report["dry_run"]) == (True, False)
    assert report["kept"] == "a hash for each study"
    assert report["koji"]["interviews"] == ["iv-jane"]
    assert report["mixpanel"]["distinct_ids"] == [JANES_ID]
    rest = everything(ledger)
    for trace in ("jane.doe", JANES_ID, id_hash(JANES_ID).lower()):
        assert trace not in rest


@pytest.mark.usefixtures("jane")
def test_nobody_else_is_touched(run_json: Any, ledger: Ledger) -> None:
    run_json("erase", JANE)
    rest = everything(ledger)
    for trace in (email(2), "user_2", email(3), "user_3", "iv-3"):
        assert trace in rest
    assert run_json("erase", "user_2")[1]["removed"]["cohort_pages"] == 1


@pytest.mark.usefixtures("jane")
def test_the_second_time_nothing_is_found(run: Callable[..., Result], run_json: Any) -> None:
    run_json("erase", JANE)
    for told in (JANE, JANES_ID):
        code, report = run_json("erase", told)
        assert (code, report["found"], report["kept"]) == (1, False, "nothing")
        assert report["removed"] == dict.fromkeys(PLACES, 0)
        assert report["mixpanel"]["distinct_ids"] == []
    result = run("erase", JANE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Nothing was found." in result.stderr


@pytest.mark.usefixtures("jane")
def test_a_table_says_from_where(run: Callable[..., Result]) -> None:
    result = run("erase", JANE)
    assert result.exit_code == 0
    assert "invitations, in any state" in result.stdout
    assert "MIXPANEL_GDPR_TOKEN is not set" in result.stderr
    assert "by hand (interviews iv-jane)" in result.stderr
    assert "jane.doe" not in result.output.lower()


@pytest.mark.usefixtures("jane")
def test_who_was_erased_is_not_invited_again(run_json: Any, ledger: Ledger) -> None:
    run_json("erase", JANE)
    invite(ledger, JANE, JANES_ID, "activation", "st_activation")
    assert ledger.claim(invitations("activation"), most=9, lease_ms=LEASE_MS)[0]  # person 2
    assert "jane.doe" not in everything(ledger)


@pytest.mark.parametrize("state", ["pending", "in_flight", "dead", "cancelled"])
def test_an_invitation_is_erased_in_any_state(run_json: Any, ledger: Ledger, state: str) -> None:
    lane = invitations("activation")
    invite(ledger, JANE, JANES_ID, "activation", "st_activation")
    key = f"{email_hash(JANE)}.{study_hash('st_activation')}"
    if state in {"in_flight", "dead"}:
        (claim,), _ = ledger.claim(lane, most=1, lease_ms=LEASE_MS)
        if state == "dead":
            ledger.bury(lane, [(key, claim.token, "rejected", 422, "")])
    elif state == "cancelled":
        ledger.cancel(lane, [key], "left_cohort")
    assert run_json("erase", JANE)[1]["removed"]["invitations"] == 1
    for name in ("pending", "in_flight"):
        assert ledger.redis.zcard(lane.own_key(name)) == 0
    assert ledger.redis.zcard(lane.key("dead")) == 0
    assert ledger.redis.zrange(lane.key("cancelled"), 0, -1) == [key.encode()]
    assert ledger.value(lane, key) == b""
    if state == "in_flight":  # its ticket finds the claim gone and makes no call
        assert ledger.begin(lane, key, claim.token, lease_ms=LEASE_MS) is None


def test_a_page_in_the_hands_of_a_worker_is_rewritten(run_json: Any, ledger: Ledger) -> None:
    page = CohortPage("members", "activation", "1", [{"email": JANE}, {"email": email(2)}], 1)
    ledger.add(INBOX, [("page:1", page.encode())])
    (claim,), _ = ledger.claim(INBOX, most=1, lease_ms=LEASE_MS)
    assert run_json("erase", JANE)[1]["removed"]["cohort_pages"] == 1
    assert ledger.complete(INBOX, [(claim.key, claim.token, b"", {})]) == [True]


def test_a_page_that_was_done_meanwhile_stays_done(ledger: Ledger) -> None:
    """The value that was read is compared before the page is written back."""
    ledger.add(INBOX, [("page:1", b"old")])
    rewrite = Scripts(ledger.redis).rewrite
    assert rewrite(keys=INBOX.keys(), args=["", "page:1", b"other", b"new"]) == 0
    assert rewrite(keys=INBOX.keys(), args=["", "page:1", b"old", b"new"]) == 1
    assert ledger.value(INBOX, "page:1") == b"new"


def test_what_a_worker_puts_down_meanwhile_is_found_by_the_next_pass(ledger: Ledger) -> None:
    page = CohortPage("members", "activation", "1", [{"email": JANE, "distinct_id": JANES_ID}], 1)
    ledger.add(INBOX, [("page:1", page.encode())])
    unpacked: list[float] = []

    def unpack(seconds: float) -> None:
        if not unpacked:
            invite(ledger, JANE, JANES_ID, "activation", "st_activation")
        unpacked.append(seconds)

    removed = erase_person(ledger, Names(ledger, JANE), unpack)
    assert (removed["cohort_pages"], removed["invitations"]) == (1, 1)
    assert "jane.doe" not in everything(ledger)


def test_an_id_that_only_a_waiting_page_links_goes_too(run_json: Any, ledger: Ledger) -> None:
    members = [{"email": JANE, "distinct_id": JANES_ID}]
    ledger.add(INBOX, [("p", CohortPage("members", "activation", "1", members, 1).encode())])
    invite(ledger, "", JANES_ID, "churned", "st_churn")
    assert run_json("erase", JANE)[1]["removed"]["invitations"] == 1
    assert JANES_ID not in everything(ledger)


def test_results_are_found_by_their_interview(run_json: Any, ledger: Ledger, book: Book) -> None:
    book.start(1, "iv-1")
    book.accept("koji:iv-1", InterviewResult("iv-1", 1, 1, email="another@example.com"))
    book.write("iv-1", "another-name")
    removed = run_json("erase", email(1))[1]["removed"]
    assert (removed["results"], removed["writes"]) == (1, 1)
    for lane in (INBOX, WRITES):
        assert ledger.claim(lane, most=1, lease_ms=LEASE_MS)[0] == []


def test_a_result_that_waits_for_its_person_goes_too(run_json: Any, ledger: Ledger) -> None:
    for interview_id, told in (("iv-1", JANE.upper()), ("iv-2", "other@example.com")):
        ledger.keep_unmatched(InterviewResult(interview_id, 1, 1, email=told), 10**13)
    assert run_json("erase", JANE, "--dry-run")[1]["removed"]["results"] == 1
    assert ledger.redis.hlen(INBOX.key("unmatched")) == 2
    assert run_json("erase", JANE)[1]["removed"]["results"] == 1
    assert ledger.redis.hkeys(INBOX.key("unmatched")) == [b"iv-2"]


def test_the_profile_of_an_address_in_capitals_is_found(
    run_json: Any, ledger: Ledger, book: Book
) -> None:
    invite(ledger, JANE, "", "activation", "st_activation")
    book.write("iv-1", JANE)
    removed = run_json("erase", JANE.lower())[1]["removed"]
    assert (removed["writes"], removed["profiles"]) == (1, 1)
    assert ledger.redis.hlen(WRITES.key("profiles")) == 0


def test_a_payload_that_nobody_can_read_goes_if_it_names_the_person(
    run_json: Any, ledger: Ledger, book: Book
) -> None:
    book.accept("koji:x", b'{"v": 99, "email": "JANE.DOE@example.com"}', dead=True)
    book.accept("koji:y", b'{"v": 99, "email": "other@example.com"}', dead=True)
    assert run_json("erase", JANE)[1]["removed"]["results"] == 1
    assert "other@example.com" in everything(ledger)


@pytest.mark.usefixtures("jane")
def test_an_id_that_names_nobody_erases_nobody(run_json: Any, ledger: Ledger) -> None:
    before = everything(ledger)
    assert run_json("erase", "anonymous")[0] == 1
    assert run_json("erase", "")[0] == 1
    assert everything(ledger) == before


def test_ids_are_compared_byte_for_byte(run_json: Any, ledger: Ledger) -> None:
    invite(ledger, "", "User_A", "churned", "st_churn")
    assert run_json("erase", "USER_A")[0] == 1
    assert run_json("erase", "User_A")[0] == 0


@pytest.mark.usefixtures("jane")
def test_counters_keep_what_was_erased(run_json: Any, ledger: Ledger) -> None:
    run_json("erase", JANE)
    counters = ledger.redis.hgetall(INVITATIONS.key("counters"))
    assert counters[b"cancelled:erased"] == b"2"


def test_names_that_only_kin_links_go_too(run_json: Any, ledger: Ledger) -> None:
    """An id that came alone first, then with one address, then with another."""
    for address in ("", JANE, "jane@home.example"):
        invite(ledger, address, JANES_ID, "churned", "st_churn")
    invite(ledger, "jane@home.example", "", "activation", "st_activation")
    assert run_json("erase", JANE)[1]["removed"]["invitations"] == 2
    rest = everything(ledger)
    assert ledger.redis.hlen(INVITATIONS.key("kin")) == 0
    for trace in ("jane@home", "jane.doe", JANES_ID):
        assert trace not in rest


def test_nobody_is_asked_for_an_erased_interview(run_json: Any, ledger: Ledger, book: Book) -> None:
    book.start(1, "iv-1")
    assert ledger.awaiting(2**53, 9) == ["iv-1"]
    run_json("erase", email(1))
    assert ledger.awaiting(2**53, 9) == []


# --- dry run, forgetting whole, Mixpanel -----------------------------------------------------


@pytest.mark.usefixtures("jane")
def test_a_dry_run_counts_the_same_and_changes_nothing(run_json: Any, ledger: Ledger) -> None:
    before = everything(ledger)
    code, report = run_json("erase", JANE, "--dry-run")
    assert (code, report["found"], report["dry_run"]) == (0, True, True)
    assert report["removed"] == EVERYWHERE
    assert report["mixpanel"]["distinct_ids"] == [JANES_ID]
    assert everything(ledger) == before
    assert run_json("erase", JANE)[1]["removed"] == EVERYWHERE
    assert run_json("erase", JANE, "--dry-run")[0] == 1


@pytest.mark.usefixtures("jane")
def test_who_is_forgotten_completely_may_be_invited_again(run_json: Any, ledger: Ledger) -> None:
    report = run_json("erase", JANE, "--forget-completely")[1]
    assert (report["removed"], report["kept"]) == (EVERYWHERE, "nothing")
    assert email_hash(JANE).lower() not in everything(ledger)
    invite(ledger, JANE, JANES_ID, "activation", "st_activation")
    claims, _ = ledger.claim(invitations("activation"), most=9, lease_ms=LEASE_MS)
    assert len(claims) == 2  # person 2, and Jane again


class FakeWeb:
    """Answers as told, and keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), []

    def call(self, method: str, url: str, **options: Any) -> requests.Response:
        self.asked.append((method, url, options))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, response._content = answer[0], orjson.dumps(answer[1])
        return response


@pytest.fixture
def ask(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], ledger: Ledger
) -> Callable[..., tuple[int, Any, FakeWeb]]:
    """Run a command with a token for Mixpanel, whose answers are told."""

    def run_it(*arguments: str, answers: list[Any]) -> tuple[int, Any, FakeWeb]:
        web = FakeWeb(*answers)
        monkeypatch.setattr("ops.commands.erase.Web", lambda: web)
        session = Session(load_config({**environ, "MIXPANEL_GDPR_TOKEN": "oauth"}), ledger)
        result = CliRunner().invoke(cli, [*arguments, "--json"], obj=session)
        text = result.stdout
        return result.exit_code, json.loads(text) if text else result.stderr, web

    return run_it


CREATED = (201, {"status": "ok", "results": {"task_id": "t-1"}})


@pytest.mark.usefixtures("jane")
def test_mixpanel_is_asked_for_a_deletion(ask: Any) -> None:
    code, report, web = ask("erase", JANE, "--compliance", "ccpa", answers=[CREATED])
    assert code == 0
    assert (report["mixpanel"]["asked"], report["mixpanel"]["task_id"]) == (True, "t-1")
    ((method, url, options),) = web.asked
    assert (method, url) == ("POST", "https://mixpanel.com/api/app/data-deletions/v3.0/")
    assert options["params"] == {"token": "a-token"}
    assert options["headers"]["Authorization"] == "Bearer oauth"
    body = {"distinct_ids": [JANES_ID], "compliance_type": "CCPA"}
    assert orjson.loads(options["data"]) == body


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, {}), "refuses MIXPANEL_GDPR_TOKEN (HTTP 401)"),
        ((301, {}), "HTTP 301: is MIXPANEL_QUERY_HOST right?"),
        ((201, {"results": {}}), "names no task_id"),
        ((200, []), "HTTP 200"),
        (requests.ConnectTimeout(), "no answer from https://mixpanel.com (ConnectTimeout)"),
    ],
)
@pytest.mark.usefixtures("jane")
def test_when_mixpanel_cannot_be_asked_the_ids_are_told_to_try_again(
    ask: Any, answer: Any, told: str
) -> None:
    code, report, _ = ask("erase", JANE, answers=[answer])
    assert (code, report["found"], report["mixpanel"]["failed"]) == (1, True, True)
    assert told in report["mixpanel"]["detail"]
    assert report["mixpanel"]["distinct_ids"] == [JANES_ID]
    code, report, web = ask("erase", JANE, "--mixpanel-id", JANES_ID, answers=[CREATED])
    assert (code, report["found"], report["mixpanel"]["asked"]) == (0, False, True)
    assert orjson.loads(web.asked[0][2]["data"])["distinct_ids"] == [JANES_ID]


@pytest.mark.usefixtures("jane")
@pytest.mark.parametrize("option", ["--without-mixpanel", "--dry-run"])
def test_mixpanel_is_not_asked_where_it_is_not_wanted(ask: Any, option: str) -> None:
    code, report, web = ask("erase", JANE, option, answers=[])
    assert (code, report["mixpanel"]["asked"], web.asked) == (0, False, [])


@pytest.mark.parametrize(
    ("status", "code"), [("PENDING", 0), ("SUCCESS", 0), ("FAILURE", 1), ("REVOKED", 1)]
)
def test_the_state_of_a_deletion_is_told(ask: Any, status: str, code: int) -> None:
    results = {"status": status, "compliance_type": "GDPR", "date_requested": "2026-05-29T12:00:00"}
    found = ask("erase-status", "t/1", answers=[(200, {"status": "ok", "results": results})])
    assert found[0] == code
    assert found[1] == {
        "task_id": "t/1",
        "status": status,
        "compliance_type": "GDPR",
        "requested_at": "2026-05-29T12:00:00",
    }
    assert found[2].asked[0][1].endswith("/data-deletions/v3.0/t%2F1")


def test_a_deletion_that_nobody_knows_is_told(ask: Any, run: Callable[..., Result]) -> None:
    code, told, _ = ask("erase-status", "t-1", answers=[(404, {})])
    assert code == 1
    assert "knows no deletion with this id" in told
    assert "MIXPANEL_GDPR_TOKEN is not set" in run("erase-status", "t-1").stderr


def test_an_address_is_an_id_in_mixpanel_only_where_no_other_is_known(ledger: Ledger) -> None:
    invite(ledger, JANE, "", "activation", "st_activation")
    names = Names(ledger, JANE)
    names.follow()
    assert names.in_mixpanel() == [JANE]
    invite(ledger, JANE, JANES_ID, "churned", "st_churn")
    names.follow()
    assert names.in_mixpanel() == [JANES_ID]


def test_a_hash_is_kept_or_not_kept(run: Callable[..., Result]) -> None:
    result = run("erase", JANE, "--suppress", "--forget-completely")
    assert result.exit_code == 2
    assert "choose" in result.stderr
