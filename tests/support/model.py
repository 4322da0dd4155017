"""The ledger told a second time, in plain Python and without Redis: what every step must do.

Slow, short and obvious. Where it and the Lua scripts differ, one of them is wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from common.ledger import WRITES, Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from common.ledger.ledger import Budget

FINAL = ("dropped", "erased")


@dataclass
class Entry:
    """One entry as it must be; `at` is the time of its state."""

    key: str
    lane: Lane
    state: str
    at: int
    value: bytes
    token: int | None = None
    attempts: int = 0
    deliveries: int = 0
    # The claim whose call may have been carried out; the claim that has begun.
    sent: int | None = None
    begun: int | None = None
    is_ticket: bool = False
    leaving: bool = False
    reason: str = ""

    def move(self, state: str, at: int) -> None:
        self.state, self.at = state, at


class People:
    """Which names were ever seen together: all of them are one person."""

    def __init__(self) -> None:
        self._same: dict[str, set[str]] = {}

    def link(self, *names: str) -> None:
        group = set().union(*(self.named(name) for name in names if name), names) - {""}
        for name in group:
            self._same[name] = group

    def named(self, *names: str) -> set[str]:
        return set().union(*(self._same.get(name, {name}) for name in names if name))


@dataclass
class Model:
    """All lanes."""

    now: int
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    counters: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    people: People = field(default_factory=People)
    started_at: dict[str, int] = field(default_factory=dict)
    interviews: dict[str, str] = field(default_factory=dict)
    profiles: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def of(self, lane_name: str) -> Iterator[Entry]:
        return (entry for (name, _), entry in self.entries.items() if name == lane_name)

    def get(self, lane: Lane, key: str) -> Entry | None:
        return self.entries.get((lane.name, key))

    def inside(self, lane: Lane, state: str) -> list[Entry]:
        """Return a sub-lane's entries in a state, in the order in which Redis keeps them."""
        found = [e for e in self.of(lane.name) if e.state == state and e.lane == lane]
        return sorted(found, key=lambda entry: (entry.at, entry.key))

    def held(self, lane: Lane, key: str, token: int) -> Entry | None:
        entry = self.get(lane, key)
        mine = entry and entry.state == "in_flight" and entry.lane == lane and entry.token == token
        return entry if mine else None

    def count(self, lane: Lane, counters: dict[str, int]) -> None:
        self.counters[lane.name].update(counters)

    # --- coming in ---

    def put(self, lane: Lane, key: str, value: bytes, state: str, at: int) -> Entry:
        entry = self.entries[lane.name, key] = Entry(key, lane, state, at, value)
        return entry

    def add(self, lane: Lane, key: str, value: bytes, delay_ms: int = 0) -> bool:
        if self.get(lane, key):
            return False
        self.put(lane, key, value, "pending", self.now + delay_ms)
        return True

    def add_write(self, key: str, value: bytes, person: str, at: int, profile: bytes) -> bool:
        new = self.add(WRITES, key, value)
        if new and (person not in self.profiles or self.profiles[person][0] <= at):
            self.profiles[person] = (at, profile)
        return new

    def consider(
        self, lane: Lane, study: str, email: str, by_id: str, refusal: str, cooldown_ms: int
    ) -> tuple[str, set[str]]:
        """Return what becomes of one person of a page, and the keys that may stand for it."""
        self.people.link(email, by_id)
        names = self.people.named(email, by_id)
        keys = {f"{name}.{study}" for name in names}
        standing = [entry for key in keys if (entry := self.get(lane, key))]
        for entry in standing:
            entry.leaving = False
        again = {e.key: e for e in standing if e.state == "cancelled" and e.reason not in FINAL}
        rested = all(
            self.now - self.started_at[name] >= cooldown_ms
            for name in names
            if name in self.started_at
        )
        if not names:
            self.count(lane, {"cancelled:unidentified": 1})
            return "cancelled:unidentified", set()
        if len(again) < len(standing):
            return "known", set()
        reason = refusal or ("" if rested else "cooldown")
        if reason and again:
            return "known", set(again)
        if reason:
            self.count(lane, {f"cancelled:{reason}": 1})
            return f"cancelled:{reason}", keys
        return "added", set(again) or keys

    def leave(self, lane: Lane, study: str, email: str, by_id: str) -> int:
        n = 0
        for name in self.people.named(email, by_id):
            entry = self.get(lane, f"{name}.{study}")
            if entry is None or entry.lane != lane:
                continue
            if entry.state == "pending":
                self.cancel(entry, "left_cohort")
                n += 1
            elif entry.state == "in_flight":
                entry.leaving = True
                n += entry.sent is None
            elif entry.state == "dead":
                self.cancel(entry, "left_cohort")
                n += 1
        return n

    # --- being worked on ---

    def claim(
        self,
        lane: Lane,
        *,
        most: int,
        lease_ms: int,
        most_in_flight: int | None,
        begins: bool,
        budgets: Sequence[Budget],
    ) -> tuple[list[Entry], int]:
        busy = len(self.inside(lane, "in_flight"))
        rooms = [most]
        rooms += [] if most_in_flight is None else [most_in_flight - busy]
        for budget in budgets:
            left = budget.allowed - self.counters[lane.name][budget.counter]
            rooms.append(left // budget.cost - busy)
        due = [entry for entry in self.inside(lane, "pending") if entry.at <= self.now]
        chosen = due[: max(min(rooms), 0)]
        if begins and chosen and chosen[0].deliveries:
            chosen = chosen[:1]
        elif begins:
            chosen = [entry for entry in chosen if not entry.deliveries]
        for entry in chosen:
            self.counters[lane.name]["token"] += 1
            entry.token = self.counters[lane.name]["token"]
            entry.deliveries += begins
            entry.is_ticket = not begins
            entry.move("in_flight", self.now + lease_ms)
        self.count(lane, {"attempts": len(chosen)} if begins else {})
        return chosen, len(due) - len(chosen)

    def begin(
        self, lane: Lane, key: str, token: int, lease_ms: int, cooldown_ms: int
    ) -> bool | None:
        entry = self.held(lane, key, token)
        if entry is None or entry.begun == token:
            return None
        if entry.sent is None:
            names = self.people.named(key.split(".", maxsplit=1)[0])
            times = [self.started_at[name] for name in names if name in self.started_at]
            if entry.leaving:
                self.cancel(entry, "left_cohort")
                return False
            if any(self.now - at < cooldown_ms for at in times):
                self.cancel(entry, "cooldown")
                return False
            entry.sent = token
        entry.begun, entry.is_ticket = token, False
        entry.deliveries += 1
        entry.at = self.now + lease_ms
        self.count(lane, {"attempts": 1})
        return True

    def renew(self, lane: Lane, key: str, token: int, lease_ms: int) -> bool:
        entry = self.held(lane, key, token)
        if entry:
            entry.at = self.now + lease_ms
        return entry is not None

    # --- going out ---

    def finish(self, entry: Entry, value: bytes, counters: dict[str, int]) -> None:
        entry.move("done", self.now)
        entry.value = value
        self.count(entry.lane, counters)

    def complete(
        self, lane: Lane, key: str, token: int, value: bytes, counters: dict[str, int]
    ) -> bool:
        entry = self.held(lane, key, token)
        if entry:
            self.finish(entry, value, counters)
        return entry is not None

    def complete_start(
        self,
        lane: Lane,
        key: str,
        token: int,
        value: bytes,
        interview_id: str,
        counters: dict[str, int],
    ) -> bool:
        self.started_at[key.split(".", maxsplit=1)[0]] = self.now
        if interview_id:
            self.interviews[interview_id] = key
        return self.complete(lane, key, token, value, counters)

    def confirm_start(
        self,
        lane: Lane,
        key: str,
        value: bytes,
        interview_id: str,
        counters: dict[str, int],
        others: Sequence[Lane] = (),
    ) -> bool:
        self.interviews[interview_id] = key
        entry = self.get(lane, key)
        waits = entry and entry.state in {"pending", "in_flight"}
        waits = entry and waits and entry.lane in {lane, *others}
        ended = entry and (
            entry.state == "dead" or (entry.state == "cancelled" and entry.reason != "erased")
        )
        if entry is None or not (waits or ended):
            self.started_at.setdefault(key.split(".", maxsplit=1)[0], self.now)
            return False
        self.started_at[key.split(".", maxsplit=1)[0]] = self.now
        entry.lane = lane
        self.finish(entry, value, counters)
        return True

    def retry(
        self, lane: Lane, key: str, token: int, delay_ms: int, *, spends: bool, sent: bool
    ) -> bool:
        entry = self.held(lane, key, token)
        if entry is None:
            return False
        entry.attempts += spends
        self.count(lane, {"failed:transient": 1} if spends else {})
        if not entry.is_ticket:
            entry.deliveries = 0
        if not sent and entry.sent == token:
            entry.sent = None
        entry.token, entry.is_ticket = None, False
        entry.move("pending", self.now + delay_ms)
        return True

    def _bury(self, entry: Entry, reason: str) -> None:
        entry.move("dead", self.now)
        entry.reason = reason
        self.count(entry.lane, {f"dead:{reason}": 1})

    def bury(self, lane: Lane, key: str, token: int, reason: str, *, sent: bool) -> bool:
        entry = self.held(lane, key, token)
        if entry:
            if not sent and entry.sent == token:
                entry.sent = None
            entry.attempts += 1
            self.count(lane, {f"failed:{reason}": 1})
            self._bury(entry, reason)
        return entry is not None

    def expire(self, lane: Lane, most: int, max_deliveries: int) -> tuple[int, int]:
        lapsed = [entry for entry in self.inside(lane, "in_flight") if entry.at <= self.now][:most]
        poison = [entry for entry in lapsed if entry.deliveries >= max_deliveries]
        for entry in lapsed:
            if entry in poison:
                self._bury(entry, "poison")
            else:
                entry.token = None
                entry.move("pending", self.now)
        return len(lapsed) - len(poison), len(poison)

    def cancel(self, entry: Entry, reason: str) -> None:
        entry.move("cancelled", self.now)
        entry.reason, entry.value, entry.token = reason, b"", None
        self.count(entry.lane, {f"cancelled:{reason}": 1})

    def cancel_keys(self, lane: Lane, keys: Iterable[str], reason: str) -> list[bool]:
        answer = []
        for key in keys:
            entry = self.get(lane, key)
            waits = entry and entry.state == "pending" and entry.lane == lane
            if entry and (waits or entry.state == "dead"):
                self.cancel(entry, reason)
                answer.append(True)
            else:
                answer.append(False)
        return answer

    def purge(self, lane: Lane, state: str, before_ms: int) -> int:
        ended = [e for e in self.of(lane.name) if e.state == state and e.at <= before_ms]
        for entry in ended:
            refused = entry.state == "cancelled" and entry.reason in FINAL
            if refused or (entry.sent is not None and entry.state != "done"):
                entry.at = self.now
            else:
                del self.entries[lane.name, entry.key]
        return len(ended)

    def revive(self, lane: Lane, keys: Iterable[str], spacing_ms: int) -> list[bool]:
        answer = []
        for key in keys:
            entry = self.get(lane, key)
            if entry and entry.state == "dead":
                entry.attempts = entry.deliveries = 0
                entry.token = entry.begun = None
                if entry.reason == "ambiguous":
                    entry.sent = None
                entry.move("pending", self.now + sum(answer) * spacing_ms)
                answer.append(True)
            else:
                answer.append(False)
        return answer
