"""The last hour, minute by minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fakeredis
import pytest

from common.ledger import Ledger
from common.ledger.lanes import INVITATIONS, WRITES
from ops.console.desk import Desk
from ops.console.history import KEPT_MINUTES, KEY, History, Hour, Sampler
from ops.console.sparkline import sparkline
from ops.console.totals import Totals, read_totals

if TYPE_CHECKING:
    from common.config import Config
    from tests.unit.ops.console.conftest import WallClock

MINUTE = 29_667_600


def totals(invited: int, written: int = 0) -> Totals:
    return Totals(0, invited, 0, written)


@pytest.fixture
def history(ledger: Ledger) -> History:
    return History(ledger.redis)


def test_minutes_are_the_differences_of_what_was_noted(history: History) -> None:
    for minute, invited, written in ((0, 100, 10), (1, 160, 10), (2, 190, 40)):
        assert history.note(MINUTE + minute, totals(invited, written))
    hour = history.hour(MINUTE + 2, totals(195, 42))
    assert hour.invited[-3:] == [60, 30, 5]
    assert hour.written[-3:] == [0, 30, 2]
    assert hour.invited[:-3] == [None] * 57
    assert hour.most == 60


def test_a_minute_is_noted_once_whoever_comes(history: History) -> None:
    assert history.note(MINUTE, totals(5))
    assert not history.note(MINUTE, totals(9))
    assert history.hour(MINUTE, totals(9)).invited[-1] == 4


def test_the_first_look_begins_the_history(history: History, ledger: Ledger) -> None:
    assert history.hour(MINUTE, totals(7)).invited[-1] == 0
    assert ledger.redis.hgetall(KEY) == {str(MINUTE).encode(): b"7 0"}


def test_a_gap_is_spread_evenly(history: History) -> None:
    history.note(MINUTE, totals(0))
    history.note(MINUTE + 4, totals(40))
    assert history.hour(MINUTE + 4, totals(40)).invited[-5:] == [10, 10, 10, 10, 0]


def test_an_emptied_ledger_is_no_negative_pace(history: History) -> None:
    history.note(MINUTE, totals(500, 50))
    assert history.hour(MINUTE, totals(0)).invited[-1] == 0


def test_no_more_than_two_hours_are_kept(history: History, ledger: Ledger) -> None:
    for minute in range(300):
        history.note(MINUTE + minute, totals(minute))
    assert ledger.redis.hlen(KEY) == KEPT_MINUTES + 1
    assert history.hour(MINUTE + 299, totals(300)).invited == [1] * 60


def test_the_sampler_notes_the_totals_of_all_routes(
    config: Config, ledger: Ledger, wall: WallClock
) -> None:
    ledger.redis.hset(INVITATIONS.key("counters"), mapping={"started:a": 3, "started:b": 4})
    ledger.redis.hset(INVITATIONS.key("counters"), "invites:a:2026-05-29", 99)
    ledger.redis.hset(WRITES.key("counters"), "written:a", 2)
    ledger.redis.hset(INVITATIONS.key("entries"), mapping={"x": "", "y": ""})
    assert read_totals(ledger.redis) == Totals(2, 7, 0, 2)
    sampler = Sampler(Desk(config, ledger, wall))
    assert sampler.sample()
    assert not sampler.sample()
    wall.now += 60
    assert sampler.sample()
    assert set(ledger.redis.hvals(KEY)) == {b"7 2"}


def test_the_sampler_survives_a_redis_that_is_away(config: Config) -> None:
    server = fakeredis.FakeServer()
    server.connected = False
    rounds = []

    class Waits:
        def wait(self, seconds: float) -> bool:
            rounds.append(seconds)
            server.connected = len(rounds) > 1
            return len(rounds) > 2

    sampler = Sampler(Desk(config, Ledger(fakeredis.FakeRedis(server=server)), lambda: 90.0))
    sampler.ended = Waits()  # type: ignore[assignment]
    sampler.run()
    assert rounds == [0.0, 30.0, 30.0]
    assert fakeredis.FakeRedis(server=server).hlen(KEY) == 1


def test_a_sparkline_has_a_step_for_each_minute_up_to_the_busiest() -> None:
    drawn = sparkline(Hour([None, 10, 40], [None, None, 20]))
    assert drawn["invited"] == "10,73.5 20,73.5 20,3.0 30,3.0"
    assert drawn["written"] == "20,50.0 30,50.0"
    assert (drawn["most"], drawn["invited_sum"], drawn["written_sum"]) == ("40", "50", "20")


def test_an_hour_without_anything_is_a_flat_line() -> None:
    drawn = sparkline(Hour([0, 0], [0, 0]))
    assert drawn["invited"] == "0,97.0 10,97.0 10,97.0 20,97.0"
    assert drawn["most"] == "0"
