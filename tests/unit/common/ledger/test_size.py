"""What a waiting member costs in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.identity import email_hash, id_hash, study_hash
from common.ledger import invitations
from common.messages import Invitation

if TYPE_CHECKING:
    from redis import Redis

    from common.ledger import Ledger

MEMBERS, PAGE = 20_000, 1000
MOST_BYTES = 420  # Redis 7.0 takes 406, 6.2 less than 400


def typical(n: int) -> tuple[str, str, bytes, str]:
    """Return a member as cohorts usually bring them, with an id of the product's own."""
    email, distinct_id = f"jane.doe{n:05}@example.com", f"user-{n:05}"
    person = Invitation(distinct_id, email, "Jane Doe", "", {"plan": "pro", "$city": "Berlin"})
    return email_hash(email), id_hash(distinct_id), person.encode(), ""


def test_a_waiting_member_costs_some_400_bytes(ledger: Ledger, redis: Redis) -> None:
    lane, study = invitations("activation"), study_hash("st_activation")
    ledger.invite(lane, study, [typical(-1)])  # loads the script
    before = redis.info("memory")["used_memory"]
    for start in range(0, MEMBERS, PAGE):
        page = [typical(n) for n in range(start, start + PAGE)]
        assert ledger.invite(lane, study, page) == {"added": PAGE}
    assert (redis.info("memory")["used_memory"] - before) / MEMBERS <= MOST_BYTES
