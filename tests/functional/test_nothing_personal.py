"""After a run in which much goes wrong, nobody can be named from what operators look at."""

from __future__ import annotations

import hmac
import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from common.ledger import INBOX, WRITES, Ledger
from common.ledger.lanes import INVITATIONS
from common.ledger.pauses import Pauses
from common.messages import CohortPage
from ops.local.local_bridge import WORKING, LocalBridge
from ops.local.ports import free_port
from ops.local.waiting import wait_until
from tests.support.recorder import Recorder, recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis import Redis

OWNER = ("operator", "made-up-password")
# No word of ours begins so; whatever of a person is met again begins with it.
MARK = "zqx"
ANSWER = f"{MARK}answer I closed the tab, said {MARK}colleague"


def members(*numbers: int) -> list[dict[str, Any]]:
    return [
        {
            "email": f"{MARK}mail{n}@{MARK}host.example",
            "mixpanel_distinct_id": f"{MARK}id-{n}",
            "first_name": f"{MARK.title()}first{n}",
            "last_name": f"{MARK.upper()}LAST{n}",
            "plan": f"{MARK}plan",
        }
        for n in numbers
    ]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording() as made:
        yield made


@pytest.fixture
def local(start_bridge: Callable[..., LocalBridge], recorder: Recorder) -> LocalBridge:
    flower_port = free_port()
    environ = {
        "KOJI_BASE_URL": recorder.url,
        "MIXPANEL_API_HOST": recorder.url,
        "FLOWER_BASIC_AUTH": ":".join(OWNER),
        "FLOWER_PORT": str(flower_port),
        "BACKOFF_BASE_SECONDS": "0.1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": recorder.url,
        "OTEL_BSP_SCHEDULE_DELAY": "300",
        "SENTRY_DSN": recorder.url.replace("//", "//key@") + "/1",
        "LOG_LEVEL": "DEBUG",
    }
    bridge: LocalBridge = start_bridge(
        processes=(*WORKING, "flower"),
        environ=environ,
        sandbox_options={"interview_delay_seconds": 600},
    )
    recorder.targets |= {"/api/v1/": bridge.sandbox.koji_url, "/": bridge.sandbox.mixpanel_url}
    return bridge


def flower(local: LocalBridge) -> str:
    """Return all that Flower tells of tasks, nothing while it starts."""
    url = f"http://127.0.0.1:{local.environ['FLOWER_PORT']}/api/tasks?limit=10000"
    try:
        return requests.get(url, auth=OWNER, timeout=5).text
    except requests.ConnectionError:
        return ""


def dead(redis: Redis, lane: Any) -> int:
    return int(redis.zcard(lane.key("dead")))


def queued(redis: Redis) -> str:
    """Return every Celery message and whatever else the broker keeps."""
    found = []
    for key in redis.scan_iter("bridge:celery:*"):
        kind = redis.type(key)
        if kind == b"list":
            found += redis.lrange(key, 0, -1)
        elif kind == b"hash":
            found += redis.hvals(key)
        elif kind == b"set":
            found += list(redis.smembers(key))
        found.append(key)
    return b"\n".join(found).decode()


def send_tickets_and_look_at_them(local: LocalBridge, redis: Redis) -> str:
    """Invite people while nobody takes their tickets, but for one that was asked for already."""
    assert local.supervised is not None
    local.supervised.kill("worker-koji", signal.SIGSTOP)
    local.send_cohort(members(1, 2, 3))
    wait_until(lambda: queued(redis).count("bridge.start_interviews") >= 2, 10, "tickets are out")
    messages = queued(redis)
    local.supervised.kill("worker-koji", signal.SIGCONT)
    return messages


def let_starts_fail(local: LocalBridge, redis: Redis) -> None:
    local.sandbox.post("koji", "faults", {"drop_rate": 1})
    local.send_cohort(members(4, 5), action="add_members")
    wait_until(
        lambda: int(redis.hget(INVITATIONS.key("counters"), "failed:ambiguous") or 0) > 1,
        10,
        "calls got no answer",
    )
    # Calls are repeated meanwhile, so Flower hears of them however late it began to listen.
    wait_until(lambda: "bridge.start_interviews" in flower(local), 15, "Flower heard of starts")
    local.sandbox.post("koji", "faults", {"drop_rate": None})
    wait_until(lambda: local.sandbox.get("koji", "summary")["people"] == 2, 15, "both came through")


def let_results_come(local: LocalBridge, redis: Redis) -> None:
    asked = {
        "all": True,
        "analysis": {
            "quality_score": 5,
            "anonymous": False,
            "structured_answers": [
                {"question": "Why?", "slug": "why", "type": "open_ended", "value": ANSWER}
            ],
        },
    }
    local.sandbox.post("mixpanel", "faults", {"error_rate": 1})
    local.sandbox.post("koji", "complete", asked)
    wait_until(
        lambda: int(redis.hget(WRITES.key("counters"), "failed:transient") or 0) > 0,
        10,
        "Mixpanel failed",
    )
    wait_until(lambda: "bridge.write_results" in flower(local), 15, "Flower heard of writes")
    local.sandbox.post("mixpanel", "faults", {"error_rate": None})
    wait_until(lambda: redis.zcard(WRITES.key("done")) == 2, 15, "both are written")


def let_unpacking_fail(redis: Redis) -> None:
    who: list[Any] = [f"{MARK}first", f"{MARK}mail@{MARK}host.example"]
    page = CohortPage("members", "demo", "5167408", who, 1)
    gone = CohortPage("members", "gone", "1", members(9), 1)
    entries = [("page:1", page.encode()), ("page:2", gone.encode()), ("page:3", ANSWER.encode())]
    Ledger(redis).add(INBOX, entries)
    wait_until(lambda: dead(redis, INBOX) == 3, 15, "three payloads cannot be unpacked")


def knock_wrongly(local: LocalBridge) -> None:
    """Send what ingress has to turn away, each with somebody in it."""
    body = json.dumps({"event": "interview.analysis_ready", "respondent": members(1)[0]}).encode()
    signature = hmac.new(local.secret.encode(), body, "sha256").hexdigest()
    mail = members(1)[0]["email"]
    path = f"/webhooks/koji?email={mail}"
    asked = [
        (path, {"X-Koji-Signature": signature}, body, 400),
        (path, {"X-Koji-Sig": f"{MARK}signature", "X-Who": mail}, body, 401),
        (f"/webhooks/{MARK}path", {}, body, 404),
    ]
    for to, headers, data, status in asked:
        answer = requests.post(local.url + to, data=data, headers=headers, timeout=5)
        assert answer.status_code == status
    assert local.send_cohort(f"{MARK}first").status_code == 400  # type: ignore[arg-type]
    assert local.send_cohort(members(1), cohort_id="404").status_code == 404


def let_koji_refuse(local: LocalBridge, redis: Redis) -> None:
    local.sandbox.post("koji", "faults", {"reject_rate": 1})
    local.send_cohort(members(6, 7), action="add_members")
    wait_until(lambda: dead(redis, INVITATIONS) >= 2, 15, "two are refused")
    local.sandbox.post("koji", "faults", {"reject_rate": None, "status": 402})
    local.send_cohort(members(8), action="add_members")
    wait_until(lambda: bool(Pauses(redis).all()), 15, "the route is paused")


def test_nobody_is_named_in_logs_metrics_messages_flower_reports_or_addresses(
    local: LocalBridge, recorder: Recorder
) -> None:
    assert local.supervised is not None
    with local.redis() as redis:
        knock_wrongly(local)
        local.sandbox.post("koji", "faults", {"reject_rate": 1})
        messages = send_tickets_and_look_at_them(local, redis)
        wait_until(lambda: dead(redis, INVITATIONS) == 3, 20, "three are refused")
        local.sandbox.post("koji", "faults", {"reject_rate": None})
        let_starts_fail(local, redis)
        let_results_come(local, redis)
        let_unpacking_fail(redis)
        let_koji_refuse(local, redis)
        wait_until(lambda: b"unpack" in b"".join(recorder.reports["/v1/traces"]), 10, "traces came")
        wait_until(
            lambda: b"route_paused" in b"".join(recorder.reports["/api/1/"]), 10, "reports came"
        )
        looked_at = {f"log of {name}": local.supervised.log(name) for name in local.processes} | {
            "supervisor": (local.folder / "supervisord.log").read_text(),
            "metrics": requests.get(f"{local.url}/metrics", timeout=5).text,
            "Celery's messages": messages + queued(redis),
            "Flower": flower(local),
            "stories": b"\n".join(
                one
                for lane in (INBOX, INVITATIONS, WRITES)
                for one in redis.hvals(lane.key("meta"))
            ).decode(),
            "pauses": str(Pauses(redis).all()),
            "addresses": "\n".join(recorder.addresses),
            "traces": b"".join(recorder.reports["/v1/traces"]).decode(errors="replace"),
            "error reports": b"".join(recorder.reports["/api/1/"]).decode(errors="replace"),
        }
    # Each place shows what it is there for, so that an empty one does not pass for a clean one.
    for place, word in {
        "log of ingress": "request_refused",
        "log of worker-inbox": "unpack_failed",
        "log of worker-koji": "route_paused",
        "log of worker-mixpanel": "result_written",
        "metrics": 'bridge_failed_total{lane="invitations",outcome="rejected"}',
        "Celery's messages": "bridge.start_interviews",
        "Flower": "bridge.write_results",
        "stories": "rejected",
        "pauses": "402",
        "addresses": "/import?strict=1",
        "traces": "start_interview",
        "error reports": "route_paused",
    }.items():
        assert word in looked_at[place], place
    named = {place for place, text in looked_at.items() if MARK in text.lower()}
    assert not named, {place: excerpt(looked_at[place]) for place in named}
    assert any(MARK in str(event) for event in local.sandbox.get("mixpanel", "events"))
    follow_one_result(looked_at, local)


def excerpt(text: str) -> str:
    at = text.lower().index(MARK)
    return text[max(0, at - 200) : at + 100]


def follow_one_result(looked_at: dict[str, str], local: LocalBridge) -> None:
    """Go by one id from the webhook to the `$insert_id` in Mixpanel."""
    lines = {
        process: [
            json.loads(line)
            for line in looked_at[f"log of {process}"].splitlines()
            if line.startswith("{")
        ]
        for process in ("ingress", "worker-inbox", "worker-mixpanel")
    }
    written = next(one for one in lines["worker-mixpanel"] if one["event"] == "result_written")
    mine = {
        process: [one["event"] for one in found if one.get("trace_id") == written["trace_id"]]
        for process, found in lines.items()
    }
    assert mine["ingress"].count("koji_delivery_answered") == 1
    assert "result_unpacked" in mine["worker-inbox"]
    events = local.sandbox.get("mixpanel", "events")
    assert written["insert_id"] in {one["properties"]["$insert_id"] for one in events}
    assert written["interview_id"] in {one["properties"]["interview_id"] for one in events}
