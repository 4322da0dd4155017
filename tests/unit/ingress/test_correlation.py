"""One id for a request and all that comes of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from structlog.contextvars import get_contextvars

from ingress import koji

if TYPE_CHECKING:
    from tests.unit.ingress.conftest import Bench, Delivery

TRACE = "0af7651916cd43dd8448eb211c80319c"


def stored_id(bench: Bench) -> str:
    (message,) = bench.stored().values()
    return str(message.trace_id)


def test_every_request_gets_an_id_that_stays_with_what_it_brought(
    bench: Bench, any_sender: Delivery
) -> None:
    assert any_sender.post().status_code == 200
    assert re.fullmatch(r"[0-9a-f]{32}", stored_id(bench))
    assert get_contextvars() == {}, "the next request of this thread has its own"


def test_what_is_logged_about_a_request_carries_its_id(
    bench: Bench, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(koji.log, "info", lambda *_, **__: seen.append(get_contextvars()))
    delivery.post()
    assert seen == [{"trace_id": stored_id(bench)}]


def test_a_trace_that_the_sender_began_goes_on(bench: Bench, any_sender: Delivery) -> None:
    any_sender.headers["traceparent"] = f"00-{TRACE}-b7ad6b7169203331-01"
    any_sender.post()
    assert stored_id(bench) == TRACE


@pytest.mark.parametrize(
    "header",
    ["", "x", f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{TRACE.upper()}-b7ad6b7169203331-01"],
)
def test_a_trace_that_cannot_be_read_is_replaced(
    bench: Bench, delivery: Delivery, header: str
) -> None:
    delivery.headers["traceparent"] = header
    delivery.post()
    assert stored_id(bench) not in {"", "0" * 32, TRACE}


def test_two_requests_have_two_ids(bench: Bench, cohort: Delivery) -> None:
    cohort.post()
    cohort.post()
    assert len({page.trace_id for page in bench.stored().values()}) == 2


@pytest.mark.parametrize("path", ["/wp-login.php", "/healthz"])
def test_other_requests_are_answered_as_ever(bench: Any, path: str) -> None:
    assert bench.client.get(path).status_code in {200, 404}


def test_members_are_counted_by_source(bench: Bench, people: Delivery) -> None:
    before = bench.figure('bridge_ingress_members_total{source="members"}')
    people.body = [people.body, people.body]
    people.post()
    assert bench.figure('bridge_ingress_members_total{source="members"}') == before + 2


def test_refusals_stand_at_zero_before_the_first(bench: Bench) -> None:
    text = bench.client.get("/metrics").text
    for reason in ("no_header", "bad_format", "stale", "mismatch"):
        assert f'bridge_ingress_refused_total{{reason="{reason}",source="koji"}}' in text
