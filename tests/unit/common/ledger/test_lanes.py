"""Names of keys: apart for lanes and sub-lanes, together in one slot of a cluster."""

from __future__ import annotations

from itertools import chain

import pytest
from redis.crc import key_slot

from common.ledger import DELIVERIES, INBOX, WRITES, Lane, invitations

LANES = [INBOX, WRITES, DELIVERIES, invitations("activation")]


@pytest.mark.parametrize("lane", LANES, ids=str)
def test_all_keys_of_a_lane_lie_in_one_slot_of_a_cluster(lane: Lane) -> None:
    further = [lane.key(part) for part in ("aliases", "people", "kin", "interviews", "profiles")]
    assert len({key_slot(key.encode()) for key in [*lane.keys(), *further]}) == 1


def test_no_two_lanes_have_a_key_in_common() -> None:
    keys = list(chain.from_iterable(map(Lane.keys, LANES)))
    assert len(keys) == len(set(keys))


def test_deliveries_lie_in_the_slot_of_the_starts_that_owe_them() -> None:
    one = invitations("activation").key("entries"), DELIVERIES.key("entries")
    assert len({key_slot(key.encode()) for key in one}) == 1


def test_sub_lanes_have_their_own_queue_and_share_what_has_ended() -> None:
    one, two = invitations("one"), invitations("two")
    own = {one.own_key(part) for part in ("pending", "in_flight", "wake")}
    assert set(one.keys()) - set(two.keys()) == own
    assert one.own_key("pending") == "bridge:{invitations}:pending:one"


def test_a_lane_without_a_route_has_no_sub_lane() -> None:
    assert INBOX.own_key("pending") == INBOX.key("pending") == "bridge:{inbox}:pending"
