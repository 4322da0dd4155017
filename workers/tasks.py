"""The tasks: doorways of a few lines into plain functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.queues import TaskNames
from workers import clock, inbox, interviews, pulls, reconcile, writes
from workers.delivery.deliver import deliver
from workers.dispatch import dispatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

    from workers.bridge import Bridge


def register(app: Celery, bridge: Callable[[], Bridge]) -> None:
    """Register every task of `TaskNames`; the bridge is built at the first call."""

    def unpack() -> None:
        inbox.unpack(bridge())

    def start_interviews(route_name: str, tickets: list[tuple[str, int]]) -> None:
        here = bridge()
        interviews.start_interviews(here, route_name, [(key, token) for key, token in tickets])
        route = here.config.routes.named(route_name)
        if route is not None:
            dispatch(here, route)

    def deliver_links() -> None:
        deliver(bridge())

    def write_results() -> None:
        writes.write_results(bridge())

    def reconcile_some() -> None:
        reconcile.reconcile(bridge())

    def pull_some() -> None:
        pulls.pull(bridge())

    def tick() -> None:
        clock.tick(bridge())

    for name, function in {
        TaskNames.UNPACK: unpack,
        TaskNames.START_INTERVIEWS: start_interviews,
        TaskNames.DELIVER: deliver_links,
        TaskNames.WRITE_RESULTS: write_results,
        TaskNames.RECONCILE: reconcile_some,
        TaskNames.PULL: pull_some,
        TaskNames.TICK: tick,
    }.items():
        # Not shared: another app in this process (a test's) must not get tasks with our bridge.
        app.task(function, name=name.value, shared=False)
