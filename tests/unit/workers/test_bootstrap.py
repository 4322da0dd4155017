"""One place builds the real collaborators, and nothing is contacted before it is needed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from common.queues import TaskNames, broker_list
from workers import app as worker_app
from workers.app import KINDS, make_worker_app
from workers.bootstrap import MOST_WAITING, make_bridge, make_send

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config


class FakeApp:
    """A Celery app whose broker is as a test wants it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[tuple[str, Any]] = []

    def send_task(self, name: str, args: Any) -> None:
        if self.error:
            raise self.error
        self.sent.append((name, args))


def test_the_bridge_is_built_without_a_connection(make_config: Callable[..., Config]) -> None:
    config = make_config(LEASE_SECONDS="12.5", KOJI_START_PROFILE="flat")
    bridge = make_bridge(config, FakeApp())  # type: ignore[arg-type]
    assert bridge.leases.lease_ms == 12_500
    assert bridge.koji.profile == "flat"
    assert bridge.ledger.redis is bridge.redis
    assert bridge.redis.connection_pool.connection_kwargs["port"] == 1, "where nothing listens"
    assert bridge.clock_ms() > 1_700_000_000_000


def test_messages_that_wait_are_counted_where_the_queues_are(
    make_config: Callable[..., Config],
) -> None:
    one = make_bridge(make_config(), FakeApp())  # type: ignore[arg-type]
    assert one.send._broker is one.redis  # type: ignore[attr-defined]
    config = make_config(BROKER_URL="redis://127.0.0.1:2/0")
    two = make_bridge(config, FakeApp())  # type: ignore[arg-type]
    assert two.redis.connection_pool.connection_kwargs["port"] == 1
    assert two.send._broker.connection_pool.connection_kwargs["port"] == 2  # type: ignore[attr-defined]


def test_a_message_goes_by_name_with_its_arguments() -> None:
    app = FakeApp()
    make_send(app, fakeredis.FakeRedis())(TaskNames.START_INTERVIEWS, "activation", [["a.b", 1]])  # type: ignore[arg-type]
    assert app.sent == [("bridge.start_interviews", ("activation", [["a.b", 1]]))]


@pytest.mark.parametrize(
    "error", [OperationalError("no broker"), RedisConnectionError("gone"), TimeoutError("slow")]
)
def test_a_message_that_is_not_sent_is_logged_and_nothing_else(
    error: Exception, logged: list[dict[str, Any]]
) -> None:
    send = make_send(FakeApp(error), fakeredis.FakeRedis())  # type: ignore[arg-type]
    send(TaskNames.UNPACK)
    assert logged == [
        {
            "event": "ticket_not_sent",
            "level": "warning",
            "task": "bridge.unpack",
            "error": type(error).__name__,
        }
    ]


@pytest.mark.parametrize("task", [TaskNames.UNPACK, TaskNames.WRITE_RESULTS, TaskNames.RECONCILE])
def test_wake_ups_do_not_pile_up_while_nobody_takes_them(task: TaskNames) -> None:
    app, redis = FakeApp(), fakeredis.FakeRedis(server=fakeredis.FakeServer())
    send = make_send(app, redis)  # type: ignore[arg-type]
    for _ in range(100):
        before = len(app.sent)
        send(task)
        if len(app.sent) > before:
            redis.lpush(broker_list(task), b"message")
    assert len(app.sent) == MOST_WAITING[task]
    redis.rpop(broker_list(task))
    send(task)
    assert len(app.sent) == MOST_WAITING[task] + 1


def test_every_queue_has_a_worker_and_every_worker_keeps_the_clock() -> None:
    consumed = {queue for kind in KINDS.values() for queue in kind.queues}
    assert consumed == set(worker_app.Queues)
    assert all(worker_app.Queues.CLOCK in kind.queues for kind in KINDS.values())


def test_the_tasks_of_a_process_share_one_bridge_built_at_the_first_call(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(*_: Any) -> Any:
        built.append(1)
        return SimpleNamespace(redis="the ledger's")

    seen: list[Any] = []
    looked_at: list[Any] = []
    monkeypatch.setattr(worker_app, "make_bridge", build)
    monkeypatch.setattr(worker_app, "take_up", looked_at.append)
    monkeypatch.setattr("workers.inbox.unpack", seen.append)
    app = make_worker_app(config)
    assert built == []
    app.tasks[TaskNames.UNPACK]()
    app.tasks[TaskNames.UNPACK]()
    assert built == [1]
    assert seen[0] is seen[1]
    assert looked_at == ["the ledger's"]


def test_celery_leaves_our_logging_alone(config: Config) -> None:
    make_worker_app(config)
    assert worker_app.setup_logging.receivers
    assert all(
        answer is None for _, answer in worker_app.setup_logging.send(sender=None, loglevel=10)
    )
