"""The sums of a run: what was accepted has to be found again, each once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from redis import Redis

    from ops.local.sandbox_process import Sandbox


@dataclass
class Accounts:
    """People and results at the end of a run; every figure is counted, none is derived."""

    accepted: int
    started: int
    double_started: int
    cancelled: int
    held_as_ambiguous: int
    dead: int
    still_owed: int
    results_accepted: int
    results_skipped: int
    written: int
    written_twice: int
    writes_dead: int
    events_in_mixpanel: int
    profiles_moved_back: int
    given_up_by_koji: int

    @property
    def lost(self) -> int:
        """People whose page was answered with 200 and who are nowhere."""
        found = self.started + self.cancelled + self.held_as_ambiguous + self.dead + self.still_owed
        return self.accepted - found

    @property
    def results_lost(self) -> int:
        """Results that were answered with 200 and are nowhere."""
        return self.results_accepted - self.results_skipped - self.written - self.writes_dead

    def void(self) -> str:
        """Return why the run proves nothing, empty if its sums add up."""
        if self.still_owed:
            return f"{self.still_owed} entries were still owed when the time was up"
        if self.lost < 0 or self.results_lost < 0:
            return "more was found than was accepted: the books are wrong"
        # A dead write may have its event in Mixpanel, where it was the profile that was refused.
        most = self.written + self.writes_dead
        if not self.written <= self.events_in_mixpanel <= most:
            return f"Mixpanel has {self.events_in_mixpanel} events for {self.written} to {most}"
        return ""

    def broken(self) -> list[str]:
        """Return the promises that were broken."""
        figures = {
            "lost": self.lost,
            "results lost": self.results_lost,
            "double-started": self.double_started,
            "written twice": self.written_twice,
            "profiles moved back": self.profiles_moved_back,
        }
        return [f"{name}: {n}" for name, n in figures.items() if n]

    def as_dict(self) -> dict[str, Any]:
        """Return every figure, for the report."""
        return {**asdict(self), "lost": self.lost, "results_lost": self.results_lost}


def count(redis: Redis, sandbox: Sandbox, accepted: int) -> Accounts:
    """Count in ledger, Koji and Mixpanel."""
    invitations, writes, inbox = (
        f"bridge:{{{name}}}" for name in ("invitations", "writes", "inbox")
    )
    owed = sum(redis.zcard(key) for key in redis.keys("bridge:{*}:pending*"))
    owed += sum(redis.zcard(key) for key in redis.keys("bridge:{*}:in_flight*"))
    dead = redis.zrange(f"{invitations}:dead", 0, -1)
    reasons = (
        [orjson.loads(raw)["reason"] for raw in redis.hmget(f"{invitations}:meta", dead)]
        if dead
        else []
    )
    counters = redis.hgetall(f"{inbox}:counters")
    koji, mixpanel = sandbox.get("koji", "summary"), sandbox.get("mixpanel", "summary")
    return Accounts(
        accepted=accepted,
        started=redis.zcard(f"{invitations}:done"),
        double_started=koji["double_started"],
        cancelled=redis.zcard(f"{invitations}:cancelled"),
        held_as_ambiguous=reasons.count("ambiguous"),
        dead=len(reasons) - reasons.count("ambiguous"),
        still_owed=owed,
        results_accepted=koji["webhooks"]["delivered"],
        results_skipped=sum(int(n) for name, n in counters.items() if name.startswith(b"skipped:")),
        written=redis.zcard(f"{writes}:done"),
        written_twice=mixpanel["written_twice"],
        writes_dead=redis.zcard(f"{writes}:dead"),
        events_in_mixpanel=mixpanel["events"],
        profiles_moved_back=mixpanel["moved_back"],
        given_up_by_koji=koji["webhooks"]["given_up"],
    )
