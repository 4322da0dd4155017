from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.errors import BadPayloadError
from ingress.cohort_payload import known_action, parse_cohort

if TYPE_CHECKING:
    from collections.abc import Callable

GONE: Any = object()


@pytest.fixture
def call(payload: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = payload("cohort_documented")
    return found


def _set(call: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    parameters = {**call["parameters"], key: value}
    if value is GONE:
        del parameters[key]
    return {**call, "parameters": parameters}


def test_the_documented_call_is_read_whole(call: dict[str, Any]) -> None:
    read = parse_cohort(call)
    assert (read.action, read.cohort_id, read.cohort_name) == (
        "members",
        "5167408",
        "Activation drop-offs",
    )
    assert read.session_id == "0f3c1f0e-6f1c-4ac5-8d7e-5a2f5a4f6d01"
    assert (read.page, read.total_pages) == (6, 10)
    assert read.members == call["parameters"]["members"]


@pytest.mark.parametrize("name", ["cohort_without_pages", "cohort_members_at_top"])
def test_observed_calls_without_pages_or_with_members_at_the_top_are_read(
    payload: Callable[[str], Any], name: str
) -> None:
    read = parse_cohort(payload(name))
    assert (read.page, read.total_pages, len(read.members)) == (1, 0, 1)


@pytest.mark.parametrize("action", ["members", "add_members", "remove_members"])
def test_each_action_may_come_without_members(call: dict[str, Any], action: str) -> None:
    assert parse_cohort({**_set(call, "members", []), "action": action}).members == []


def test_everything_may_stand_at_the_top(call: dict[str, Any]) -> None:
    at_top = {"action": "members", **call["parameters"]}
    assert parse_cohort(at_top) == parse_cohort(call)
    assert parse_cohort({**at_top, "parameters": None}) == parse_cohort(call)


def test_parameters_are_stronger_than_the_top(call: dict[str, Any]) -> None:
    assert parse_cohort({**call, "mixpanel_cohort_id": "other"}).cohort_id == "5167408"


@pytest.mark.parametrize("key", ["mixpanel_cohort_id", "mixpanel_session_id"])
def test_ids_may_be_numbers(call: dict[str, Any], key: str) -> None:
    read = parse_cohort(_set(call, key, 42))
    assert "42" in (read.cohort_id, read.session_id)


@pytest.mark.parametrize("value", [GONE, None])
@pytest.mark.parametrize(
    "key", ["mixpanel_session_id", "mixpanel_cohort_name", "mixpanel_cohort_id", "page_info"]
)
def test_all_but_one_name_of_the_cohort_is_optional(
    call: dict[str, Any], key: str, value: Any
) -> None:
    assert parse_cohort(_set(call, key, value)).members


@pytest.mark.parametrize(
    ("info", "total_pages"),
    [({}, 0), ({"page_count": None}, 0), ({"page_count": "1", "total_pages": 1.0}, 1)],
)
def test_page_info_may_be_incomplete(call: dict[str, Any], info: Any, total_pages: int) -> None:
    read = parse_cohort(_set(call, "page_info", info))
    assert (read.page, read.total_pages) == (1, total_pages)


@pytest.mark.parametrize("document", [None, [], "text", 5])
def test_what_is_no_object_is_refused(document: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^body: must be a JSON object$"):
        parse_cohort(document)
    assert known_action(document) == ""


@pytest.mark.parametrize("action", [GONE, None, "", "MEMBERS", "delete", 5, [], {}])
def test_an_unknown_action_is_named(call: dict[str, Any], action: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^action: must be one of members, add_members"):
        parse_cohort({**call, "action": action})
    assert known_action({"action": action}) == ""


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("members", GONE, "parameters.members: must be a list"),
        ("members", None, "parameters.members: must be a list"),
        ("members", {}, "parameters.members: must be a list"),
        ("members", [{}, 5], "parameters.members[1]: must be an object"),
        ("members", [None], "parameters.members[0]: must be an object"),
        (
            "members",
            [{"mixpanel_distinct_id": []}],
            "parameters.members[0].mixpanel_distinct_id: must be a string or a whole number",
        ),
        (
            "members",
            [{"$distinct_id": True}],
            "parameters.members[0].$distinct_id: must be a string or a whole number",
        ),
        ("page_info", [], "parameters.page_info: must be an object"),
        ("page_info", {"page_count": "x"}, "parameters.page_info.page_count: "),
        ("page_info", {"page_count": -1}, "parameters.page_info.page_count: "),
        ("page_info", {"total_pages": 1e300}, "parameters.page_info.total_pages: "),
        ("mixpanel_cohort_id", [], "parameters.mixpanel_cohort_id: must be a string"),
        ("mixpanel_cohort_id", "x" * 256, "parameters.mixpanel_cohort_id: must be a string"),
        ("mixpanel_session_id", True, "parameters.mixpanel_session_id: must be a string"),
    ],
)
def test_a_wrong_field_is_named(call: dict[str, Any], key: str, value: Any, message: str) -> None:
    with pytest.raises(BadPayloadError) as error:
        parse_cohort(_set(call, key, value))
    assert str(error.value).startswith(message)


def test_a_wrong_field_is_named_where_it_stands(payload: Callable[[str], Any]) -> None:
    call = payload("cohort_members_at_top")
    with pytest.raises(BadPayloadError, match=r"^members\[0\]: must be an object$"):
        parse_cohort({**call, "members": [5]})


def test_all_wrong_fields_of_the_envelope_are_named_at_once(call: dict[str, Any]) -> None:
    with pytest.raises(BadPayloadError) as error:
        parse_cohort(_set(_set(call, "page_info", []), "mixpanel_session_id", []))
    assert "page_info" in str(error.value)
    assert "mixpanel_session_id" in str(error.value)


@pytest.mark.parametrize("parameters", [[], "text", 5])
def test_parameters_must_be_an_object(call: dict[str, Any], parameters: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^parameters: must be an object$"):
        parse_cohort({**call, "parameters": parameters})


@pytest.mark.parametrize("parameters", [{}, None, {"members": []}])
def test_a_call_that_names_no_cohort_is_refused(parameters: Any) -> None:
    with pytest.raises(BadPayloadError, match=r"^parameters\.mixpanel_cohort_id: is missing"):
        parse_cohort({"action": "members", "parameters": parameters})


def test_members_keep_their_own_keys_and_get_ids_as_strings(call: dict[str, Any]) -> None:
    member = {"mixpanel_distinct_id": 7, "$distinct_id": 7.0, "$city": "Graz", "Años": 5}
    read = parse_cohort(_set(call, "members", [member]))
    assert read.members == [
        {"mixpanel_distinct_id": "7", "$distinct_id": "7", "$city": "Graz", "Años": 5}
    ]


def test_an_address_of_a_wrong_type_is_dropped_and_stops_nobody(call: dict[str, Any]) -> None:
    member = {"mixpanel_distinct_id": "u", "email": None, "$email": ["a@example.com"]}
    read = parse_cohort(_set(call, "members", [member]))
    assert read.members == [{"mixpanel_distinct_id": "u"}]


def test_texts_about_members_do_not_quote_them(call: dict[str, Any]) -> None:
    members = [{"mixpanel_distinct_id": ["ann@example.com"]}]
    with pytest.raises(BadPayloadError) as error:
        parse_cohort(_set(call, "members", members))
    assert "ann" not in str(error.value)
