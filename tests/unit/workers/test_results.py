"""An analysed interview becomes a write, or is skipped with a counted reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from common.identity import id_hash
from common.ledger import WRITES
from common.messages import ResultWrite
from common.stored import decode
from workers.results import unpack_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.workers.harness import Bench

FUSSY = """
[[routes]]
name = "activation"
study_id = "st_activation"
cohort_id = "1"
min_quality = 4.5
"""


def written(bench: Bench, interview_id: str = "int-1") -> ResultWrite:
    value = bench.ledger.value(WRITES, interview_id)
    assert value is not None
    message = decode(value)
    assert isinstance(message, ResultWrite)
    return message


@pytest.fixture
def started(bench: Bench) -> Bench:
    """Ann was started and her interview has the id int-1; so was Bea, privately, as int-2."""
    bench.invite_ann()
    bench.invite_private()
    bench.start()
    bench.start("private")
    return bench


def test_a_result_of_somebody_we_started_is_to_be_written(started: Bench) -> None:
    result = started.result()
    outcome = unpack_result(started.bridge.config, started.ledger, result)
    assert outcome.counters == {"completed:activation": 1}
    assert outcome.wake
    write = written(started)
    assert (write.distinct_id, write.route) == ("u-ann", "activation")
    assert write.received_at_ms == result.received_at_ms
    assert write.event["properties"]["plan"] == "pro"
    (profile,) = started.ledger.profiles([id_hash("u-ann")])
    assert orjson.loads(profile or b"")["last_interview_quality"] == 4


def test_unpacking_it_again_adds_nothing(started: Bench) -> None:
    started.unpack(started.result())
    first = written(started)
    outcome = unpack_result(started.bridge.config, started.ledger, started.result())
    assert not outcome.wake
    assert written(started) == first
    assert started.count("pending", WRITES) == 1


def test_only_the_first_of_many_wakes_the_writers(started: Bench) -> None:
    config, ledger = started.bridge.config, started.ledger
    wakes = [
        unpack_result(config, ledger, started.result(interview_id=f"int-{n}")).wake
        for n in range(5)
    ]
    assert wakes == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"anonymous": True}, "anonymous"),
        ({"anonymous": True, "quality": 5}, "anonymous"),
        ({"email": ""}, "anonymous"),
        ({"quality": None}, "unscored"),
        ({"quality": 2.9}, "low_quality"),
        ({"quality": 0}, "low_quality"),
    ],
)
def test_what_must_not_reach_mixpanel_is_skipped_and_counted(
    started: Bench, fields: dict[str, Any], reason: str
) -> None:
    counters = started.unpack(started.result(**fields))
    assert counters == {"completed:activation": 1, f"skipped:{reason}": 1}
    assert started.state("int-1", WRITES) is None
    assert started.ledger.profiles([id_hash("u-ann")]) == [None]


def test_nothing_is_written_of_who_asked_to_be_forgotten(started: Bench) -> None:
    started.erase(started.key("ann@example.com"))
    assert started.unpack(started.result()) == {"completed:activation": 1, "skipped:erased": 1}
    assert started.state("int-1", WRITES) is None


def test_a_quality_at_the_routes_minimum_is_good_enough(started: Bench) -> None:
    assert started.unpack(started.result(quality=3)) == {"completed:activation": 1}


@pytest.mark.parametrize(
    ("quality", "counters"),
    [
        (4.4, {"completed:activation": 1, "skipped:low_quality": 1}),
        (4.5, {"completed:activation": 1}),
    ],
)
def test_each_route_has_its_own_minimum(
    build: Callable[..., Bench], quality: float, counters: dict[str, int]
) -> None:
    bench = build(FUSSY)
    assert bench.unpack(bench.result(quality=quality)) == counters


@pytest.mark.parametrize(("quality", "skipped"), [(2.9, {"skipped:low_quality": 1}), (3, {})])
def test_without_a_route_the_minimum_is_three(
    bench: Bench, quality: float, skipped: dict[str, int]
) -> None:
    result = bench.result(study_id="st_other", quality=quality)
    assert bench.unpack(result) == {"completed_without_route": 1, **skipped}


def test_nobody_to_write_it_to_is_unidentified(bench: Bench) -> None:
    result = bench.result(email="", external_id="anonymous", study_id="st_private")
    assert bench.unpack(result) == {"completed:private": 1, "skipped:unidentified": 1}


def test_without_an_address_by_design_a_null_address_says_nothing(started: Bench) -> None:
    result = started.result(interview_id="int-2", study_id="", email="", external_id="")
    assert started.unpack(result) == {"completed:private": 1}
    assert written(started, "int-2").distinct_id == "u-bea"


def test_an_anonymous_flag_wins_over_the_ledger_under_any_join_key(started: Bench) -> None:
    result = started.result(interview_id="int-2", study_id="st_private", anonymous=True)
    assert started.unpack(result) == {"completed:private": 1, "skipped:anonymous": 1}


def test_where_no_address_ever_goes_to_koji_its_absence_says_nothing(
    build: Callable[..., Bench],
) -> None:
    bench = build(KOJI_START_PROFILE="nested")
    bench.invite_ann()
    bench.start()
    assert bench.unpack(bench.result(email="")) == {"completed:activation": 1}


def test_the_log_tells_the_interview_and_nobodys_name(
    started: Bench, logged: list[dict[str, Any]]
) -> None:
    started.unpack(started.result(quality=1))
    started.unpack(started.result())
    assert [(line["event"], line.get("reason"), line.get("new")) for line in logged] == [
        ("result_skipped", "low_quality", None),
        ("result_unpacked", None, True),
    ]
    assert "example.com" not in str(logged)
    assert "u-ann" not in str(logged)
