"""What goes wrong on an ordinary day: refusals, outages, kills, a Redis that is gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import requests

from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.support.commands import ops

if TYPE_CHECKING:
    from ops.local.local_bridge import LocalBridge


def wait_started(bridge: LocalBridge, count: int, timeout_seconds: float = 30) -> None:
    with bridge.redis() as redis:
        wait_until(
            lambda: read_progress(redis, "demo").started >= count,
            timeout_seconds,
            f"{count} started",
        )


def test_a_refused_start_becomes_a_dead_letter_that_can_be_replayed(bridge: LocalBridge) -> None:
    bridge.sandbox.post("koji", "faults", {"reject_rate": 1})
    bridge.send_cohort(sample_members(3))
    with bridge.redis() as redis:
        wait_until(lambda: redis.zcard("bridge:{invitations}:dead") == 3, 20, "three are dead")
    code, letters = ops(bridge, "dead-letters", "list")
    assert code == 0
    assert {(one["lane"], one["route"], one["reason"], one["status"]) for one in letters} == {
        ("invitations", "demo", "rejected", 422)
    }
    bridge.sandbox.post("koji", "faults", {"reject_rate": None})
    code, report = ops(bridge, "dead-letters", "replay", letters[0]["id"])
    assert (code, report["matched"], report["replayed"]) == (0, 1, 1)
    code, report = ops(bridge, "dead-letters", "replay", "--all", "--yes")
    assert (code, report["matched"], report["replayed"], report["skipped"]) == (0, 2, 2, [])
    wait_started(bridge, 3)
    assert ops(bridge, "dead-letters", "list") == (0, [])
    code, status = ops(bridge, "status")
    assert code == 0
    assert status["lanes"]["invitations"]["dead"] == 0
    assert status["routes"][0]["started"] == 3


def test_an_outage_of_koji_loses_nobody_and_buries_nobody(bridge: LocalBridge) -> None:
    bridge.sandbox.post("koji", "faults", {"status": 503})
    bridge.send_cohort(sample_members(20))

    def breaker_open() -> bool:
        with bridge.redis() as redis:
            return any(redis.hget(key, "state") != b"closed" for key in breakers(bridge))

    wait_until(breaker_open, 20, "the breaker opens")
    bridge.sandbox.post("koji", "faults", {"status": None, "down": True})
    attempts = bridge.sandbox.get("koji", "summary")["calls"]
    wait_until(
        lambda: bridge.sandbox.get("koji", "faults")["injected"].get("down", 0) > 0,
        20,
        "a probe was cut off",
    )
    assert attempts < 20, "the breaker spares a partner that is down"
    bridge.sandbox.post("koji", "faults", {"down": False})
    back_at = time.monotonic()
    wait_started(bridge, 1)
    assert time.monotonic() - back_at < 15
    wait_started(bridge, 20)
    with bridge.redis() as redis:
        assert read_progress(redis, "demo").dead == 0
    assert bridge.sandbox.get("koji", "summary")["double_started"] == 0


def breakers(bridge: LocalBridge) -> list[bytes]:
    with bridge.redis() as redis:
        return redis.keys("bridge:breaker:{koji:*")


def test_wrong_key_pauses_the_route_and_keeps_everybody(bridge: LocalBridge) -> None:
    bridge.sandbox.post("koji", "faults", {"status": 401})
    bridge.send_cohort(sample_members(30))

    def paused() -> bool:
        return bool(ops(bridge, "status")[1]["routes"][0]["paused"])

    wait_until(paused, 20, "the route is paused")
    with bridge.redis() as redis:
        wait_until(
            lambda: redis.zcard("bridge:{invitations}:pending:demo") == 30, 10, "all wait again"
        )
    assert "401" in ops(bridge, "status")[1]["routes"][0]["paused_reason"]
    bridge.sandbox.post("koji", "faults", {"status": None})
    assert ops(bridge, "resume", "demo")[0] == 0
    wait_started(bridge, 30)


def test_killed_workers_lose_and_double_nobody(bridge: LocalBridge) -> None:
    assert bridge.supervised is not None
    bridge.sandbox.post("koji", "faults", {"latency_ms": 300})
    bridge.send_cohort(sample_members(60))
    for name in ("worker-koji", "worker-inbox", "worker-mixpanel", "beat", "worker-koji"):
        done = bridge.sandbox.get("koji", "summary")["started"]
        wait_until(
            lambda done=done: bridge.sandbox.get("koji", "summary")["started"] > done,
            60,
            "starts go on",
        )
        assert bridge.supervised.kill(name)

    def through() -> bool:
        with bridge.redis() as redis:
            now = read_progress(redis, "demo")
        return now.completed == 60 and now.owed == 0

    wait_until(through, 90, "everybody is through")
    koji = bridge.sandbox.get("koji", "summary")
    assert (koji["people"], koji["double_started"]) == (60, 0)
    assert bridge.sandbox.get("mixpanel", "summary")["written_twice"] == 0


def test_redis_down_is_a_503_within_a_second_and_all_goes_on_when_it_is_back(
    bridge: LocalBridge,
) -> None:
    assert bridge.supervised is not None
    bridge.send_cohort(sample_members(5))
    wait_started(bridge, 5)
    bridge.supervised.stop_one("redis")
    for send in (
        lambda: bridge.send_cohort(sample_members(8)),
        lambda: requests.get(f"{bridge.url}/readyz", timeout=5),
    ):
        took_seconds = []
        for _ in range(3):  # the quickest counts, since other tests use the machine too
            at = time.monotonic()
            assert send().status_code == 503
            took_seconds.append(time.monotonic() - at)
        assert min(took_seconds) < 1
    assert requests.get(f"{bridge.url}/healthz", timeout=5).status_code == 200
    refused = bridge.send_cohort(sample_members(8))
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["status"] == "failure"
    assert refused.json()["error"]["code"] == 503
    bridge.supervised.start_one("redis")
    wait_until(lambda: bridge.send_cohort(sample_members(8)).status_code == 200, 15, "200 again")
    wait_started(bridge, 8)
    assert bridge.sandbox.get("koji", "summary")["double_started"] == 0
