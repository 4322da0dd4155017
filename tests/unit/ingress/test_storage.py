from __future__ import annotations

from typing import Any

import pytest
import structlog
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004 - redis-py's own
)
from redis.exceptions import ConnectionError as RedisConnectionError

from common.errors import BadPayloadError, StorageUnavailableError
from common.messages import CohortPage
from ingress.storage import Storage

PAGE = CohortPage("members", "activation", "1", [{"email": "ann@example.com"}], 1)


def test_it_tells_which_keys_are_new(bench: Any) -> None:
    storage = Storage(bench.ledger, lambda: None)
    assert storage.keep([("a", PAGE), ("b", PAGE)]) == [True, True]
    assert storage.keep([("b", PAGE), ("c", PAGE)]) == [False, True]


@pytest.mark.parametrize(
    "error",
    [
        RedisConnectionError(),
        TimeoutError(),
        BusyLoadingError(),
        ReadOnlyError(),
        OutOfMemoryError(),
        AuthenticationError(),
        ResponseError("MISCONF"),
        RedisError(),
    ],
)
def test_whatever_redis_says_but_yes_is_not_stored(
    bench: Any, monkeypatch: pytest.MonkeyPatch, error: RedisError
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(bench.ledger, "add", fail)
    woken: list[str] = []
    with pytest.raises(StorageUnavailableError):
        Storage(bench.ledger, lambda: woken.append("wake")).keep([("a", PAGE)])
    assert woken == []


def test_a_wake_up_that_fails_is_a_warning_and_no_error(bench: Any) -> None:
    def fail() -> None:
        raise OSError("broker of ann@example.com is gone")

    with structlog.testing.capture_logs() as logs:
        assert Storage(bench.ledger, fail).keep([("a", PAGE)]) == [True]
    assert logs == [{"event": "wake_up_not_sent", "error": "OSError", "log_level": "warning"}]
    assert list(bench.stored()) == ["a"]


def test_what_cannot_be_written_down_again_is_a_bad_payload(bench: Any) -> None:
    deep: Any = "end"
    for _ in range(900):
        deep = [deep]
    page = CohortPage("members", "activation", "1", [{"deep": deep}], 1)
    with pytest.raises(BadPayloadError, match="nested too deeply"):
        Storage(bench.ledger, lambda: None).keep([("a", page)])
