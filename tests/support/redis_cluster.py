"""A Redis Cluster of real servers on loopback: three masters, and a replica of one of them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from redis.cluster import RedisCluster
from redis.crc import key_slot
from redis.exceptions import RedisError

from common.ledger.lanes import INBOX, INVITATIONS, WRITES
from ops.local.embedded_redis import EmbeddedRedis
from ops.local.ports import free_port
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOTS = 16384
# A node's second port is 10000 above its own (redis.io/docs, scaling with Redis Cluster).
BUS_OFFSET = 10_000
OPTIONS = {
    "cluster-enabled": "yes",
    "cluster-node-timeout": 1000,
    "cluster-replica-validity-factor": 0,
    "save": "",
}
LANES = (INBOX, INVITATIONS, WRITES)


class Nodes:
    """The running servers, each lane on a master of its own; `replica` follows `invitations`."""

    def __init__(self, masters: list[EmbeddedRedis], replica: EmbeddedRedis) -> None:
        self.masters, self.replica = masters, replica

    @property
    def url(self) -> str:
        """What `REDIS_URL` has to be; two nodes are enough to find the others."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.masters[:2])
        return f"redis+cluster://{hosts}"

    @property
    def of_invitations(self) -> EmbeddedRedis:
        """The master that holds the people."""
        return self.masters[1]

    def client(self) -> RedisCluster:
        """Return a plain cluster client, which is ours to compare with."""
        return RedisCluster(host="127.0.0.1", port=self.masters[0].port)


@contextmanager
def redis_cluster(folder: Path) -> Iterator[Nodes]:
    """Run the servers for a block."""
    with ExitStack() as stack:
        masters = [stack.enter_context(_node(folder / f"node{n}")) for n in range(3)]
        replica = stack.enter_context(_node(folder / "replica"))
        own = [key_slot(lane.key("entries").encode()) for lane in LANES]
        for number, node in enumerate(masters):
            slots = [one for one in range(SLOTS) if one % 3 == number and one not in own]
            with node.client() as client:
                client.execute_command("CLUSTER ADDSLOTS", own[number], *slots)
                for other in (*masters, replica):
                    client.execute_command("CLUSTER MEET", "127.0.0.1", other.port)
        for node in (*masters, replica):
            wait_until(lambda node=node: _is_whole(node), 20, "the nodes know each other")
        with masters[1].client() as client:
            name = client.execute_command("CLUSTER MYID").decode()
        with replica.client() as client:
            client.execute_command("CLUSTER REPLICATE", name)
            wait_until(
                lambda: client.info("replication").get("master_link_status") == "up",
                20,
                "the replica follows",
            )
        yield Nodes(masters, replica)


def _node(folder: Path) -> EmbeddedRedis:
    return EmbeddedRedis(folder, free_port(and_further=BUS_OFFSET), OPTIONS)


def _is_whole(node: EmbeddedRedis) -> bool:
    try:
        with node.client() as client:
            found = client.execute_command("CLUSTER INFO")
            told = found if isinstance(found, dict) else _parsed(found)
            return (told["cluster_state"], told["cluster_known_nodes"]) == ("ok", "4")
    except RedisError:
        return False


def _parsed(raw: bytes) -> dict[str, str]:
    rows = (line.partition(":") for line in raw.decode().split())
    return {name: value for name, _, value in rows}
