"""Pauses: they last until somebody resumes, and the first reason stays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from common.ledger.pauses import MIXPANEL, Pauses

if TYPE_CHECKING:
    from redis import Redis


@pytest.fixture
def pauses(redis: Redis) -> Pauses:
    return Pauses(redis)


def test_nothing_is_paused_at_first(pauses: Pauses) -> None:
    assert pauses.get("activation") is None
    assert pauses.all() == {}


def test_a_pause_says_why_and_since_when(pauses: Pauses) -> None:
    before = time.time()
    assert pauses.pause("activation", "Koji answered HTTP 401")
    pause = pauses.get("activation")
    assert pause
    assert pause.reason == "Koji answered HTTP 401"
    assert before <= pause.since <= time.time()


def test_the_first_reason_stays(pauses: Pauses) -> None:
    assert pauses.pause("activation", "first")
    assert not pauses.pause("activation", "second")
    assert pauses.all()["activation"].reason == "first"


def test_a_route_is_resumed_once(pauses: Pauses) -> None:
    pauses.pause("activation", "by hand")
    assert pauses.resume("activation")
    assert not pauses.resume("activation")
    assert pauses.get("activation") is None


def test_pauses_of_routes_and_of_mixpanel_stand_side_by_side(pauses: Pauses) -> None:
    pauses.pause("activation", "by hand")
    pauses.pause(MIXPANEL, "HTTP 402")
    pauses.resume("activation")
    assert list(pauses.all()) == [MIXPANEL]
