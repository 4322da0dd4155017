"""The storm: senders that keep sending, and a hand that keeps killing."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import requests

from tests.chaos.recovery import Recovery

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge
    from tests.chaos.plan import Plan

KINDS = (
    *("worker-koji", "worker-koji-2", "worker-mixpanel", "worker-mixpanel-2", "worker-inbox"),
    *("beat", "ingress", "ingress-2"),
)


class Sender(threading.Thread):
    """Sends pages as Mixpanel does: a page that got no 200 is sent again."""

    def __init__(self, bridge: LocalBridge, plan: Plan, urls: list[str]) -> None:
        super().__init__(name="sender")
        self._bridge, self._plan, self._urls = bridge, plan, urls
        self._dice = random.Random(f"{plan.seed}-sender")
        self.accepted = 0
        self.repeated = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        pages = [
            (cohort, members[start : start + self._plan.page_size])
            for cohort, members in (
                ("1", _members("e", self._plan.members_by_email)),
                ("2", _members("i", self._plan.members_by_id)),
            )
            for start in range(0, len(members), self._plan.page_size)
        ]
        self._dice.shuffle(pages)
        for number, (cohort, members) in enumerate(pages):
            self._send(cohort, members, number)
            if self._dice.random() < 0.2:  # Mixpanel re-sends what it is not sure of
                self.repeated += 1
                self._send(cohort, members, number)
            self.stopping.wait(self._dice.uniform(0.1, 0.6))

    def _send(self, cohort: str, members: list[dict[str, Any]], number: int) -> None:
        url = self._urls[number % len(self._urls)]
        while not self.stopping.is_set():
            try:
                answer = self._bridge.send_cohort(
                    members, action="add_members", cohort_id=cohort, url=url
                )
            except requests.RequestException:
                self.stopping.wait(0.3)
                continue
            if answer.status_code == 200:
                self.accepted += 1
                return
            self.stopping.wait(0.3)


def _members(prefix: str, count: int) -> list[dict[str, Any]]:
    return [
        {
            "email": f"{prefix}{n}@example.com",
            "mixpanel_distinct_id": f"{prefix}-{n}",
            "plan": "pro",
        }
        for n in range(count)
    ]


class Storm:
    """Kills process groups at seeded moments until it is told to stop."""

    def __init__(self, bridge: LocalBridge, plan: Plan, note: Callable[[str], None]) -> None:
        self._bridge, self._plan, self._note = bridge, plan, note
        self._dice = random.Random(f"{plan.seed}-storm")
        self.kills: Counter[str] = Counter()
        self.recovery = Recovery(bridge.sandbox)
        self._in_outage = False

    def blow(self, goes_on: Callable[[], bool]) -> None:
        """Kill until enough was killed and the work is through its first rush."""
        supervised = self._bridge.supervised
        assert supervised is not None
        redis_at = {
            int(self._plan.least_kills * (n + 1) / (self._plan.redis_kills + 2))
            for n in range(self._plan.redis_kills)
        }
        outage_at = int(self._plan.least_kills * 0.6)
        number = 0
        while number < self._plan.least_kills or goes_on():
            time.sleep(self._dice.uniform(*self._plan.kill_every))
            if number in redis_at:
                self._kill("redis", signal.SIGKILL)
            elif number == outage_at:
                self._note(f"Koji is down for {self._plan.outage:g} s")
                fault = {"down": True, "for_seconds": self._plan.outage}
                self._bridge.sandbox.post("koji", "faults", fault)
                self._in_outage = True
                self._outage_ends_at = time.monotonic() + self._plan.outage
            else:
                gentle = self._dice.random() < 0.15
                self._kill(self._dice.choice(KINDS), signal.SIGTERM if gentle else signal.SIGKILL)
            number += 1
            if number == outage_at + 1:
                self._wait_out_the_outage()
        self.last_fault_at = time.monotonic()

    def _wait_out_the_outage(self) -> None:
        """Go on killing during the outage; afterwards the other faults are set again."""
        while time.monotonic() < self._outage_ends_at:
            time.sleep(self._dice.uniform(*self._plan.kill_every))
            self._kill(self._dice.choice(KINDS), signal.SIGKILL)
        self._bridge.sandbox.post(
            "koji", "faults", {"down": False, "for_seconds": None, **self._plan.koji_faults}
        )
        self._in_outage = False
        self.recovery.outage_ended()

    def _kill(self, name: str, how: signal.Signals) -> None:
        supervised = self._bridge.supervised
        assert supervised is not None
        if supervised.kill(name, how):
            self.kills[f"{name} {how.name}"] += 1
            if not self._in_outage:
                self.recovery.struck()
            self._note(f"{how.name} {name}")
