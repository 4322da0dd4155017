"""What becomes of a delivery: sent once, put back, held, buried, or not needed any more."""

from __future__ import annotations

import base64
import smtplib
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from common.errors import AmbiguousError, PermanentError, StopRouteError, TransientError
from common.ledger import DELIVERIES, WRITES
from common.messages import Delivery, ResultWrite
from common.queues import TaskNames
from tests.unit.workers.harness import Answer, Clock, make_bench
from workers.clients.mail import MailServer
from workers.clock import tick
from workers.delivery.deliver import NOT_NOW_MS, deliver
from workers.retention import purge

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from redis import Redis

    from common.config import Config
    from tests.unit.workers.harness import Bench

SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of a secret ...").decode()
HEAD = '[[routes]]\nname = "activation"\ncohort_id = "5167408"\nstudy_id = "st_activation"\n'
HEAD += 'properties = ["plan"]\ninvited_event = true\n'
WEBHOOK = '[routes.webhook]\nurl = "https://receiver.test/hook"\nsecret_env = "HOOK_SECRET"\n'
MAIL = '[routes.mail]\nsubject = "Hi {{ name }}"\ntext = "{{ properties.plan }} {{ link }}"\n'
TABLES = {"webhook": WEBHOOK, "smtp": MAIL, "mixpanel": "", "koji": ""}
SMTP = {"SMTP_HOST": "mail.test", "SMTP_FROM": "Research <research@example.com>"}
LINK = "https://koji.example/i/1?rid=r1"


class Mails:
    """A mail server without a network: keeps letters, or raises what it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.letters: list[EmailMessage] = []
        self.errors: list[Exception] = []
        self.connections = 0
        monkeypatch.setattr(MailServer, "connect", self._connect)
        monkeypatch.setattr(MailServer, "send", self._send)

    def _connect(self) -> Any:
        self.connections += 1
        return smtplib.SMTP()

    def _send(self, server: Any, letter: EmailMessage) -> None:
        del server
        self.letters.append(letter)
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Mails:
    return Mails(monkeypatch)


@pytest.fixture
def make(make_config: Callable[..., Config], redis: Redis) -> Callable[..., Bench]:
    """Build a bridge that delivers in a way, with ann started on a study."""

    def make(how: str, answer: dict[str, Any] | None = None, **member: Any) -> Bench:
        routes = f'{HEAD}deliver = "{how}"\n{TABLES[how]}'
        config = make_config(routes, HOOK_SECRET=SECRET, **SMTP)
        bench = make_bench(config, redis, Clock())
        told = {"interview_id": "int-1", "interview_url": LINK} if answer is None else answer
        bench.koji.usual = lambda _: Answer(201, told)
        ann = {"email": "ann@example.com", "mixpanel_distinct_id": "u-ann", "plan": "pro"}
        bench.invite({**ann, **member})
        bench.start()
        bench.sent.clear()
        return bench

    return make


def key_of(bench: Bench) -> str:
    return bench.key("ann@example.com")


def state(bench: Bench) -> str | None:
    return bench.state(key_of(bench), DELIVERIES)


def counters(bench: Bench) -> dict[str, int]:
    raw = bench.ledger.redis.hgetall(DELIVERIES.key("counters"))
    return {name.decode(): int(n) for name, n in raw.items()}


def events(bench: Bench) -> list[Any]:
    claims, _ = bench.ledger.claim(WRITES, most=10, lease_ms=1000)
    return [orjson.loads(one.value)["event"] for one in claims]


def reason(bench: Bench) -> str:
    return str(bench.meta(key_of(bench), DELIVERIES)["reason"])


def test_a_webhook_tells_what_a_tool_needs_and_is_done_once(make: Callable[..., Bench]) -> None:
    bench = make("webhook")
    assert deliver(bench.bridge) == 1
    assert deliver(bench.bridge) == 0
    (body,) = bench.receiver.bodies()
    assert body["type"] == "koji.interview.invited"
    assert body["data"] == {
        "link": LINK,
        "email": "ann@example.com",
        "distinct_id": "u-ann",
        "properties": {"plan": "pro"},
        "route": "activation",
        "study_id": "st_activation",
        "interview_id": "int-1",
        "cohort_id": "5167408",
    }
    assert (state(bench), counters(bench)["delivered:activation"]) == ("done", 1)
    assert bench.ledger.value(DELIVERIES, key_of(bench)) == b""


@pytest.mark.parametrize("how", ["webhook", "mixpanel", "koji"])
def test_the_event_is_told_once_the_link_is_on_its_way(
    make: Callable[..., Bench], how: str
) -> None:
    bench = make(how)
    deliver(bench.bridge)
    (event,) = events(bench)
    assert event["event"] == "Koji Interview Invited"
    told = event["properties"]
    assert (told["distinct_id"], told["deliver"], told["interview_id"]) == ("u-ann", how, "int-1")
    assert told["time"] == bench.clock()
    assert (TaskNames.WRITE_RESULTS, ()) in bench.sent


def test_the_event_counts_apart_from_results(make: Callable[..., Bench]) -> None:
    bench = make("koji")
    deliver(bench.bridge)
    assert bench.write() == 1
    raw = bench.ledger.redis.hgetall(WRITES.key("counters"))
    assert raw[b"invited:activation"] == b"1"
    assert b"written:activation" not in raw


def test_mixpanel_gets_the_link_as_a_profile_property(make: Callable[..., Bench]) -> None:
    bench = make("mixpanel")
    assert deliver(bench.bridge) == 1
    ((update,),) = bench.mixpanel.bodies("/engage")
    assert (update["$distinct_id"], update["$set"]) == ("u-ann", {"koji_interview_url": LINK})


def test_a_letter_is_filled_in_for_its_person(make: Callable[..., Bench], mails: Mails) -> None:
    bench = make("smtp", first_name="Ann")
    assert deliver(bench.bridge) == 1
    (letter,) = mails.letters
    assert (letter["To"], letter["Subject"]) == ("ann@example.com", "Hi Ann")
    assert letter.get_content().strip() == f"pro {LINK}"
    assert letter["Message-ID"].endswith("@example.com>")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(Answer(410), "rejected"), (Answer(422), "rejected"), (Answer(400), "rejected")],
)
def test_what_a_receiver_refuses_is_a_dead_letter(
    make: Callable[..., Bench], answer: Answer, expected: str
) -> None:
    bench = make("webhook")
    bench.receiver.then(answer)
    assert deliver(bench.bridge) == 0
    assert (state(bench), reason(bench)) == ("dead", expected)
    assert events(bench) == []


@pytest.mark.parametrize("status", [429, 503, 500, 504])
def test_what_a_receiver_cannot_take_now_is_sent_again_under_the_same_id(
    make: Callable[..., Bench], status: int
) -> None:
    bench = make("webhook")
    bench.receiver.then(Answer(status))
    assert deliver(bench.bridge) == 0
    assert state(bench) == "pending"
    bench.ledger.redis.zadd(DELIVERIES.own_key("pending"), {key_of(bench): 1})
    assert deliver(bench.bridge) == 1
    first, second = (request.headers["webhook-id"] for request in bench.receiver.requests)
    assert first == second


def test_a_receiver_that_refuses_us_pauses_the_route_and_keeps_the_delivery(
    make: Callable[..., Bench],
) -> None:
    bench = make("webhook")
    bench.receiver.then(Answer(401))
    deliver(bench.bridge)
    pause = bench.bridge.pauses.get("activation")
    assert pause is not None
    assert "The receiver answered HTTP 401" in pause.reason
    assert state(bench) == "pending"
    # While it is paused, nobody is called.
    deliver(bench.bridge)
    assert len(bench.receiver.requests) == 1
    wait_ms = 1000 * bench.due_in_seconds(key_of(bench), DELIVERIES)
    redis_ahead_ms = bench.ledger.now_ms() - bench.clock()
    assert wait_ms - redis_ahead_ms <= NOT_NOW_MS


@pytest.mark.parametrize(
    ("error", "where", "why"),
    [
        (PermanentError("SMTP 550", status=550, reason="bounced"), "dead", "bounced"),
        (AmbiguousError("broke"), "dead", "ambiguous"),
        (TransientError("SMTP 451", status=451), "pending", None),
        (StopRouteError("SMTP 535", status=535), "pending", None),
    ],
)
def test_a_letter_that_failed_has_its_verdict(
    make: Callable[..., Bench], mails: Mails, error: Exception, where: str, why: str | None
) -> None:
    bench = make("smtp")
    mails.errors = [error]
    assert deliver(bench.bridge) == 0
    assert state(bench) == where
    assert bench.meta(key_of(bench), DELIVERIES).get("reason") == why


def test_a_letter_whose_worker_vanished_is_held_but_one_never_begun_goes_out(
    make: Callable[..., Bench], mails: Mails
) -> None:
    bench = make("smtp")
    (claim,), _ = bench.ledger.claim(DELIVERIES, most=1, lease_ms=0, begins=False)
    bench.ledger.expire(DELIVERIES)
    (claim,), _ = bench.ledger.claim(DELIVERIES, most=1, lease_ms=0, begins=False)
    assert bench.ledger.begin_delivery(claim.key, claim.token, lease_ms=0) is not None
    bench.ledger.expire(DELIVERIES)
    assert deliver(bench.bridge) == 0
    assert (state(bench), reason(bench), mails.letters) == ("dead", "ambiguous", [])


def test_a_webhook_whose_worker_vanished_is_sent_again(make: Callable[..., Bench]) -> None:
    bench = make("webhook")
    (claim,), _ = bench.ledger.claim(DELIVERIES, most=1, lease_ms=0, begins=False)
    bench.ledger.begin_delivery(claim.key, claim.token, lease_ms=0)
    bench.ledger.expire(DELIVERIES)
    assert deliver(bench.bridge) == 1


def test_a_ticket_that_lost_its_claim_sends_nothing(
    make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make("webhook")
    monkeypatch.setattr(bench.ledger, "begin_delivery", lambda *_, **__: None)
    assert deliver(bench.bridge) == 0
    assert bench.receiver.requests == []


def test_who_has_answered_already_gets_no_link(make: Callable[..., Bench]) -> None:
    bench = make("webhook")
    bench.ledger.result_came("int-1")
    assert deliver(bench.bridge) == 0
    assert (state(bench), counters(bench)["undelivered:answered"]) == ("done", 1)
    assert bench.ledger.value(DELIVERIES, key_of(bench)) == b"answered"  # never the link
    assert bench.receiver.requests == []


def test_who_was_erased_gets_no_link(make: Callable[..., Bench]) -> None:
    bench = make("webhook")
    bench.erase(key_of(bench))
    assert deliver(bench.bridge) == 0
    assert (state(bench), counters(bench)["undelivered:erased"]) == ("done", 1)


def test_a_route_that_is_gone_keeps_its_deliveries(
    make: Callable[..., Bench], make_config: Callable[..., Config], redis: Redis
) -> None:
    bench = make("webhook")
    other = make_bench(make_config(HEAD.replace('"activation"', '"other"')), redis, bench.clock)
    assert deliver(other.bridge) == 0
    assert state(bench) == "pending"


def test_what_cannot_be_read_is_buried(make: Callable[..., Bench]) -> None:
    bench = make("webhook")
    wrong = ResultWrite(event={}, distinct_id="d", route="r", received_at_ms=1).encode()
    bench.ledger.add(DELIVERIES, [("a.b", b"nonsense"), ("c.d", wrong)])
    assert deliver(bench.bridge) == 1
    assert {bench.meta(key, DELIVERIES)["reason"] for key in ("a.b", "c.d")} == {"unreadable"}


def test_nothing_is_sent_while_the_partner_is_down(make: Callable[..., Bench]) -> None:
    bench = make("webhook")
    for _ in range(5):
        bench.bridge.breaker.record("webhook:activation", ok=False)
    assert deliver(bench.bridge) == 0
    assert bench.receiver.requests == []
    assert state(bench) == "pending"


def test_a_start_without_a_link_is_buried_and_ten_in_a_row_pause_the_route(
    make: Callable[..., Bench],
) -> None:
    bench = make("webhook", {"interview_id": "int-1"})
    deliver(bench.bridge)
    assert (state(bench), reason(bench)) == ("dead", "no_link")
    for _ in range(9):
        assert bench.bridge.pauses.get("activation") is None
        bench.ledger.revive(DELIVERIES, [key_of(bench)])
        deliver(bench.bridge)
    pause = bench.bridge.pauses.get("activation")
    assert pause is not None
    assert "KOJI_LINK_KEYS" in pause.reason


def test_without_an_address_or_an_id_nothing_can_be_sent(
    make_config: Callable[..., Config], redis: Redis, mails: Mails
) -> None:
    routes = ""
    for how, join in (("smtp", "respondent_id"), ("mixpanel", "email")):
        head = HEAD.replace("activation", f"by-{how}").replace("5167408", how)
        routes += f'{head}deliver = "{how}"\njoin_key = "{join}"\n{TABLES[how]}'
    bench = make_bench(make_config(routes, **SMTP), redis, Clock())
    bench.koji.usual = lambda _: Answer(201, {"interview_id": "i", "link": LINK})
    bench.invite({"mixpanel_distinct_id": "u-bea"}, route="by-smtp")
    bench.invite({"email": "cleo@example.com"}, route="by-mixpanel")
    for route in ("by-smtp", "by-mixpanel"):
        bench.start(route)
    deliver(bench.bridge)
    keys = bench.key("", "u-bea", "by-smtp"), bench.key("cleo@example.com", route="by-mixpanel")
    reasons = [bench.meta(key, DELIVERIES)["reason"] for key in keys]
    assert reasons == ["no_email", "no_distinct_id"]
    assert mails.letters == []


def test_somebody_without_an_id_is_told_by_webhook_but_has_no_event(
    make: Callable[..., Bench],
) -> None:
    bench = make("webhook", mixpanel_distinct_id="")
    assert deliver(bench.bridge) == 1
    assert counters(bench)["undelivered:event_unidentified"] == 1
    assert events(bench) == []


def test_a_template_that_fails_is_told_without_what_it_said(
    make: Callable[..., Bench], mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    divided = MAIL.replace("{{ link }}", "{{ link }}{{ 1 / (name|length) }}")
    monkeypatch.setitem(TABLES, "smtp", divided)
    bench = make("smtp")
    deliver(bench.bridge)
    meta = bench.meta(key_of(bench), DELIVERIES)
    assert (meta["reason"], mails.letters) == ("template", [])
    assert "ZeroDivisionError" in meta["error"]


def test_the_tick_takes_back_and_wakes_and_retention_forgets(make: Callable[..., Bench]) -> None:
    bench = make("webhook")
    tick(bench.bridge)
    assert (TaskNames.DELIVER, ()) in bench.sent
    deliver(bench.bridge)
    bench.ledger.redis.zadd(DELIVERIES.key("done"), {key_of(bench): 1})
    purge(bench.bridge)
    assert bench.ledger.value(DELIVERIES, key_of(bench)) is None


def test_a_delivery_survives_its_encoding() -> None:
    one = Delivery(route="r", link=LINK, interview_id="i", started_at_ms=5)
    assert Delivery.from_dict(orjson.loads(one.encode())) == one
