"""The loop at a glance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from common.ledger import INBOX, WRITES, invitations
from common.messages import CohortPage
from common.partner_keys import breaker_key, key_name
from common.rates import Rate
from ops.console.desk import Desk
from ops.console.loop_view import ALL_WELL, see, state
from ops.console.pace import Pace
from tests.unit.ops.conftest import LEASE_MS, NOON_MS
from tests.unit.ops.console.conftest import visible

if TYPE_CHECKING:
    from flask import Flask

    from common.config import Config
    from common.ledger import Ledger
    from tests.unit.ops.conftest import Book
    from tests.unit.ops.console.conftest import Visitor, WallClock

PAGE = CohortPage("members", "activation", "5167408", [{"email": "a@example.com"}], NOON_MS)


@pytest.fixture
def look(app: Flask, desk: Desk) -> Any:
    """What the page would show now."""

    def look_now() -> dict[str, Any]:
        with app.test_request_context():
            return see(desk)

    return look_now


def test_an_empty_ledger_is_all_well(visitor: Visitor) -> None:
    page = visible(visitor.get("/").text)
    assert ALL_WELL in page
    assert "Members received 0 0 waiting" in page
    assert "activation st_activation nothing to do" in page
    assert "0 of 60 a minute" in page
    assert "0 of 30 a minute" in page


def test_members_are_counted_at_each_step(visitor: Visitor, book: Book, ledger: Ledger) -> None:
    book.start(1, "iv-1")
    book.start(2, "iv-2")
    book.invite(3, 4, 5)
    book.bury(6)
    ledger.claim(invitations("activation"), most=1, lease_ms=LEASE_MS)
    ledger.redis.hset(INBOX.key("counters"), "completed:activation", 2)
    ledger.redis.hset(INBOX.key("counters"), "skipped:low_quality", 1)
    ledger.redis.hset(WRITES.key("counters"), "written:activation", 1)
    book.write("iv-3", "user_9")
    texts = visitor.get("/loop.json").json["texts"]
    steps = ("received", "invited", "interviewed", "written")
    assert [texts[step] for step in steps] == ["6", "2", "2", "1"]
    assert texts["received.note"] == "2 waiting"
    assert texts["invited.note"] == "1 on their way to Koji"
    assert texts["interviewed.note"] == "1 not meant for Mixpanel"
    assert texts["written.note"] == "1 on their way"
    assert texts["summary"] == "6 members received, 2 invited, 2 interviewed, 1 written"
    assert texts["skipped"] == "low quality 1"
    assert texts["cancelled"] == "nobody"
    assert texts["lane:invitations.dead"] == "1"
    assert texts["route:activation.pending"] == "2"
    assert texts["route:activation.state"] == "running"
    assert texts["route:activation.forecast"] == "in 3 s, at 12:00 UTC"


def test_large_numbers_are_readable_and_far_finishes_have_a_day(
    app: Flask, config: Config, ledger: Ledger, wall: WallClock
) -> None:
    lane = invitations("activation")
    ledger.redis.sadd(lane.key("sublanes"), "activation")
    ledger.redis.zadd(lane.own_key("pending"), {f"k{n}": NOON_MS for n in range(1500)})
    slow = replace(config.settings, koji_rate_limit=Rate.parse("60/hour"))
    with app.test_request_context():
        texts = see(Desk(replace(config, settings=slow), ledger, wall))["texts"]
    assert texts["route:activation.pending"] == "1,500"
    assert texts["route:activation.forecast"] == "in 1 d 1 h, at 30 May 13:00 UTC"


def test_the_page_and_its_figures_say_the_same(visitor: Visitor, book: Book) -> None:
    book.bury(1)
    book.invite(2, 3)
    page, now = visitor.get("/").text, visitor.get("/loop.json").json
    for name, text in now["texts"].items():
        assert f'data-live="{name}">{text}<' in page or name == "summary", name
    for alert in now["alerts"]:
        assert alert["text"] in page


def test_a_paused_route_says_why_and_has_no_forecast(look: Any, desk: Desk, book: Book) -> None:
    book.invite(1)
    desk.pauses.pause("activation", "Koji answered 401 <script>")
    desk.pauses.pause("mixpanel", "Mixpanel answered 403")
    now = look()
    assert now["states"]["route:activation.state"] == "bad"
    assert now["texts"]["route:activation.why"] == "Koji answered 401 <script>"
    assert now["texts"]["route:activation.forecast"] == "cannot be told"
    told = [alert["text"] for alert in now["alerts"]]
    assert "Route activation is paused: Koji answered 401 <script>" in told
    assert "Writing to Mixpanel is paused: Mixpanel answered 403" in told


def test_a_reason_is_shown_as_text(visitor: Visitor, desk: Desk) -> None:
    desk.pauses.pause("activation", "<script>alert(1)</script>")
    for path in ("/", "/routes"):
        page = visitor.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("probe_in_ms", "told", "kind"),
    [(5000, "Koji is down", "bad"), (-1, "Koji is being probed", "warn")],
)
def test_a_partner_that_is_down_is_named(
    look: Any, config: Config, ledger: Ledger, probe_in_ms: int, told: str, kind: str
) -> None:
    opened = {"state": "open", "probe_at": NOON_MS + probe_in_ms}
    for name in ("mixpanel", f"koji:{key_name(config.api_keys['KOJI_API_KEY'])}"):
        ledger.redis.hset(breaker_key(name), mapping=opened)
    now = look()
    assert now["texts"]["route:activation.state"] == told
    assert now["states"]["route:activation.state"] == kind
    assert now["texts"]["route:churned.state"] == "nothing to do"
    told_alerts = " ".join(alert["text"] for alert in now["alerts"])
    assert "Koji does not answer" in told_alerts
    assert "(route activation)." in told_alerts
    assert "Mixpanel does not answer" in told_alerts


def test_work_that_nobody_takes_up_is_an_alert(look: Any, ledger: Ledger, desk: Desk) -> None:
    for lane in (INBOX, WRITES):
        ledger.redis.zadd(lane.key("pending"), {"k": NOON_MS - 61_000})
    told = [alert["text"] for alert in look()["alerts"]]
    assert "Lane inbox has had work due for 1 min 1 s. Do worker-inbox and beat run?" in told
    assert "Lane writes has had work due for 1 min 1 s. Do worker-mixpanel and beat run?" in told
    desk.pauses.pause("mixpanel", "x")
    told = [alert["text"] for alert in look()["alerts"]]
    assert not any("Lane writes" in text for text in told), "a pause explains it"


@pytest.mark.parametrize(
    ("count", "told"), [(1, "1 dead letter waits"), (2, "2 dead letters wait")]
)
def test_dead_letters_lead_to_their_page(
    visitor: Visitor, book: Book, count: int, told: str
) -> None:
    book.bury(*range(count))
    page = visitor.get("/").text
    assert f'<li class="warn"><a href="/dead-letters">{told} for somebody to look at.' in page


def test_a_route_that_left_the_file_is_shown_while_people_wait_in_it(look: Any, book: Book) -> None:
    book.invite(1, route="old", study="st_old")
    now = look()
    assert now["texts"]["route:old.state"] == "not in routes.toml"
    assert now["texts"]["route:old.pace"] == "\N{EN DASH}"
    assert "route:old.pace" not in now["bars"]


def test_what_was_refused_by_policy_is_listed(look: Any, ledger: Ledger, book: Book) -> None:
    book.invite(1)
    people = [("hash_of_them", "", b"{}", "no_email")]
    ledger.invite(invitations("activation"), "studyhsh", people)
    assert look()["texts"]["cancelled"] == "no email 1"


@pytest.mark.parametrize(
    ("changes", "blocked_seconds", "told"),
    [
        ({}, 12.0, "Koji asks to wait 12 s"),
        ({"left_under_caps": 0}, 0.0, "cap used up"),
        ({"left_under_caps": 3}, 0.0, "running"),
        ({"opens_in_seconds": 60}, 0.0, "outside its hours"),
        ({"opens_in_seconds": None}, 0.0, "outside its hours"),
        ({"pending": 0, "left_under_caps": 0}, 0.0, "nothing to do"),
        ({"paused": True, "breaker": "open"}, 12.0, "paused"),
    ],
)
def test_the_state_is_what_stands_most_in_the_way(
    changes: dict[str, Any], blocked_seconds: float, told: str
) -> None:
    route = {"in_routes": True, "paused": False, "breaker": "closed", "pending": 1, "in_flight": 0}
    route |= {"left_under_caps": None, "opens_in_seconds": 0, **changes}
    assert state(route, Pace(1, 60, "minute", blocked_seconds=blocked_seconds))[1] == told


def test_the_figures_hold_nothing_personal(visitor: Visitor, book: Book) -> None:
    book.bury(1)
    book.start(2, "iv-2")
    book.accept("page", PAGE)
    told = orjson.dumps(visitor.get("/loop.json").json).decode()
    assert "@" not in told
    assert "Person" not in told
