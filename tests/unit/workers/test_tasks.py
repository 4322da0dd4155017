"""Tasks are doorways: a message in, one call of a plain function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from common.celery_app import make_celery
from common.ledger import INBOX
from common.queues import ROUTING, TaskNames, broker_list
from workers.tasks import register

if TYPE_CHECKING:
    from celery import Celery

    from tests.unit.workers.harness import Bench


@pytest.fixture
def app(bench: Bench) -> Celery:
    made = make_celery(bench.bridge.config.settings)
    register(made, lambda: bench.bridge)
    return made


@pytest.mark.parametrize("name", list(TaskNames))
def test_every_task_is_registered_and_has_a_queue(app: Celery, name: TaskNames) -> None:
    assert name.value in app.tasks
    assert name.value in ROUTING


def test_unpack_unpacks(app: Celery, bench: Bench) -> None:
    bench.ledger.add(INBOX, [("a", bench.result().encode())])
    app.tasks[TaskNames.UNPACK]()
    assert bench.state("a", INBOX) == "done"


def test_starting_is_followed_by_the_next_dispatch(app: Celery, bench: Bench) -> None:
    bench.invite(*({"email": f"p{n}@example.com"} for n in range(9)))
    tickets = bench.tickets()
    assert len(tickets) == 6
    bench.sent.clear()
    message = orjson.loads(orjson.dumps(["activation", tickets]))
    app.tasks[TaskNames.START_INTERVIEWS](*message)
    assert len(bench.koji.requests) == 6
    assert len(bench.sent) == 3


def test_a_ticket_of_a_route_that_left_the_file_is_harmless(app: Celery, bench: Bench) -> None:
    app.tasks[TaskNames.START_INTERVIEWS]("gone", [["a.b", 1]])
    assert bench.koji.requests == []
    assert bench.sent == []


def test_write_results_writes(app: Celery, bench: Bench) -> None:
    bench.unpack(bench.result())
    app.tasks[TaskNames.WRITE_RESULTS]()
    assert len(bench.mixpanel.requests) == 2


def test_tick_ticks(app: Celery, bench: Bench) -> None:
    bench.ledger.add(INBOX, [("a", b"{}")])
    app.tasks[TaskNames.TICK]()
    assert bench.sent == [(TaskNames.UNPACK, ())]


def test_reconcile_asks_koji(app: Celery, bench: Bench) -> None:
    bench.invite_ann()
    bench.start()
    bench.clock.seconds += 25 * 3600
    app.tasks[TaskNames.RECONCILE]()
    assert [request.method for request in bench.koji.requests] == ["POST", "GET"]


def test_a_reconcile_message_waits_behind_all_others(app: Celery) -> None:
    """Its list is the one that kombu itself would put it into."""
    app.conf.broker_url = "redis://"
    with app.connection_for_write() as connection:
        channel = connection.transport.Channel
        priority = int(ROUTING[TaskNames.RECONCILE.value]["priority"])
        steps = channel.priority_steps
        assert max(step for step in steps if step <= priority) == steps[-1] == priority
        name = f"koji{channel.sep}{priority}"
    assert broker_list(TaskNames.RECONCILE) == f"bridge:celery:{name}"
    assert broker_list(TaskNames.UNPACK) == "bridge:celery:inbox"
