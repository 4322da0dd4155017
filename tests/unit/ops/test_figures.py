"""common/ledger/figures.py."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families

from common.budgets import budgets
from common.hours import Span
from common.ledger import WRITES, figures, invitations
from common.ledger.exposition import prometheus_text
from common.ledger.lanes import INBOX, INVITATIONS
from common.ledger.pauses import Pauses
from common.partner_keys import breaker_key, key_name, limit_key
from common.rates import Cap, Rate
from common.routes import Route, Routes
from tests.unit.ops.conftest import NOON_MS

if TYPE_CHECKING:
    from common.config import Config
    from common.ledger import Ledger
    from tests.unit.ops.conftest import Book

DAY = 86_400


def of(name: str, config: Config, ledger: Ledger) -> dict[str, Any]:
    return next(one for one in figures.route_figures(config, ledger) if one["name"] == name)


def with_caps(config: Config, **caps: Any) -> Route:
    """Change the first route in place, as only a test may."""
    route = config.routes.named("activation")
    assert route is not None
    for name, value in caps.items():
        object.__setattr__(route, name, value)
    return route


def test_an_empty_ledger_has_all_lanes_and_states_at_zero(ledger: Ledger) -> None:
    states = {"pending": 0, "in_flight": 0, "done": 0, "dead": 0, "cancelled": 0}
    names = ("inbox", "invitations", "deliveries", "writes")
    assert figures.lanes(ledger) == dict.fromkeys(names, states)


def test_waiting_people_of_all_routes_add_up(ledger: Ledger, book: Book) -> None:
    book.invite(1, 2, 3)
    book.invite(4, route="churned", study="st_churn")
    ledger.claim(invitations("activation"), most=1, lease_ms=1000)
    book.write("iv-1", "user_1", dead=True)
    lanes = figures.lanes(ledger)
    assert lanes["invitations"] == {
        "pending": 3,
        "in_flight": 1,
        "done": 0,
        "dead": 0,
        "cancelled": 0,
    }
    assert lanes["writes"]["dead"] == 1


def test_a_route_counts_what_was_started_completed_and_written(
    config: Config, ledger: Ledger, book: Book
) -> None:
    book.start(1, "iv-1")
    ledger.redis.hset(INBOX.key("counters"), "completed:activation", 7)
    ledger.redis.hset(WRITES.key("counters"), "written:activation", 5)
    found = of("activation", config, ledger)
    assert (found["started"], found["completed"], found["written"]) == (1, 7, 5)


def test_the_forecast_is_people_by_rate(config: Config, ledger: Ledger, book: Book) -> None:
    book.invite(*range(90))
    ledger.claim(invitations("activation"), most=10, lease_ms=1000)
    assert of("activation", config, ledger)["eta_seconds"] == 90
    assert of("churned", config, ledger)["eta_seconds"] == 0


def test_a_smaller_limit_that_koji_named_makes_it_longer(
    config: Config, ledger: Ledger, book: Book
) -> None:
    book.invite(*range(30))
    key = limit_key(key_name("pk_live_activation"))
    ledger.redis.hset(key, "interval", "4000.000")
    assert of("activation", config, ledger)["eta_seconds"] == 120


def test_routes_with_one_key_take_turns(config: Config, ledger: Ledger, book: Book) -> None:
    churned = config.routes.named("churned")
    assert churned is not None
    object.__setattr__(churned, "api_key_env", "KOJI_API_KEY")
    object.__setattr__(churned, "rate_limit", Rate(60, 60))
    book.invite(*range(60))
    book.invite(*range(20), route="churned", study="st_churn")
    assert of("churned", config, ledger)["eta_seconds"] == 40
    assert of("activation", config, ledger)["eta_seconds"] == 80


@pytest.mark.parametrize(
    ("cap", "used_in", "seconds"),
    [
        (Cap(100, "week"), "2026-W22", 50),
        # 40 are left until Monday, ten more take ten seconds then.
        (Cap(40, "week"), "2026-W22", 2.5 * DAY + 10),
        (Cap(20, "day"), "2026-05-29", 1.5 * DAY + 10),
        (Cap(40, "month"), "2026-05", 2.5 * DAY + 10),
        (Cap(0, "day"), "2026-05-29", None),
    ],
)
def test_a_cap_makes_it_longer(
    config: Config, ledger: Ledger, book: Book, cap: Cap, used_in: str, seconds: float | None
) -> None:
    book.invite(*range(50))
    with_caps(config, max_invites=cap)
    assert of("activation", config, ledger)["eta_seconds"] == seconds
    ledger.redis.hset(INVITATIONS.key("counters"), f"invites:activation:{used_in}", cap.count)
    assert of("activation", config, ledger)["left_under_caps"] == 0


def test_credits_are_a_cap_too(config: Config, ledger: Ledger, book: Book) -> None:
    book.invite(*range(5))
    with_caps(config, monthly_credits=20, mode="voice")
    ledger.redis.hset(INVITATIONS.key("counters"), "credits:activation:2026-05", 12)
    assert of("activation", config, ledger)["left_under_caps"] == 2
    assert of("activation", config, ledger)["eta_seconds"] == 2.5 * DAY + 3


def test_a_million_people_under_a_daily_cap_can_be_told(
    config: Config, ledger: Ledger, book: Book
) -> None:
    book.invite(1)
    with_caps(config, max_invites=Cap(1, "day"))
    coming = {"activation": 10_000_000}
    (found, _) = figures.route_figures(config, ledger, coming)
    assert found["eta_seconds"] > 9_999_999 * DAY
    assert found["pending"] == 1


def test_the_forecast_waits_for_the_hours_and_the_midnight_of_the_route(
    config: Config, ledger: Ledger, book: Book
) -> None:
    """Noon in UTC is 21:00 in Tokyo; 60 a minute."""
    first, *rest = config.routes
    changes = {"timezone": ZoneInfo("Asia/Tokyo"), "send_between": Span.parse("09:00-18:00")}
    object.__setattr__(config, "routes", Routes([replace(first, **changes), *rest]))
    book.invite(*range(60))
    found = of("activation", config, ledger)
    assert found["opens_in_seconds"] == 12 * 3600
    assert found["eta_seconds"] == 12 * 3600 + 60
    capped = replace(first, **changes, max_invites=Cap(40, "day"))
    object.__setattr__(config, "routes", Routes([capped, *rest]))
    # Nobody can be asked before midnight in Tokyo, so 20 wait for the day after the next.
    assert of("activation", config, ledger)["eta_seconds"] == 36 * 3600 + 20
    object.__setattr__(config, "routes", Routes([replace(capped, send_between=None), *rest]))
    assert of("activation", config, ledger)["eta_seconds"] == 3 * 3600 + 20


def test_a_paused_route_has_no_forecast(config: Config, ledger: Ledger, book: Book) -> None:
    book.invite(1)
    Pauses(ledger.redis).pause("activation", "a reason")
    found = of("activation", config, ledger)
    assert found["eta_seconds"] is None
    assert (found["paused"], found["paused_reason"]) == (True, "a reason")


def test_a_route_that_left_the_file_is_listed_while_people_wait(
    config: Config, ledger: Ledger, book: Book
) -> None:
    book.invite(1, 2, route="gone", study="st_gone")
    assert of("gone", config, ledger)["pending"] == 2
    assert of("gone", config, ledger)["eta_seconds"] is None
    claims, _ = ledger.claim(invitations("gone"), most=2, lease_ms=1000)
    ledger.bury(invitations("gone"), [(c.key, c.token, "rejected", None, "") for c in claims])
    names = [one["name"] for one in figures.route_figures(config, ledger)]
    assert names == ["activation", "churned"]


def test_reasons_are_summed_over_lanes(ledger: Ledger, book: Book) -> None:
    book.bury(1)
    book.write("iv-1", "user_1", dead=True)
    ledger.redis.hset(INBOX.key("counters"), "skipped:anonymous", 3)
    ledger.redis.hset(INBOX.key("counters"), "left_out:transcript_url", 2)
    assert figures.reasons(ledger) == {
        "skipped": {"anonymous": 3},
        "left_out": {"transcript_url": 2},
        "undelivered": {},
        "cancelled": {},
        "dead": {"rejected": 2},
    }


def test_the_oldest_due_entry_tells_a_lanes_age(ledger: Ledger, book: Book) -> None:
    book.invite(1)
    ledger.redis.zincrby(invitations("activation").own_key("pending"), -90_000, _only(ledger))
    found = figures.oldest_due(ledger)
    assert found == {"inbox": 0.0, "invitations": 90.0, "deliveries": 0.0, "writes": 0.0}


def _only(ledger: Ledger) -> bytes:
    (key,) = ledger.redis.zrange(invitations("activation").own_key("pending"), 0, -1)
    return key


def test_what_is_due_later_has_no_age(ledger: Ledger) -> None:
    ledger.add(INBOX, [("k", b"{}")], delay_ms=60_000)
    assert figures.oldest_due(ledger)["inbox"] == 0.0


def test_an_open_breaker_is_seen_by_the_name_of_its_key_variable(
    config: Config, ledger: Ledger
) -> None:
    key = breaker_key("koji:" + key_name("pk_live_churn"))
    ledger.redis.hset(key, mapping={"state": "open", "probe_at": NOON_MS + 500})
    ledger.redis.hset(
        breaker_key("mixpanel"), mapping={"state": "half_open", "probe_at": NOON_MS - 1}
    )
    assert figures.breakers(config, ledger) == {
        "mixpanel": "half_open",
        "koji:KOJI_API_KEY": "closed",
        "koji:CHURN_KEY": "open",
    }
    assert of("churned", config, ledger)["breaker"] == "open"


def test_the_counters_of_caps_are_named_by_their_period() -> None:
    route = Route("r", "st", max_invites=Cap(2, "week"), monthly_credits=3)
    names = [budget.counter for budget in budgets(route, NOON_MS)]
    assert names == ["invites:r:2026-W22", "credits:r:2026-05"]


def test_prometheus_can_read_the_text(config: Config, ledger: Ledger, book: Book) -> None:
    book.invite(1)
    book.bury(2)
    Pauses(ledger.redis).pause("mixpanel", "x")
    text = prometheus_text(config, ledger)
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["bridge_lane_entries", "invitations", "pending"] == 1
    assert samples["bridge_lane_entries", "invitations", "dead"] == 1
    assert samples["bridge_route_pending", "activation"] == 1
    assert samples["bridge_route_started_total", "activation"] == 0
    assert samples["bridge_route_eta_seconds", "activation"] == 1
    assert samples["bridge_dead_total", "rejected"] == 1
    assert samples["bridge_oldest_due_seconds", "inbox"] == 0
    assert samples["bridge_paused", "activation"] == 0
    assert samples["bridge_paused", "mixpanel"] == 1
    assert samples["bridge_breaker_open", "koji:CHURN_KEY"] == 0
    assert "person" not in text


def test_the_number_of_commands_does_not_grow_with_the_people(
    config: Config, ledger: Ledger, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = type(ledger.redis).execute_command

    def note(self: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(str(arguments[0]))
        return real(self, *arguments, **options)

    book.invite(*range(200))
    monkeypatch.setattr(type(ledger.redis), "execute_command", note)
    figures.route_figures(config, ledger)
    figures.lanes(ledger)
    assert not {"HVALS", "HKEYS", "KEYS", "HSCAN", "ZSCAN", "SCAN"} & set(asked)
    assert len(asked) < 20
