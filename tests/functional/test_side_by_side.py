"""More processes of a kind, started with no option, share the work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import requests

from ops.local.ports import free_port
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.supervised import Program, procfile_programs
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge


def test_two_ingress_and_three_workers_of_each_kind_share_the_work(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    port = free_port()
    second = [
        Program(f"{one.name}-{n}", one.command)
        for one in procfile_programs(["worker-inbox", "worker-koji", "worker-mixpanel"])
        for n in (2, 3)
    ]
    (ingress,) = procfile_programs(["ingress"])
    second.append(Program("ingress-2", ("env", f"PORT={port}", *ingress.command)))
    bridge = start_bridge(
        further=tuple(second),
        environ={"KOJI_RATE_LIMIT": "6000/minute"},
        sandbox_options={"rate_limit": 0, "interview_delay_seconds": 0.1},
    )
    wait_until(lambda: _ready(port), 20, "the second ingress is ready")
    at = time.monotonic()
    # More tickets than two workers can hold, of four people each.
    for n in range(4):
        page = sample_members(600)[150 * n : 150 * (n + 1)]
        url = bridge.url if n % 2 else f"http://127.0.0.1:{port}"
        assert bridge.send_cohort(page, action="add_members", url=url).status_code == 200

    def through() -> bool:
        with bridge.redis() as redis:
            now = read_progress(redis, "demo")
        return now.completed == 600 and now.owed == 0

    wait_until(through, 60, "everybody is through")
    assert time.monotonic() - at < 60
    koji = bridge.sandbox.get("koji", "summary")
    assert (koji["started"], koji["double_started"]) == (600, 0)
    assert bridge.sandbox.get("mixpanel", "summary")["written_twice"] == 0
    assert bridge.supervised is not None
    starters = [
        n for n in ("", "-2", "-3") if '"started"' in bridge.supervised.log(f"worker-koji{n}")
    ]
    assert len(starters) == 3


def _ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=1).ok
    except requests.RequestException:
        return False
