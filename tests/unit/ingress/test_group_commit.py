"""One call for all that wait, and each gets its own part of the answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest

from ingress.group_commit import GROUP_BYTES, GroupCommit
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from ingress.group_commit import Entries

PATIENCE_SECONDS = 20


class SlowDisk:
    """Confirms nothing before it is told to; remembers each call."""

    def __init__(self) -> None:
        self.calls: list[Entries] = []
        self.may_answer = Event()
        self.error: BaseException | None = None

    def add(self, entries: Entries) -> Sequence[bool]:
        self.calls.append(entries)
        assert self.may_answer.wait(PATIENCE_SECONDS)
        if self.error is not None:
            raise self.error
        return [key.startswith("new") for key, _ in entries]


class Requests:
    """Requests that come while the first one's call is under way."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.disk = SlowDisk()
        self.commit = GroupCommit(self.disk.add)
        self._pool = pool
        self.first = pool.submit(self.commit.add, [("new-first", b"1")])
        wait_until(lambda: self.disk.calls, PATIENCE_SECONDS, "the first call is under way")

    def come(self, *entries: Entries) -> list[Future[Sequence[bool]]]:
        coming = []
        for one in entries:
            coming.append(self._pool.submit(self.commit.add, one))
            wait_until(lambda: self._waiting() == len(coming), PATIENCE_SECONDS, "it waits")
        return coming

    def _waiting(self) -> int:
        return len(self.commit._waiting)


@pytest.fixture
def requests() -> Iterator[Requests]:
    """Begin with one request whose call does not come back yet."""
    with ThreadPoolExecutor(8) as pool:
        made = Requests(pool)
        try:
            yield made
        finally:
            made.disk.may_answer.set()


def test_who_comes_during_a_call_goes_together_into_the_next(requests: Requests) -> None:
    """Three requests, one call; each learns of its own keys alone."""
    coming = requests.come([("new-a", b"1")], [("old-b", b"1"), ("new-b", b"2")], [("old-c", b"1")])
    requests.disk.may_answer.set()
    found = [list(one.result(PATIENCE_SECONDS)) for one in (requests.first, *coming)]
    assert found == [[True], [True], [False, True], [False]]
    keys = [[key for key, _ in call] for call in requests.disk.calls]
    assert keys == [["new-first"], ["new-a", "old-b", "new-b", "old-c"]]


def test_a_group_that_fails_fails_for_each_of_it(requests: Requests) -> None:
    """Nobody is answered as if it were stored; who comes later is tried anew."""
    coming = requests.come([("new-a", b"1")], [("new-b", b"1")])
    requests.disk.error = ConnectionError("gone")
    requests.disk.may_answer.set()
    for one in (requests.first, *coming):
        with pytest.raises(ConnectionError, match="gone"):
            one.result(PATIENCE_SECONDS)
    requests.disk.error = None
    assert list(requests.commit.add([("new-d", b"1")])) == [True]


def test_a_group_is_cut_before_it_gets_large(requests: Requests) -> None:
    """Redis does nothing else during a call, so large pages do not gather in one."""
    half, page = GROUP_BYTES // 2, GROUP_BYTES * 2
    coming = requests.come(
        *([(f"new-{n}", bytes(size))] for n, size in enumerate((half, half, 1, page, 1)))
    )
    requests.disk.may_answer.set()
    assert [list(one.result(PATIENCE_SECONDS)) for one in coming] == [[True]] * 5
    keys = [[key for key, _ in call] for call in requests.disk.calls[1:]]
    assert keys == [["new-0", "new-1"], ["new-2"], ["new-3"], ["new-4"]]


def test_one_alone_waits_for_nobody() -> None:
    """A single request is stored by its own thread at once."""
    disk = SlowDisk()
    disk.may_answer.set()
    assert list(GroupCommit(disk.add).add([("new", b"1"), ("old", b"2")])) == [True, False]
    assert disk.calls == [[("new", b"1"), ("old", b"2")]]
