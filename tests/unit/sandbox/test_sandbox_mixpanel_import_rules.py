"""What makes an event valid, up to the edge of each rule."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.mixpanel.import_rules import cut_string, find_problem

NOW = 1_800_000_000
VALID = {"time": NOW, "distinct_id": "u-1", "$insert_id": "id-1"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time": 1.5}, "properties.time"),
        ({"time": True}, "properties.time"),
        ({"time": None}, "properties.time"),
        ({"time": 31_535_999}, "properties.time"),
        ({"time": NOW + 3601}, "properties.time"),
        ({"time": (NOW + 3601) * 1000}, "properties.time"),
        ({"distinct_id": None}, "properties.distinct_id"),
        ({"distinct_id": "undefined"}, "properties.distinct_id"),
        ({"distinct_id": "N/A"}, "properties.distinct_id"),
        ({"$insert_id": None}, "properties.$insert_id"),
        ({"$insert_id": ""}, "properties.$insert_id"),
        ({"$insert_id": "null"}, "properties.$insert_id"),
        ({"$insert_id": "x" * 37}, "properties.$insert_id"),
        ({"$insert_id": "a_b"}, "properties.$insert_id"),
        ({"$insert_id": "id-1\n"}, "properties.$insert_id"),
        ({f"p{number}": 1 for number in range(252)}, "properties"),
        ({"list": [0] * 255}, "properties.list"),
        ({"object": {str(key): 0 for key in range(255)}}, "properties.object"),
        ({"a": {"b": {"c": {"d": {}}}}}, "properties.a.b.c.d"),
        ({"a": [{"b": {"c": {"d": {}}}}]}, "properties.a.b.c.d"),
    ],
)
def test_an_event_that_breaks_a_rule_is_refused_by_its_field(
    change: dict[str, Any], field: str
) -> None:
    broken = {"event": "E", "properties": VALID | change}

    problem = find_problem(broken, NOW)
    assert problem is not None
    assert problem.field == field


@pytest.mark.parametrize(
    "change",
    [
        {"time": 31_536_000},
        {"time": NOW + 3600},
        {"time": NOW * 1000},
        {"distinct_id": ""},
        {"$insert_id": "0af7651916cd43dd8448eb211c80319c7bad"},
        {f"p{number}": 1 for number in range(251)},
        {"list": [0] * 254, "a": {"b": {"c": {"d": 1}}}},
    ],
)
def test_an_event_at_the_edge_of_a_rule_is_valid(change: dict[str, Any]) -> None:
    edge = {"event": "E", "properties": VALID | change}

    assert find_problem(edge, NOW) is None


@pytest.mark.parametrize(
    ("broken", "field"),
    [("text", ""), ({"properties": {}}, "event"), ({"event": "E"}, "properties")],
)
def test_what_is_not_an_event_is_refused(broken: object, field: str) -> None:
    problem = find_problem(broken, NOW)

    assert problem is not None
    assert problem.field == field


def test_a_string_is_cut_after_255_bytes_and_never_inside_a_character() -> None:
    assert cut_string("x" * 300) == "x" * 255
    assert cut_string("ü" * 200) == "ü" * 127
    assert cut_string("ü" * 100) == "ü" * 100
