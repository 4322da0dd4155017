"""What workers count for /metrics, in the transitions that they make anyway."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from common.ledger import INBOX, WRITES
from common.ledger.exposition import prometheus_text
from common.ledger.lanes import INVITATIONS, Lane
from common.ledger.latency import BUCKETS_SECONDS, histogram, latency_counters
from common.ledger.ticks import seconds_since_tick
from common.messages import InterviewResult, ResultWrite
from common.stored import decode
from tests.unit.workers.harness import Answer, Bench
from workers import clock, inbox

if TYPE_CHECKING:
    from collections.abc import Callable


def figures(bench: Bench, lane: Lane) -> dict[str, int]:
    raw = bench.ledger.redis.hgetall(lane.key("counters"))
    kinds = ("attempts", "failed:", "latency")
    return {k.decode(): int(n) for k, n in raw.items() if k.decode().startswith(kinds)}


def receive(bench: Bench, result: InterviewResult) -> None:
    bench.ledger.add(INBOX, [(f"result:{result.interview_id}", result.encode())])
    inbox.unpack(bench.bridge)


def test_an_accepted_start_is_one_attempt(bench: Bench) -> None:
    bench.invite_ann()
    bench.start()
    assert figures(bench, INVITATIONS) == {"attempts": 1}


def test_a_ticket_that_never_began_is_no_attempt(bench: Bench) -> None:
    bench.invite_ann()
    bench.tickets()
    assert figures(bench, INVITATIONS) == {}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(429, "later"), (500, "transient"), (504, "ambiguous"), (402, "stopped"), (422, "rejected")],
)
def test_a_failed_start_is_counted_by_its_class(bench: Bench, status: int, outcome: str) -> None:
    bench.invite_ann()
    bench.koji.then(Answer(status))
    bench.start()
    assert figures(bench, INVITATIONS) == {"attempts": 1, f"failed:{outcome}": 1}


def test_a_failed_batch_counts_each_result(bench: Bench) -> None:
    for n in range(3):
        bench.unpack(bench.result(interview_id=f"int-{n}", external_id=f"u-{n}"))
    bench.mixpanel.then(Answer(503), path="/import")
    bench.write()
    assert figures(bench, WRITES) == {"attempts": 3, "failed:transient": 3}


def test_a_payload_that_cannot_be_read_is_a_failed_attempt(bench: Bench) -> None:
    bench.ledger.add(INBOX, [("k", b"{}")])
    inbox.unpack(bench.bridge)
    assert figures(bench, INBOX) == {"attempts": 1, "failed:transient": 1}


def test_a_written_result_tells_how_long_it_took(bench: Bench) -> None:
    bench.unpack(bench.result(received_at_ms=bench.clock() - 1700))
    bench.write()
    assert figures(bench, WRITES) == {"attempts": 1, "latency:2.5": 1, "latency_ms": 1700}


@pytest.mark.parametrize(
    ("latency_ms", "bound"),
    [(-5, "0.25"), (0, "0.25"), (250, "0.25"), (251, "0.5"), (3_600_000, "3600"), (10**9, "+Inf")],
)
def test_a_latency_counts_in_the_first_bucket_that_holds_it(latency_ms: int, bound: str) -> None:
    found = latency_counters(latency_ms)
    assert found == {f"latency:{bound}": 1, "latency_ms": max(latency_ms, 0)}


def test_buckets_are_cumulative_and_end_with_all() -> None:
    counters = {"latency:0.25": 2, "latency:10": 3, "latency:+Inf": 1, "latency_ms": 4500}
    buckets, seconds = histogram(counters)
    assert seconds == 4.5
    assert [n for _, n in buckets] == [2, 2, 2, 2, 2, 5, 5, 5, 5, 5, 5, 6]
    assert [bound for bound, _ in buckets][:-1] == [f"{one:g}" for one in BUCKETS_SECONDS]


def test_the_clock_tells_when_it_last_ticked(bench: Bench) -> None:
    assert seconds_since_tick(bench.ledger) is None
    clock.tick(bench.bridge)
    bench.clock.seconds += 7
    assert seconds_since_tick(bench.ledger) == pytest.approx(7, abs=0.01)


def test_waits_for_the_limit_add_up_under_the_name_of_the_key_variable(bench: Bench) -> None:
    for name in ("ann", "bob"):
        bench.invite({"email": f"{name}@example.com", "mixpanel_distinct_id": name})
    bench.start_all()
    lines = prometheus_text(bench.bridge.config, bench.ledger).splitlines()
    assert 'bridge_limiter_wait_seconds_total{key="KOJI_API_KEY"} 1.01' in lines
    assert 'bridge_limiter_wait_seconds_total{key="PRIVATE_API_KEY"} 0.0' in lines


# --- one id from the webhook to Mixpanel ---------------------------------------------------------

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_a_result_keeps_the_id_of_its_request_until_it_is_written(
    bench: Bench, logged: list[dict[str, Any]]
) -> None:
    receive(bench, bench.result(trace_id=TRACE))
    write = decode(bench.ledger.value(WRITES, "int-1") or b"")
    assert isinstance(write, ResultWrite)
    assert write.trace_id == TRACE
    logging.getLogger("workers.writes").setLevel(logging.INFO)
    bench.write()
    (line,) = [one for one in logged if one["event"] == "result_written"]
    assert (line["trace_id"], line["interview_id"]) == (TRACE, "int-1")
    assert line["insert_id"] == write.event["properties"]["$insert_id"]


@pytest.mark.parametrize(("results", "lines"), [(20, 20), (21, 0)])
def test_only_small_batches_are_told_one_by_one(
    bench: Bench, logged: list[dict[str, Any]], results: int, lines: int
) -> None:
    for n in range(results):
        bench.unpack(bench.result(interview_id=f"int-{n}", external_id=f"u-{n}"))
    logging.getLogger("workers.writes").setLevel(logging.INFO)
    assert bench.write() == results
    assert sum(one["event"] == "result_written" for one in logged) == lines


def test_the_context_of_one_payload_does_not_reach_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from structlog.contextvars import get_contextvars  # noqa: PLC0415

    seen: list[Any] = []
    real: Callable[..., Any] = inbox.unpack_result

    def spy(*arguments: Any) -> Any:
        seen.append(get_contextvars().get("trace_id"))
        return real(*arguments)

    monkeypatch.setattr(inbox, "unpack_result", spy)
    results = [bench.result(interview_id="a", trace_id=TRACE), bench.result(interview_id="b")]
    bench.ledger.add(INBOX, [(one.interview_id, one.encode()) for one in results])
    inbox.unpack(bench.bridge)
    assert seen == [TRACE, ""]
    assert get_contextvars() == {}
