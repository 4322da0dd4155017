"""Real processes on free loopback ports: Redis, sandbox, ingress, workers, beat."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops.local.local_bridge import LocalBridge
from tests.support import FORKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def running(**options: Any) -> Iterator[LocalBridge]:
    """Run processes for as long as the block lasts, forked rather than started anew."""
    folder = Path(tempfile.mkdtemp(prefix="bridge-test-"))
    local = LocalBridge(folder, **{"supervisor": FORKING, **options})
    local.start()
    try:
        yield local
    finally:
        local.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def supervisor() -> str:
    """How processes become what they are; SUPERVISOR starts each as an operator does, by exec."""
    return FORKING


@pytest.fixture(scope="module")
def bridge(supervisor: str) -> Iterator[LocalBridge]:
    """One set of processes for a file's tests."""
    options = {"interview_delay_seconds": 0.2}
    environ = {"LEASE_SECONDS": "10"}
    with running(sandbox_options=options, environ=environ, supervisor=supervisor) as local:
        yield local


@pytest.fixture(autouse=True)
def _clean(request: pytest.FixtureRequest) -> None:
    """Begin each test on shared processes with empty books."""
    if "bridge" in request.fixturenames:
        local: LocalBridge = request.getfixturevalue("bridge")
        with local.redis() as redis:
            redis.flushall()
        local.sandbox.reset()


@pytest.fixture
def start_bridge() -> Iterator[Callable[..., LocalBridge]]:
    """Start processes of a test's own; they are stopped at its end."""
    contexts = []

    def start(**options: Any) -> LocalBridge:
        context = running(**options)
        local = context.__enter__()
        contexts.append(context)
        return local

    yield start
    for context in reversed(contexts):
        context.__exit__(None, None, None)
