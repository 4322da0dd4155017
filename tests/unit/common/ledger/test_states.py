"""Every order of transitions: the ledger beside a model of it, and rules that hold whatever comes.

`claims` and `calls` keep what workers were once told, also what has long been lost: using one of
those is what a worker does that was stopped, went on after its lease had run out, or got a ticket
twice. A crash is a claim that nobody uses any more.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from common.errors import TransientError
from common.identity import email_hash, id_hash, study_hash
from common.ledger import INBOX, WRITES, Lane, Ledger, invitations
from common.ledger.ledger import Budget
from tests.support.book import Page, read_lane
from tests.support.clock import FakeClock
from tests.support.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

    from common.ledger import Claimed
    from tests.support.model import Entry

LEASE_MS, COOLDOWN_MS, MAX_DELIVERIES = 1000, 30_000, 3
# Two routes share a study, the third has its own.
STUDIES = {"alpha": "st_one", "beta": "st_one", "gamma": "st_two"}
ROUTES = [invitations(name) for name in STUDIES]
PARTS = {"inbox": [INBOX], "writes": [WRITES], "invitations": ROUTES}
BUDGETS = {
    "alpha": [Budget("invites:alpha", 3)],
    "gamma": [Budget("invites:gamma", 4), Budget("credits:gamma", 10, cost=3)],
}

# A number chooses among what there is: lanes in which a step can do something, claims from the
# newest back, entries in the order in which they came.
picks = st.integers(0, 5)
ANN, BOB, CY, DEE = [f"{name}@example.com" for name in ("ann", "bob", "cy", "dee")]
# A run with one person goes deep into one entry's life; in the others people have several names,
# are unknown, collide now and then, or are many.
CROWDS = {
    "one": [(ANN, "device-1")],
    "names": [
        *[(ANN, "device-1"), (" ANN@Example.com", ""), ("", "device-1"), (ANN, "device-2")],
        *[("", "device-2"), (BOB, "user-3"), (BOB.upper(), ""), ("", "user-3"), (CY, "user-4")],
        *[(CY, ""), (DEE, ""), (DEE, "user-5"), ("", ""), (BOB, "device-1"), (DEE, "user-4")],
    ],
    "many": [(f"member-{n}@example.com", f"user-{n}") for n in range(12)],
}
pages = st.lists(st.integers(0, 14), min_size=1, max_size=3)
REPORTS = ["done", "done", "later", "later", "dead", "slow"]
EVENTS = ["revive", "confirm", "confirm elsewhere", "dropped", "tidied", "tidied", "purge"]
DELAYS_MS = [0, 0, 500, 5000]
delays = st.sampled_from(DELAYS_MS)


@dataclass(frozen=True)
class Claim:
    """What a worker was told; it may be long lost."""

    lane: Lane
    claimed: Claimed

    @property
    def proof(self) -> tuple[str, int]:
        return self.claimed.key, self.claimed.token


class LedgerMachine(RuleBasedStateMachine):
    """One of the three lanes, with all its sub-lanes, for each run."""

    def __init__(self, redis: Redis) -> None:
        super().__init__()
        redis.flushdb()
        self.redis, self.clock = redis, FakeClock()
        self.ledger = Ledger(redis, self.clock)
        self.model = Model(self.clock.now_ms)
        self.name, self.crowd = "", list[tuple[str, str]]()
        self.n = 0
        self.claims: list[Claim] = []
        self.calls: list[Claim] = []
        # What Koji may have seen: keys whose call may have been carried out, by which token.
        self.called: dict[str, int] = {}

    @initialize(
        name=st.sampled_from(["invitations", "invitations", "inbox", "writes"]),
        crowd=st.sampled_from(["one", "one", "names", "many"]),
    )
    def choose_a_lane_and_a_crowd(self, name: str, crowd: str) -> None:
        self.name, self.lanes, self.crowd = name, PARTS[name], CROWDS[crowd]

    def _members(self, page: list[int]) -> list[tuple[str, str]]:
        return [self.crowd[number % len(self.crowd)] for number in page]

    def _keys(self, page: list[int]) -> list[str]:
        return [f"entry-{number % len(self.crowd)}" for number in page]

    def _lane(self, pick: int, *states: str) -> Lane:
        there = [lane for lane in self.lanes if any(self.model.inside(lane, s) for s in states)]
        return (there or self.lanes)[pick % len(there or self.lanes)]

    def _any(self, *states: str) -> bool:
        return any(entry.state in states for entry in self.model.of(self.name))

    def _entry(self, pick: int, *states: str) -> Entry:
        """Return an entry, at times one on which the step must fail."""
        found = list(self.model.of(self.name))
        there = [entry for entry in found if entry.state in states]
        return there[pick % len(there)] if there and pick else found[0]

    def _unique(self) -> bytes:
        self.n += 1
        return b"%d" % self.n

    @property
    def invites(self) -> bool:
        return self.name == "invitations"

    # --- coming in ---------------------------------------------------------------------------

    @precondition(lambda self: not self.invites)
    @rule(page=pages, delay_ms=delays)
    def add(self, page: list[int], delay_ms: int) -> None:
        entries = [(key, self._unique()) for key in self._keys(page)]
        new, _ = self.ledger.add(self._lane(0), entries, delay_ms)
        assert new == [self.model.add(self._lane(0), k, value, delay_ms) for k, value in entries]

    @precondition(lambda self: self.name == "writes")
    @rule(page=pages, person=st.sampled_from("pq"), at=st.integers(-1, 4))
    def add_write(self, page: list[int], person: str, at: int) -> None:
        key = self._keys(page)[0]
        value, profile = self._unique(), self._unique()
        new, _ = self.ledger.add_write(
            key, value, person=person, completed_at_ms=at, profile=profile
        )
        assert new == self.model.add_write(key, value, person, at, profile)

    @precondition(lambda self: self.invites)
    @rule(pick=picks, page=pages, refusal=st.sampled_from(["", "", "", "no_email"]))
    def invite(self, pick: int, page: list[int], refusal: str) -> None:
        lane = self._lane(pick)
        study = study_hash(STUDIES[lane.route])
        people = [
            (email_hash(email), id_hash(by_id), self._unique(), refusal)
            for email, by_id in self._members(page)
        ]
        found = self.ledger.invite(lane, study, people, COOLDOWN_MS)
        expected: dict[str, int] = {}
        for email, by_id, value, _ in people:
            outcome, keys = self.model.consider(lane, study, email, by_id, refusal, COOLDOWN_MS)
            expected[outcome] = expected.get(outcome, 0) + 1
            if keys and outcome == "added":
                self._note_added(lane, keys, value)
            elif keys:
                self._note_refused(lane, keys)
        assert found == expected

    def _note_added(self, lane: Lane, keys: set[str], value: bytes) -> None:
        """Find under which of the names the person stands now, and tell the model."""
        now = read_lane(self.redis, ROUTES)
        [key] = [key for key in keys if now.entries.get(key) == value]
        before = self.model.get(lane, key)
        entry = self.model.put(lane, key, value, "pending", self.clock.now_ms)
        entry.sent = before.sent if before else None

    def _note_refused(self, lane: Lane, keys: set[str]) -> None:
        now = read_lane(self.redis, ROUTES)
        refused = now.states["cancelled", ""]
        found = [key for key in keys if refused.get(key) == self.clock.now_ms]
        assert found
        for key in found:
            before = self.model.get(lane, key)
            entry = self.model.put(lane, key, b"", "cancelled", self.clock.now_ms)
            entry.reason = now.meta[key]["cancelled"]
            entry.sent = before.sent if before else None

    @precondition(lambda self: self.invites and self._any("pending", "in_flight"))
    @rule(pick=picks, page=pages)
    def leave(self, pick: int, page: list[int]) -> None:
        lane = self._lane(pick, "pending", "in_flight")
        study = study_hash(STUDIES[lane.route])
        people = [(email_hash(email), id_hash(by_id)) for email, by_id in self._members(page)]
        n = self.ledger.leave(lane, study, people)
        assert n == sum(self.model.leave(lane, study, *names) for names in people)

    # --- being worked on ---------------------------------------------------------------------

    @precondition(lambda self: self._any("pending"))
    @rule(
        pick=picks,
        most=st.sampled_from([4, 1, 2, 0]),
        most_in_flight=st.sampled_from([None, None, None, 1, 3]),
        begins=st.booleans(),
    )
    def claim(self, pick: int, most: int, most_in_flight: int | None, *, begins: bool) -> None:
        lane = self._lane(pick, "pending")
        how: dict[str, Any] = {
            "most": most,
            "lease_ms": LEASE_MS,
            "most_in_flight": most_in_flight,
            "begins": begins,
            "budgets": BUDGETS.get(lane.route, []),
        }
        newest = self.model.counters[lane.name]["token"]
        claims, more = self.ledger.claim(lane, **how)
        expected, expected_more = self.model.claim(lane, **how)
        assert [(c.key, c.token, c.attempts, c.value) for c in claims] == [
            (e.key, e.token, e.attempts, e.value if begins else b"") for e in expected
        ]
        assert more == expected_more
        assert all(claim.token > newest for claim in claims)
        self.claims += [Claim(lane, claim) for claim in claims]

    def _claim(self, pick: int, claims: list[Claim] | None = None) -> Claim:
        """Return a claim, mostly one that holds."""
        there = self.claims if claims is None else claims
        good = [claim for claim in there if self.model.held(claim.lane, *claim.proof)]
        chosen = good if good and pick > 1 else there
        return chosen[-1 - pick % len(chosen)]

    @precondition(lambda self: self.invites and self._any("pending"))
    @rule(pick=picks, cooldown_ms=st.sampled_from([0, 0, COOLDOWN_MS]))
    def dispatch_and_call(self, pick: int, cooldown_ms: int) -> None:
        """What goes without a hitch most of the time, in one step."""
        before = len(self.claims)
        self.claim(pick, 1, None, begins=False)
        if len(self.claims) > before:
            self.begin(0, cooldown_ms)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def crash(self, pick: int) -> None:
        """Nobody will hear of this claim again, its lease apart."""
        self.claims.remove(self._claim(pick))

    @precondition(lambda self: self.claims)
    @rule(pick=picks, cooldown_ms=st.sampled_from([0, COOLDOWN_MS]))
    def begin(self, pick: int, cooldown_ms: int) -> None:
        claim = self._claim(pick)
        lane, (key, token) = claim.lane, claim.proof
        begun = self.ledger.begin(lane, key, token, lease_ms=LEASE_MS, cooldown_ms=cooldown_ms)
        go = self.model.begin(lane, key, token, LEASE_MS, cooldown_ms)
        assert (begun.go if begun else None) == go
        if begun and begun.go:
            entry = self.model.get(lane, key)
            assert entry
            assert (begun.value, begun.attempts) == (entry.value, entry.attempts)
            if self.invites:
                assert begun.sent_before == (key in self.called), "somebody may be asked twice"
            self.called.setdefault(key, token)
            self.calls.append(claim)

    def _renew(self, claim: Claim) -> None:
        lane, (key, token) = claim.lane, claim.proof
        expected = self.model.renew(lane, key, token, LEASE_MS)
        assert self.ledger.renew(lane, [(key, token)], LEASE_MS) == [expected]

    # --- going out ---------------------------------------------------------------------------

    @precondition(lambda self: self.claims)
    @rule(
        pick=picks,
        what=st.sampled_from(REPORTS),
        delay_ms=delays,
        spends=st.booleans(),
        sent=st.booleans(),
    )
    def report(self, pick: int, what: str, delay_ms: int, *, spends: bool, sent: bool) -> None:
        """A worker says how it went, whether it may say so or not."""
        if what == "done" and self.invites:
            if self.calls:
                self._complete_start(self._claim(pick, self.calls))
            return
        claim = self._claim(pick)
        if what == "done":
            self._complete(claim)
        elif what == "dead":
            self._bury(claim)
        elif what == "slow":
            self._renew(claim)
        else:
            self._retry(claim, delay_ms, spends=spends, sent=sent)

    def _complete(self, claim: Claim) -> None:
        lane, (key, token) = claim.lane, claim.proof
        value, counters = self._unique(), {"written": 2} if token % 2 else {}
        expected = self.model.complete(lane, key, token, value, counters)
        assert self.ledger.complete(lane, [(key, token, value, counters)]) == [expected]

    def _complete_start(self, call: Claim) -> None:
        lane, (key, token) = call.lane, call.proof
        how: dict[str, Any] = {
            "value": self._unique(),
            "interview_id": f"iv-{key}" if token % 3 else "",
            "counters": self._start_counters(lane),
        }
        held = self.ledger.complete_start(lane, key, token, **how)
        assert held == self.model.complete_start(lane, key, token, **how)

    @precondition(lambda self: any(self.model.of(self.name)))
    @rule(
        pick=picks,
        what=st.sampled_from(EVENTS),
    )
    def from_outside(self, pick: int, what: str) -> None:
        """An operator decides, a result tells that a start was accepted, or time is over."""
        if what == "revive":
            self._revive(spacing_ms=700 * pick)
        elif what == "purge":
            self._purge("dead" if pick % 2 else "cancelled")
            if not self.invites:
                self._purge("done")
        elif what.startswith("confirm"):
            if self.invites:
                self._confirm_start(pick, elsewhere=what.endswith("elsewhere"))
        else:
            self._cancel(pick, what)

    def _confirm_start(self, pick: int, *, elsewhere: bool) -> None:
        entry = self._entry(pick, "in_flight", "pending", "dead")
        same_study = [lane for lane in ROUTES if entry.key.endswith(_study(lane))]
        lane = same_study[-1] if elsewhere else entry.lane
        how: dict[str, Any] = {
            "value": self._unique(),
            "interview_id": f"iv-{entry.key}",
            "counters": self._start_counters(lane),
            "others": [other for other in same_study if other != lane] if pick % 2 else [],
        }
        confirmed = self.ledger.confirm_start(lane, entry.key, **how)
        assert confirmed == self.model.confirm_start(lane, entry.key, **how)

    def _retry(self, claim: Claim, delay_ms: int, *, spends: bool, sent: bool) -> None:
        lane, (key, token) = claim.lane, claim.proof
        error = TransientError("down", status=503) if spends else None
        [held] = self.ledger.retry(lane, [(key, token, delay_ms, spends, sent, error)])
        assert held == self.model.retry(lane, key, token, delay_ms, spends=spends, sent=sent)
        if held and not sent and self.called.get(key) == token:
            del self.called[key]  # its worker lived to tell that this call was not carried out

    def _bury(self, claim: Claim) -> None:
        lane, (key, token) = claim.lane, claim.proof
        reason, sent = ("ambiguous", True) if token % 2 else ("rejected", False)
        letter = (key, token, reason, 400, "no such study")
        [held] = self.ledger.bury(lane, [letter], sent=sent)
        assert held == self.model.bury(lane, key, token, reason, sent=sent)
        if held and not sent and self.called.get(key) == token:
            del self.called[key]  # Koji said no, so this call was not carried out

    @precondition(lambda self: self._any("in_flight"))
    @rule(pick=picks, most=st.sampled_from([500, 1]), late=st.sampled_from([True, True, False]))
    def expire(self, pick: int, most: int, *, late: bool) -> None:
        lane = self._lane(pick, "in_flight")
        if late:
            self.time_passes(LEASE_MS)
        found = self.ledger.expire(lane, most=most, max_deliveries=MAX_DELIVERIES)
        assert found == self.model.expire(lane, most, MAX_DELIVERIES)

    def _cancel(self, pick: int, reason: str) -> None:
        entry = self._entry(pick, "dead", "pending")
        keys = [entry.key, "nobody"]
        expected = self.model.cancel_keys(entry.lane, keys, reason)
        assert self.ledger.cancel(entry.lane, keys, reason) == expected

    def _revive(self, *, spacing_ms: int) -> None:
        for lane in self.lanes:
            keys = [e.key for e in self.model.of(self.name) if e.lane == lane]
            asked = {key for key in keys if self._is_ambiguous(lane, key)}
            revived, _ = self.ledger.revive(lane, keys, spacing_ms)
            assert revived == self.model.revive(lane, keys, spacing_ms)
            for key, yes in zip(keys, revived, strict=True):
                if yes and key in asked:
                    self.called.pop(key, None)  # the operator answers for it

    def _is_ambiguous(self, lane: Lane, key: str) -> bool:
        entry = self.model.get(lane, key)
        return entry is not None and (entry.state, entry.reason) == ("dead", "ambiguous")

    def _purge(self, state: str) -> None:
        before_ms = self.clock.now_ms - COOLDOWN_MS
        looked_at = self.ledger.purge(self.lanes[0], state, before_ms)
        assert looked_at == self.model.purge(self.lanes[0], state, before_ms)

    @rule(ms=st.sampled_from([1, 500, 5000, COOLDOWN_MS]))
    def time_passes(self, ms: int) -> None:
        self.clock.advance(ms=ms)
        self.model.now = self.clock.now_ms

    def _start_counters(self, lane: Lane) -> dict[str, int]:
        costs = {budget.counter: budget.cost for budget in BUDGETS.get(lane.route, [])}
        return {f"started:{lane.route}": 1} | costs

    # --- what holds after every step ---------------------------------------------------------

    @invariant()
    def the_book_is_in_order(self) -> None:
        page = read_lane(self.redis, self.lanes)
        _each_entry_is_in_one_state(page)
        entries = {entry.key: entry for entry in self.model.of(self.name)}
        assert page.entries == {key: entry.value for key, entry in entries.items()}
        assert sum(page.sizes().values()) == len(entries)
        for key, entry in entries.items():
            assert page.states[page.state_of(key)][key] == entry.at
            _agrees(entry, page)
        counted = self.model.counters[self.name]
        assert {name: page.counters.get(name, 0) for name in counted} == counted

    @invariant()
    def a_profile_is_that_of_the_newest_interview(self) -> None:
        if self.name == "writes":
            newest = [self.model.profiles.get(person, (0, None))[1] for person in "pq"]
            assert self.ledger.profiles(["p", "q"]) == newest

    def teardown(self) -> None:
        for interview_id, key in self.model.interviews.items():
            assert self.ledger.find_interview(interview_id) == key


def _study(lane: Lane) -> str:
    return study_hash(STUDIES[lane.route])


def _each_entry_is_in_one_state(page: Page) -> None:
    keys = [key for found in page.states.values() for key in found]
    assert len(keys) == len(set(keys)), "in two states"
    assert set(keys) == set(page.entries), "in no state, or in one without an entry"
    assert set(page.meta) <= set(page.entries), "notes about nobody"


def _agrees(entry: Entry, page: Page) -> None:
    shared = entry.state in {"done", "dead", "cancelled"}
    assert page.state_of(entry.key) == (entry.state, "" if shared else entry.lane.route)
    meta = page.meta.get(entry.key, {})
    if entry.state == "in_flight":
        assert meta["token"] == entry.token, "not the newest claim"
    if entry.state in {"pending", "cancelled"}:
        assert "token" not in meta, "a claim that is over"
    if entry.state == "done":
        assert not meta
    if entry.state == "dead":
        assert (meta["reason"], meta["attempts"]) == (entry.reason, entry.attempts)
    if entry.state == "cancelled":
        assert (entry.value, meta["cancelled"]) == (b"", entry.reason)


@pytest.mark.no_cover
def test_every_order_of_transitions_leaves_the_book_in_order(redis: Redis) -> None:
    run_state_machine_as_test(
        partial(LedgerMachine, redis), settings=settings(stateful_step_count=50)
    )


class Walk:
    """The same steps without hypothesis: no shrinking, but far deeper into an entry's life.

    Most steps are those of workers and their leases, and only such as can do something.
    """

    def __init__(self, redis: Redis, seed: int) -> None:
        self.dice = random.Random(seed)
        self.machine = LedgerMachine(redis)

    def take(self, steps: int) -> None:
        one, dice = self.machine, self.dice
        one.choose_a_lane_and_a_crowd(
            name=dice.choice(["invitations", "invitations", "invitations", "inbox", "writes"]),
            crowd=dice.choice(["one", "one", "names", "many"]),
        )
        for _ in range(steps):
            self._step()
            one.the_book_is_in_order()
            one.a_profile_is_that_of_the_newest_interview()
        one.teardown()

    def _step(self) -> None:
        one, dice = self.machine, self.dice
        pick, page = dice.randrange(6), [dice.randrange(15) for _ in range(dice.randint(1, 3))]
        open_now = one._any("pending", "in_flight")
        possible: list[tuple[int, Callable[[], None]]] = [
            (1 if open_now else 9, partial(self._arrive, pick, page)),
            (1, partial(one.time_passes, dice.choice([1, 500, 5000, COOLDOWN_MS]))),
        ]
        if any(one.model.of(one.name)):
            possible.append((2, partial(one.from_outside, pick, dice.choice(EVENTS))))
        if open_now and one.invites:
            possible.append((2, partial(one.leave, pick, page)))
        if one._any("pending"):
            most, tight = dice.choice([4, 1, 2]), dice.choice([None, None, 1, 3])
            begins = dice.random() < (0.2 if one.invites else 0.8)
            possible.append((5, partial(one.claim, pick, most, tight, begins=begins)))
        if one._any("in_flight"):
            late = dice.random() < 0.8
            possible.append((4, partial(one.expire, pick, dice.choice([500, 1]), late=late)))
        if one.claims:
            spends, sent = dice.random() < 0.5, dice.random() < 0.5
            what, delay_ms = dice.choice(REPORTS), dice.choice(DELAYS_MS)
            how = partial(one.report, pick, what, delay_ms, spends=spends, sent=sent)
            possible += [(5, partial(one.begin, pick, dice.choice([0, 0, COOLDOWN_MS]))), (5, how)]
        weights, steps = zip(*possible, strict=True)
        dice.choices(steps, weights)[0]()

    def _arrive(self, pick: int, page: list[int]) -> None:
        one, dice = self.machine, self.dice
        if one.invites:
            one.invite(pick, page, dice.choice(["", "", "", "no_email"]))
        elif one.name == "writes" and pick:
            one.add_write(page, dice.choice("pq"), dice.randint(-1, 4))
        else:
            one.add(page, dice.choice(DELAYS_MS))


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(4))
def test_a_long_walk_through_the_transitions_leaves_the_book_in_order(
    redis: Redis, seed: int
) -> None:
    for part in range(15):
        Walk(redis, 1000 * seed + part).take(100)
