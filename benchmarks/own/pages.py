"""Pages of a thousand members: how soon each is answered, how fast they become invitations."""

from __future__ import annotations

import http.client
import threading
import time
from base64 import b64encode
from typing import TYPE_CHECKING

import orjson

from benchmarks.bridge import running_bridge
from benchmarks.own.measure import Figures, Measure, Row, percentile
from benchmarks.people import members
from ops.local.local_bridge import COHORT_ID
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis

    from benchmarks.sizes import Sizes
    from ops.local.local_bridge import LocalBridge

PAGE_MEMBERS = 1000
PROCESSES = ("ingress", "worker-inbox", "beat")
UNPACK_TIMEOUT_SECONDS = 300.0
PENDING = "bridge:{invitations}:pending:demo"
IN_FLIGHT = "bridge:{invitations}:in_flight:demo"


def send_pages(bridge: LocalBridge, first: int, count: int) -> list[float]:
    """Send pages one after the other over one connection; returns seconds until each answer."""
    token = b64encode(":".join(bridge.credentials).encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=10)
    took = []
    for page in range(first, first + count):
        body = orjson.dumps(
            {
                "action": "members",
                "parameters": {
                    "mixpanel_project_id": "1",
                    "mixpanel_cohort_id": COHORT_ID,
                    "mixpanel_cohort_name": "Activation drop-offs",
                    "mixpanel_session_id": "bench",
                    "page_info": {"total_pages": first + count, "page_count": page + 1},
                    "members": members(page * PAGE_MEMBERS, PAGE_MEMBERS),
                },
            }
        )
        sent_at = time.perf_counter()
        connection.request("POST", "/webhooks/mixpanel/cohorts", body, headers)
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - sent_at)
        assert answer.status == 200, answer.status
    connection.close()
    return took


def waiting(redis: Redis) -> int:
    """Return how many people wait to be started."""
    return int(redis.zcard(PENDING)) + int(redis.zcard(IN_FLIGHT))


def wait_unpacked(redis: Redis, people: int) -> float | None:
    """Wait until all of them wait; returns people a second from the first ones seen.

    None if they were all there at the first look.
    """
    wait_until(lambda: waiting(redis) > 0, UNPACK_TIMEOUT_SECONDS, "the first page is unpacked")
    first, began_at = waiting(redis), time.perf_counter()
    wait_until(lambda: waiting(redis) >= people, UNPACK_TIMEOUT_SECONDS, "all are unpacked")
    return (people - first) / (time.perf_counter() - began_at) if first < people else None


def used_memory(redis: Redis) -> int:
    """Return the bytes that Redis uses."""
    return int(redis.info("memory")["used_memory"])


def measure(folder: Path, sizes: Sizes) -> Figures:
    """Return answers alone and while pages are unpacked, the rate of unpacking, bytes a member."""
    people = sizes.pages * PAGE_MEMBERS
    with running_bridge(folder, processes=PROCESSES) as bridge, bridge.redis() as redis:
        supervised = bridge.supervised
        assert supervised is not None
        before = used_memory(redis)
        supervised.stop_one("worker-inbox")
        alone = send_pages(bridge, 0, sizes.pages)
        stored = used_memory(redis) - before
        # The supervisor answers only once a process has stayed up for a while.
        threading.Thread(target=supervised.start_one, args=("worker-inbox",)).start()
        rate = wait_unpacked(redis, people)
        time.sleep(1)
        bytes_each = (used_memory(redis) - before) / people
        beside = send_pages(bridge, sizes.pages, sizes.pages)
        wait_until(lambda: waiting(redis) >= 2 * people, UNPACK_TIMEOUT_SECONDS, "all unpacked")
    return {
        "p50_ms": 1000 * percentile(alone, 0.5),
        "p99_ms": 1000 * percentile(alone, 0.99),
        "beside_p99_ms": 1000 * percentile(beside, 0.99),
        "unpacked_per_second": rate,
        "bytes_each": bytes_each,
        "inbox_bytes_each": stored / people,
    }


MEASURE = Measure(
    "pages",
    "A cohort in pages of 1,000 members",
    measure,
    (
        Row("p50_ms", "answer to a page, nothing else running, p50", "ms"),
        Row("p99_ms", "the same, p99", "ms", at_most=250),
        Row("beside_p99_ms", "p99 while pages are unpacked", "ms", at_most=250),
        Row("unpacked_per_second", "members unpacked", "members/s", at_least=10_000),
        Row("bytes_each", "Redis, a waiting member", "bytes", at_most=400),
        Row("inbox_bytes_each", "Redis, a member of a page not yet unpacked", "bytes"),
    ),
)
