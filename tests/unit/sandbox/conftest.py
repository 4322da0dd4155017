"""The sandbox and a receiver of webhooks as fixtures."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.options import Options
from tests.unit.sandbox.sandbox_harness import (
    Client,
    Receiver,
    Running,
    receive,
    run_sandbox,
    wait_until,
)


@pytest.fixture(name="wait_until")
def fixture_wait_until() -> Callable[[Callable[[], bool]], None]:
    """Return the function that waits for a condition."""
    return wait_until


@pytest.fixture(name="connect")
def fixture_connect() -> type[Client]:
    """Return the client's class, for a sandbox that runs elsewhere."""
    return Client


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., Running]]:
    """Return a function that starts a sandbox with some options, without a rate limit."""
    endings: list[Callable[[], None]] = []

    def start(**options: Any) -> Running:
        chosen = {"rate_limit": 0, "auto_interview": False} | options
        running, end = run_sandbox(Options(koji_port=0, mixpanel_port=0, **chosen))
        endings.append(end)
        return running

    yield start
    for end in endings:
        end()


@pytest.fixture
def sandbox(start_sandbox: Callable[..., Running]) -> Running:
    """Return a sandbox that holds no interviews by itself and has no rate limit."""
    return start_sandbox()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver of webhooks."""
    with receive() as received:
        yield received


@pytest.fixture
def start_calling_back(
    start_sandbox: Callable[..., Running], receiver: Receiver
) -> Callable[..., Running]:
    """Return a function that starts a sandbox with quick interviews and quick retries."""

    def start(**options: Any) -> Running:
        quick = {
            "webhook_url": receiver.url,
            "webhook_retry_seconds": (0.01, 0.02, 0.03),
            "auto_interview": True,
            "interview_delay_seconds": 0.01,
        }
        return start_sandbox(**quick | options)

    return start
