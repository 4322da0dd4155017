"""An entry that takes its worker down with it ends as a dead letter, and takes nobody along."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import orjson
import requests

from ops.local.local_bridge import COHORT_ID
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.supervised import Program
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge


def test_a_payload_that_kills_its_worker_is_recognised_by_its_deliveries(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        processes=("ingress", "worker-koji", "worker-mixpanel", "beat"),
        further=(Program("poisoned", (sys.executable, "-m", "tests.functional.poisoned_worker")),),
        environ={"LEASE_SECONDS": "1"},
    )
    assert bridge.supervised is not None
    bridge.supervised.stop_one("poisoned")
    poison = {
        "action": "add_members",
        "parameters": {
            "mixpanel_cohort_id": COHORT_ID,
            "mixpanel_session_id": "poison",
            "members": sample_members(1),
        },
    }
    url = f"{bridge.url}/webhooks/mixpanel/cohorts"
    for number in range(6):
        bridge.send_cohort([sample_members(7)[number + 1]], action="add_members")
        if number == 2:
            assert requests.post(url, json=poison, auth=bridge.credentials, timeout=5).ok
    bridge.supervised.start_one("poisoned")
    with bridge.redis() as redis:
        wait_until(lambda: read_progress(redis, "demo").started == 6, 60, "the others are started")
        wait_until(lambda: redis.zcard("bridge:{inbox}:dead") == 1, 60, "the poison is dead")
        (key,) = redis.zrange("bridge:{inbox}:dead", 0, -1)
        letter = orjson.loads(redis.hget("bridge:{inbox}:meta", key) or b"{}")
        assert letter["reason"] == "poison"
        assert letter["deliveries"] == 5
        wait_until(lambda: read_progress(redis, "demo").owed == 0, 30, "nothing is owed")
