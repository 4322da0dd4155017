"""The Celery app: the settings that other parts rely on, and the broker's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import kombu.transport as kombu_transport
import pytest
from kombu.transport import redis as kombu_redis

from common import broker_transport
from common.celery_app import TICK_SECONDS, make_celery
from common.config import load_config
from common.queues import ROUTING, Queues, TaskNames
from ops.local.embedded_redis import EmbeddedRedis
from tests.support.environment import smallest_environ

if TYPE_CHECKING:
    from pathlib import Path

    from celery import Celery


@pytest.fixture
def app(tmp_path: Path) -> Celery:
    return make_celery(load_config(smallest_environ(tmp_path)).settings)


def test_every_queue_is_declared(app: Celery) -> None:
    assert [queue.name for queue in app.conf.task_queues] == [queue.value for queue in Queues]


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        (TaskNames.UNPACK, Queues.INBOX),
        (TaskNames.START_INTERVIEWS, Queues.KOJI),
        (TaskNames.WRITE_RESULTS, Queues.MIXPANEL),
        (TaskNames.RECONCILE, Queues.KOJI),
        (TaskNames.TICK, Queues.CLOCK),
    ],
)
def test_a_task_goes_to_its_partners_queue(app: Celery, task: TaskNames, queue: Queues) -> None:
    assert app.amqp.router.route({}, task.value)["queue"].name == queue.value


def test_every_task_has_a_queue() -> None:
    assert set(ROUTING) == {task.value for task in TaskNames}


def test_a_queue_that_nobody_declared_is_not_made(app: Celery) -> None:
    assert app.conf.task_create_missing_queues is False
    assert app.conf.task_default_queue == Queues.INBOX.value


def test_only_json_is_accepted(app: Celery) -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


def test_no_result_is_kept(app: Celery) -> None:
    assert app.conf.task_ignore_result is True
    assert app.conf.result_backend is None


def test_a_ticket_is_acknowledged_early_and_fetched_alone(app: Celery) -> None:
    assert app.conf.task_acks_late is False
    assert app.conf.worker_prefetch_multiplier == 1


def test_workers_wait_for_a_broker_that_is_not_there(app: Celery) -> None:
    assert app.conf.broker_connection_retry_on_startup is True
    assert app.conf.broker_connection_max_retries is None


def test_a_refused_broker_is_reported_at_once(app: Celery) -> None:
    policy = app.conf.task_publish_retry_policy
    assert policy["max_retries"] * policy["interval_max"] <= 0.2


def test_a_broker_that_hangs_is_given_up_soon(app: Celery) -> None:
    transport = app.conf.broker_transport_options
    assert (transport["socket_connect_timeout"], transport["socket_timeout"]) == (1, 5)


def test_the_brokers_keys_stand_apart_from_the_ledgers(app: Celery) -> None:
    assert app.conf.broker_transport_options["global_keyprefix"] == "bridge:celery:"


def test_logging_is_left_to_the_bridge(app: Celery) -> None:
    assert app.conf.worker_hijack_root_logger is False
    assert app.conf.worker_redirect_stdouts is False


def test_the_clock_ticks_every_second_and_its_ticks_do_not_pile_up(app: Celery) -> None:
    (entry,) = app.conf.beat_schedule.values()
    assert (entry["task"], entry["schedule"]) == (TaskNames.TICK.value, TICK_SECONDS)
    assert entry["options"] == {"expires": 3 * TICK_SECONDS, "queue": Queues.CLOCK.value}
    assert app.conf.beat_max_loop_interval <= TICK_SECONDS


def test_times_are_those_of_utc(app: Celery) -> None:
    assert app.conf.timezone == "UTC"


def test_the_broker_is_the_redis_of_the_settings(tmp_path: Path) -> None:
    url = "redis://redis.example:6380/4"
    settings = load_config(smallest_environ(tmp_path) | {"REDIS_URL": url}).settings
    assert make_celery(settings).conf.broker_url == url


def test_behind_sentinels_the_masters_name_goes_along_with_the_timeouts(tmp_path: Path) -> None:
    environ = smallest_environ(tmp_path) | {"REDIS_URL": "sentinel://one,two/main"}
    app = make_celery(load_config(environ).settings)
    assert app.conf.broker_url == "sentinel://one:26379/0;sentinel://two:26379/0"
    assert app.conf.broker_transport_options["master_name"] == "main"
    assert app.conf.broker_transport_options["socket_timeout"] == 5


@pytest.mark.parametrize(
    ("url", "transport"),
    [
        ("redis://h/0", broker_transport.Transport),
        ("rediss://h/0", broker_transport.Transport),
        ("sentinel://one,two/main", broker_transport.SentinelTransport),
    ],
)
def test_every_kind_of_redis_is_reached_by_our_transport(
    tmp_path: Path, url: str, transport: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    # kombu remembers what it found, also in tests that knew nothing of ours.
    monkeypatch.setattr(kombu_transport, "_transport_cache", {})
    environ = smallest_environ(tmp_path) | {"REDIS_URL": url}
    connection = make_celery(load_config(environ).settings).connection_for_write()
    assert type(connection.transport) is transport


def test_a_channel_makes_one_client_for_all_its_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    begin = kombu_redis.PrefixedStrictRedis.__init__
    monkeypatch.setattr(
        kombu_redis.PrefixedStrictRedis,
        "__init__",
        lambda self, *args, **options: (made.append(self), begin(self, *args, **options))[1],
    )
    with EmbeddedRedis(tmp_path / "redis") as redis:
        environ = smallest_environ(tmp_path) | {"REDIS_URL": redis.url}
        app = make_celery(load_config(environ).settings)
        with app.connection_for_write() as connection, connection.SimpleQueue("inbox") as queue:
            for number in range(5):
                queue.put(number)
            before, found = len(made), []
            for _ in range(5):
                message = queue.get(timeout=5)
                found.append(message.payload)
                message.ack()
            assert found == list(range(5))
            assert len(made) <= before + 1, "that for waiting; kombu alone makes two a message"
            channel = queue.channel
            kept = channel._create_client()
            channel._disconnect_pools()
            renewed = channel._create_client()
            assert renewed is not kept
            assert renewed.connection_pool is channel.pool
            assert renewed.ping()
