"""The cluster's client: its address, when it connects, and what its failures look like."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import CrossSlotTransactionError, RedisError
from redis.retry import Retry

from common.ledger import INBOX, Ledger
from common.ledger.figures import lanes
from common.redis_cluster import BridgeCluster, cluster_nodes, is_cluster
from ops.local.ports import free_port
from tests.support.redis_cluster import Nodes, redis_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis+cluster://one", ("redis://one:6379/0", [])),
        ("redis+cluster://one:7000,two,", ("redis://one:7000/0", [("two", 6379)])),
        ("redis+cluster://ann:p%40@one:1,two:2/0", ("redis://ann:p%40@one:1/0", [("two", 2)])),
        (
            "rediss+cluster://one?ssl_ca_certs=/ca.pem",
            ("rediss://one:6379/0?ssl_ca_certs=/ca.pem", []),
        ),
    ],
)
def test_the_address_names_any_of_the_nodes(url: str, expected: tuple[str, Any]) -> None:
    assert cluster_nodes(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "redis+cluster://",
        "redis+cluster://one:port",
        "redis+cluster://one:0",
        "redis+cluster://one,:7000",
        "redis+cluster://one/2",
    ],
)
def test_another_form_is_refused_with_the_right_one(url: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        cluster_nodes(url)


def test_only_its_own_schemes_are_a_cluster() -> None:
    assert is_cluster("redis+cluster://one")
    assert is_cluster("rediss+cluster://one")
    assert not is_cluster("redis://one")


def client(*ports: int) -> BridgeCluster:
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return BridgeCluster(
        f"redis+cluster://{hosts}", Retry(NoBackoff(), 1), socket_connect_timeout=0.4
    )


def test_making_a_client_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("opened a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    made = client(1)
    made.set_retry(Retry(NoBackoff(), 0))
    Ledger(made)
    made.close()


def test_nobody_there_is_an_error_of_redis_and_no_end() -> None:
    made = client(free_port())
    for call in (made.ping, lambda: made.exists("a", "b"), made.pipeline, made.nodes):
        with pytest.raises(RedisError):
            call()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture
def cluster(nodes: Nodes) -> Iterator[BridgeCluster]:
    made = client(free_port(), nodes.masters[0].port)  # the first one named is down
    yield made
    made.close()


def test_one_node_that_answers_is_enough_to_find_the_others(
    cluster: BridgeCluster, nodes: Nodes
) -> None:
    assert cluster.ping() is True
    found = {name for name, _ in cluster.nodes()}
    assert found == {f"127.0.0.1:{node.port}" for node in nodes.masters}
    assert all(node.ping() for _, node in cluster.nodes())


def test_a_lane_is_one_slot_and_figures_ask_several_nodes(cluster: BridgeCluster) -> None:
    ledger = Ledger(cluster)
    new, wake = ledger.add(INBOX, [("a", b"{}"), ("b", b"{}")])
    assert (new, wake) == ([True, True], True)
    assert ledger.has_work(INBOX)
    assert ledger.now_ms() > 0
    assert lanes(ledger)["inbox"]["pending"] == 2


def test_a_transaction_over_slots_is_an_error_of_redis(cluster: BridgeCluster) -> None:
    pipe = cluster.pipeline(transaction=True)
    pipe.set("bridge:{inbox}:a", 1)
    pipe.set("bridge:{writes}:a", 1)
    with pytest.raises(RedisConnectionError) as caught:
        pipe.execute()
    assert isinstance(caught.value.__cause__, CrossSlotTransactionError)
