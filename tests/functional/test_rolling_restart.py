"""Every process is replaced in turn under load: nobody notices."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import requests

from ops.local.local_bridge import WORKING
from ops.local.ports import free_port
from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.supervised import Program, procfile_programs
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge

MEMBERS = 200


class LoadBalancer(threading.Thread):
    """Sends members one by one to whichever ingress takes the connection, as a balancer would."""

    def __init__(self, bridge: LocalBridge, urls: list[str]) -> None:
        super().__init__()
        self._bridge, self._urls = bridge, urls
        self.statuses: list[int] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        members = sample_members(MEMBERS)
        for number, member in enumerate(members):
            self._send([member], number)
            self.stopping.wait(0.05)
        number = MEMBERS
        while not self.stopping.is_set():
            self._send([members[number % MEMBERS]], number)
            number += 1
            self.stopping.wait(0.05)

    def _send(self, page: list[dict[str, object]], number: int) -> None:
        while True:
            for step in range(len(self._urls)):
                url = self._urls[(number + step) % len(self._urls)]
                try:
                    answer = self._bridge.send_cohort(page, action="add_members", url=url)
                except requests.ConnectionError:
                    continue
                self.statuses.append(answer.status_code)
                return


def test_replacing_every_process_under_load_loses_and_doubles_nothing(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    port = free_port()
    second = [
        Program(f"{one.name}-2", one.command)
        for one in procfile_programs(["worker-inbox", "worker-koji", "worker-mixpanel"])
    ]
    (ingress,) = procfile_programs(["ingress"])
    second.append(Program("ingress-2", ("env", f"PORT={port}", *ingress.command)))
    bridge = start_bridge(
        further=tuple(second),
        environ={"KOJI_RATE_LIMIT": "1200/minute"},
        sandbox_options={"rate_limit": 1200, "interview_delay_seconds": 0.2, "latency_ms": 100},
    )
    urls = [bridge.url, f"http://127.0.0.1:{port}"]
    wait_until(lambda: _ready(urls[1]), 30, "both are ready")
    sender = LoadBalancer(bridge, urls)
    sender.start()
    assert bridge.supervised is not None
    try:
        for name in [*WORKING, *(program.name for program in second)]:
            bridge.supervised.stop_one(name)
            bridge.supervised.start_one(name)
            if name.startswith("ingress"):
                url = urls[name.endswith("-2")]
                wait_until(lambda url=url: _ready(url), 20, f"{name} is ready again")
    finally:
        sender.stopping.set()
        sender.join()
    assert set(sender.statuses) == {200}
    with bridge.redis() as redis:

        def through() -> bool:
            now = read_progress(redis, "demo")
            return now.completed == min(MEMBERS, now.started) and now.owed == 0

        wait_until(through, 60, "everything is through", poll_seconds=0.2)
        now = read_progress(redis, "demo")
    koji = bridge.sandbox.get("koji", "summary")
    assert koji["double_started"] == 0
    assert koji["people"] == now.started == MEMBERS
    assert now.dead == 0
    assert bridge.sandbox.get("mixpanel", "summary")["written_twice"] == 0


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=1).ok
    except requests.RequestException:
        return False
