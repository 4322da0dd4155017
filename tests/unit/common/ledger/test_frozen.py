"""What released versions wrote is read, worked off, replayed and erased by the code of now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.config import load_config
from common.ledger import INBOX, WRITES, Ledger
from common.ledger.dead_letters import DeadLetters
from common.ledger.figures import lanes
from common.ledger.lanes import INVITATIONS
from common.ledger.letters import Filters
from common.ledger.schema import KEY, SCHEMA, take_up
from common.messages import Invitation
from common.stored import decode
from ops.erasure import erase_person
from ops.names import Names
from tests.frozen.book import AT_MS, LANE, LEASE_MS, email, write_book
from tests.frozen.dump import FILE, FOLDER, dump, load
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis

DUMPS = sorted(FOLDER.glob(f"*/{FILE}"))
EVERY_STATE = {"pending": 1, "in_flight": 1, "done": 1, "dead": 1, "cancelled": 0}


@pytest.fixture(params=DUMPS, ids=lambda path: path.parent.name)
def old(request: pytest.FixtureRequest, redis: Redis) -> Ledger:
    """The ledger of a version, at the time when its leases have not run out."""
    load(redis, request.param.read_bytes())
    return Ledger(redis, clock_ms=lambda: AT_MS + LEASE_MS // 2)


def test_there_is_a_dump_and_it_says_its_schema(old: Ledger) -> None:
    assert 1 <= int(old.redis.get(KEY) or 0) <= SCHEMA
    take_up(old.redis)
    assert int(old.redis.get(KEY) or 0) == SCHEMA


def test_what_is_written_and_loaded_is_the_same(redis: Redis) -> None:
    write_book(redis)
    text = dump(redis)
    redis.flushall()
    load(redis, text)
    assert dump(redis) == text


def test_every_lane_and_state_is_counted_and_read(old: Ledger) -> None:
    found = lanes(old)
    assert found["inbox"] == EVERY_STATE | {"pending": 3}
    assert found["invitations"] == EVERY_STATE | {"cancelled": 1}
    assert found["writes"] == EVERY_STATE
    for lane, read in ((INBOX, decode), (WRITES, decode), (INVITATIONS, Invitation.decode)):
        values = [one for one in old.redis.hvals(lane.key("entries")) if one]
        assert len(values) >= 3
        assert all(read(value) for value in values)
    assert old.find_interview("iv-done")
    assert [bool(one) for one in old.profiles(["id-done", "id-pending", "nobody"])] == [
        *(True, True),
        False,
    ]


def test_what_waits_is_worked_off_and_what_was_in_flight_comes_back(old: Ledger) -> None:
    later = Ledger(old.redis, clock_ms=lambda: AT_MS + 100 * LEASE_MS)
    for lane, kinds in ((INBOX, 4), (WRITES, 2), (LANE, 2)):
        assert later.expire(lane) == (1, 0)
        done = 0
        while claims := later.claim(lane, most=10, lease_ms=LEASE_MS)[0]:
            ended = [(one.key, one.token, b"", {}) for one in claims]
            assert all(later.complete(lane, ended))
            done += len(ended)
        assert done == kinds
    found = lanes(later)
    done = [found[name]["done"] for name in ("inbox", "invitations", "writes")]
    assert done == [5, 3, 3]


def test_dead_letters_are_told_and_replayed(old: Ledger, tmp_path: Path) -> None:
    letters = DeadLetters(old, load_config(smallest_environ(tmp_path)).routes)
    found = list(letters.find(Filters()))
    assert {one.lane for one in found} == {"inbox", "invitations", "writes"}
    assert all(
        (one.reason, one.status, one.route) == ("rejected", 400, "activation") for one in found
    )
    assert all(one.told() for one in found)
    assert [revived for _, revived in letters.replay(found)] == [True] * 3
    assert {name: row["dead"] for name, row in lanes(old).items()} == dict.fromkeys(lanes(old), 0)


def test_a_person_is_erased_from_all_of_it(old: Ledger) -> None:
    removed = erase_person(old, Names(old, email("done")), lambda _: None)
    assert removed["invitations"] == 1
    assert removed["results"] == 1
    assert email("done").encode() not in dump(old.redis)
    assert email("pending").encode() in dump(old.redis)
