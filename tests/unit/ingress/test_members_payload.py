from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.errors import BadPayloadError
from ingress.members_payload import parse_rows

if TYPE_CHECKING:
    from common.config import Config

ROW: dict[str, Any] = {"route": "activation", "email": "ann@example.com", "distinct_id": "u-1"}
MEMBER = {"email": "ann@example.com", "mixpanel_distinct_id": "u-1"}
GONE: Any = object()


def _row(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in {**ROW, **fields}.items() if value is not GONE}


@pytest.mark.parametrize("body", [ROW, [ROW], {"members": [ROW]}])
def test_one_object_a_list_or_members_are_the_same(config: Config, body: Any) -> None:
    rows, rejected = parse_rows(body, config.routes)
    assert [(row.route.name, row.member) for row in rows] == [("activation", MEMBER)]
    assert rejected == []


@pytest.mark.parametrize("body", [[], {"members": []}])
def test_nobody_is_nobody(config: Config, body: Any) -> None:
    assert parse_rows(body, config.routes) == ([], [])


@pytest.mark.parametrize("body", [None, "text", 5, True])
def test_anything_else_is_a_bad_payload(config: Config, body: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^body: must be an object, a list"):
        parse_rows(body, config.routes)


@pytest.mark.parametrize("members", [None, {}, "text", 5])
def test_members_must_be_a_list(config: Config, members: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^members: must be a list$"):
        parse_rows({"members": members}, config.routes)


def test_a_route_beside_members_holds_for_rows_without_one(config: Config) -> None:
    body = {"route": "power-users", "members": [_row(), _row(route=GONE), _row(route=None)]}
    rows, _ = parse_rows(body, config.routes)
    assert [row.route.name for row in rows] == ["activation", "power-users", "power-users"]


def test_other_keys_and_a_properties_object_are_properties(config: Config) -> None:
    item = _row(plan="pro", properties={"plan": "old", "$city": "Graz", "email": "x@example.com"})
    rows, _ = parse_rows(item, config.routes)
    assert rows[0].member == {**MEMBER, "plan": "pro", "$city": "Graz"}


@pytest.mark.parametrize("name", ["distinct_id", "mixpanel_distinct_id", "$distinct_id"])
@pytest.mark.parametrize(("value", "read"), [("d-7", "d-7"), (7, "7"), (7.0, "7")])
def test_the_id_has_the_names_that_mixpanel_uses(
    config: Config, name: str, value: Any, read: str
) -> None:
    rows, _ = parse_rows(_row(**{"distinct_id": GONE, name: value}), config.routes)
    assert rows[0].member == {**MEMBER, "mixpanel_distinct_id": read}


@pytest.mark.parametrize("name", ["email", "$email"])
def test_the_address_has_the_names_that_mixpanel_uses(config: Config, name: str) -> None:
    rows, _ = parse_rows(_row(**{"email": GONE, name: " Bob@Example.com "}), config.routes)
    assert rows[0].member == {**MEMBER, "email": "Bob@Example.com"}


@pytest.mark.parametrize("value", [GONE, None, ""])
def test_one_of_address_and_id_is_enough(config: Config, value: Any) -> None:
    rows, _ = parse_rows([_row(email=value), _row(distinct_id=value)], config.routes)
    assert [sorted(row.member) for row in rows] == [["mixpanel_distinct_id"], ["email"]]


@pytest.mark.parametrize(
    ("item", "error"),
    [
        ("text", "must be an object"),
        (None, "must be an object"),
        ([], "must be an object"),
        (_row(route=GONE), "route: is missing"),
        (_row(route="nowhere"), "route: no route of this name in routes.toml"),
        (_row(route=["activation"]), "route: no route of this name in routes.toml"),
        (_row(properties=[]), "properties: must be an object"),
        (_row(email="ann"), "email: is not an address"),
        (_row(email=5), "email: is not an address"),
        (_row(email=GONE, **{"$email": []}), "$email: is not an address"),
        (_row(distinct_id=[]), "distinct_id: must be a string or a whole number, at most 255 char"),
        (_row(distinct_id="x" * 256), "distinct_id: must be a string or a whole number, at most"),
        (_row(email=GONE, distinct_id=GONE), "needs an email or a distinct_id"),
        (_row(email="", distinct_id="null"), "needs an email or a distinct_id"),
    ],
)
def test_a_bad_row_is_rejected_with_its_place_and_the_others_go_on(
    config: Config, item: Any, error: str
) -> None:
    rows, rejected = parse_rows([_row(), item, _row()], config.routes)
    assert len(rows) == 2
    ((one),) = rejected
    assert one["index"] == 1
    assert one["error"].startswith(error)


def test_texts_about_rows_do_not_quote_them(config: Config) -> None:
    bad = [_row(email="ann at example"), _row(route="ann"), _row(distinct_id=["ann"])]
    _, rejected = parse_rows(bad, config.routes)
    assert len(rejected) == 3
    assert "ann" not in str(rejected)
