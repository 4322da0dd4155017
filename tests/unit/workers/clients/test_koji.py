"""Koji's API: the shapes of the start request, and what its answers mean."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import AmbiguousError, LaterError, PermanentError, StopRouteError, TransientError
from common.messages import Invitation
from common.routes import Route
from tests.unit.workers.harness import KOJI_URL, Answer, FakePartner, usual_koji
from workers.clients.http import make_session
from workers.clients.koji import KojiClient, Started, knows_repeats, start_body

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "AbCdEfGhIjK.LmNoPqRs"
PROFILES = ["nested", "flat", "union"]
BY_EMAIL = Route(name="activation", study_id="st_1", cohort_id="5167408", mode="voice", locale="de")
BY_ID = replace(BY_EMAIL, join_key="respondent_id")
ANN = Invitation(
    distinct_id="u-ann",
    email="ann@example.com",
    name="Ann Lee",
    properties={"plan": "pro", "$city": "Ulm"},
)
METADATA = {
    "mixpanel_distinct_id": "u-ann",
    "mixpanel_cohort_id": "5167408",
    "route": "activation",
    "plan": "pro",
    "$city": "Ulm",
}
NESTED = {
    "respondent": {"external_id": "u-ann", "display_name": "Ann Lee", "metadata": METADATA},
    "mode": "voice",
    "locale": "de",
}
FLAT = {
    "project_id": "st_1",
    "study_id": "st_1",
    "respondent_email": "ann@example.com",
    "respondent_id": "u-ann",
    "respondent_name": "Ann Lee",
    "metadata": METADATA,
    "mode": "voice",
    "language": "de",
}


# --- what is sent ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "expected"),
    [("nested", NESTED), ("flat", FLAT), ("union", {**NESTED, **FLAT})],
)
def test_each_shape_is_what_was_agreed(profile: str, expected: dict[str, Any]) -> None:
    assert start_body(profile, BY_EMAIL, KEY, ANN) == expected


@pytest.mark.parametrize("profile", PROFILES)
def test_joined_by_id_the_same_goes_without_the_address(profile: str) -> None:
    expected = start_body(profile, BY_EMAIL, KEY, ANN)
    expected.pop("respondent_email", None)
    assert start_body(profile, BY_ID, KEY, ANN) == expected


def test_what_is_unknown_is_left_out() -> None:
    body = start_body("union", BY_EMAIL, KEY, Invitation(email="ann@example.com"))
    assert body["respondent"] == {
        "metadata": {"mixpanel_cohort_id": "5167408", "route": "activation"}
    }
    assert {"respondent_id", "respondent_name"}.isdisjoint(body)


def test_the_cohort_somebody_came_with_is_stronger_than_the_routes() -> None:
    body = start_body("flat", BY_EMAIL, KEY, replace(ANN, cohort_id="999"))
    assert body["metadata"]["mixpanel_cohort_id"] == "999"


def test_a_route_by_cohort_name_has_no_cohort_id_to_tell() -> None:
    route = replace(BY_EMAIL, cohort_id=None, cohort_name="Power users")
    assert "mixpanel_cohort_id" not in start_body("flat", route, KEY, ANN)["metadata"]


def test_properties_keep_their_type_and_false_and_zero() -> None:
    properties = {"trial": False, "seats": 0, "tags": ["a"], "empty": "", "none": None}
    metadata = start_body("flat", BY_EMAIL, KEY, replace(ANN, properties=properties))["metadata"]
    assert metadata["trial"] is False
    assert metadata["seats"] == 0
    assert metadata["tags"] == ["a"]
    assert {"empty", "none"}.isdisjoint(metadata)


@pytest.mark.parametrize("name", ["route", "mixpanel_distinct_id", "mixpanel_cohort_id"])
def test_a_property_cannot_take_the_place_of_our_own(name: str) -> None:
    person = replace(ANN, properties={**ANN.properties, name: "forged"})
    assert start_body("flat", BY_EMAIL, KEY, person)["metadata"] == METADATA


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("distinct_id", ["ann@example.com", "Ann ann@example.com", "<a@b.c>"])
def test_an_id_that_is_an_address_is_replaced_by_the_key(profile: str, distinct_id: str) -> None:
    body = start_body(profile, BY_ID, KEY, replace(ANN, distinct_id=distinct_id))
    assert body.get("respondent_id", KEY) == KEY
    assert body.get("respondent", {}).get("external_id", KEY) == KEY
    assert distinct_id not in orjson.dumps(body).decode()


def test_joined_by_address_an_id_that_is_one_goes_as_it_is() -> None:
    body = start_body("flat", BY_EMAIL, KEY, replace(ANN, distinct_id="ann@example.com"))
    assert body["respondent_id"] == "ann@example.com"


addresses = st.builds(
    "{}@{}.example".format,
    st.from_regex(r"[A-Za-z0-9._+-]{1,20}", fullmatch=True),
    st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
)


@pytest.mark.no_cover
@given(address=addresses, profile=st.sampled_from(PROFILES), data=st.data())
def test_no_address_leaves_wherever_it_stands(
    address: str, profile: str, data: st.DataObject
) -> None:
    shapes = st.sampled_from(
        [
            address,
            address.upper(),
            f" {address} ",
            f"Ann Lee <{address}>",
            f"({address}), or else",
            f"mailto:{address}",
            f"'{address}';",
            [1, [address]],
            {"contact": {"mail": address}},
            {address: True},
        ]
    )
    texts = shapes.filter(lambda shape: isinstance(shape, str))
    person = Invitation(
        distinct_id=data.draw(texts),
        email=address,
        name=data.draw(texts),
        properties={"a": data.draw(shapes), "plan": "pro"},
    )
    raw = orjson.dumps(start_body(profile, BY_ID, KEY, person)).decode().lower()
    assert address.lower() not in raw
    assert "pro" in raw


def test_an_at_sign_alone_is_no_address() -> None:
    person = replace(ANN, properties={"handle": "@ann", "rate": "5 @ 3", "n": 4})
    metadata = start_body("flat", BY_ID, KEY, person)["metadata"]
    assert (metadata["handle"], metadata["rate"], metadata["n"]) == ("@ann", "5 @ 3", 4)


@pytest.mark.parametrize(
    ("profile", "route", "person", "expected"),
    [
        ("union", BY_EMAIL, ANN, True),
        ("flat", BY_EMAIL, ANN, True),
        ("nested", BY_EMAIL, ANN, False),
        ("union", BY_ID, ANN, False),
        ("flat", BY_ID, ANN, False),
        ("union", BY_EMAIL, Invitation(distinct_id="u-1"), False),
    ],
)
def test_koji_knows_a_repeat_only_by_an_address_that_goes_along(
    profile: str, route: Route, person: Invitation, *, expected: bool
) -> None:
    assert knows_repeats(profile, route, person) is expected
    assert ("respondent_email" in start_body(profile, route, KEY, person)) is expected


# --- the call --------------------------------------------------------------------------------


@pytest.fixture
def partner() -> FakePartner:
    return FakePartner(usual_koji())


@pytest.fixture
def make_client(partner: FakePartner) -> Callable[..., KojiClient]:
    def make(profile: str = "union", base_url: str = KOJI_URL) -> KojiClient:
        session = make_session(base_url)
        session.mount("https://", partner)
        return KojiClient(session, base_url, profile, 20)

    return make


@pytest.fixture
def client(make_client: Callable[..., KojiClient]) -> KojiClient:
    return make_client()


def start(client: KojiClient, route: Route = BY_EMAIL) -> Started:
    return client.start("pk_live_x", route, KEY, ANN)


def test_a_start_is_one_post_with_key_and_idempotency_key(
    client: KojiClient, partner: FakePartner
) -> None:
    assert start(client).interview_id == "int-1"
    (request,) = partner.requests
    assert (request.method, request.url) == ("POST", "https://koji.test/api/v1/interviews/start")
    assert request.headers["Authorization"] == "Bearer pk_live_x"
    assert request.headers["Idempotency-Key"] == KEY
    assert request.headers["Content-Type"] == "application/json"
    assert orjson.loads(request.body or b"") == {**NESTED, **FLAT}


@pytest.mark.parametrize(
    ("profile", "route", "expected"),
    [("union", BY_EMAIL, "keep-alive"), ("union", BY_ID, "close"), ("nested", BY_EMAIL, "close")],
)
def test_a_connection_that_may_break_as_we_send_is_not_used_where_it_matters(
    make_client: Callable[..., KojiClient],
    partner: FakePartner,
    profile: str,
    route: Route,
    expected: str,
) -> None:
    start(make_client(profile), route)
    assert partner.requests[0].headers["Connection"] == expected


def test_a_base_url_may_have_a_path(
    make_client: Callable[..., KojiClient], partner: FakePartner
) -> None:
    start(make_client(base_url="https://koji.test/eu"))
    assert partner.requests[0].url == "https://koji.test/eu/api/v1/interviews/start"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"interview_id": "a", "conversation_id": "b", "id": "c"}, "a"),
        ({"conversation_id": "b", "id": "c"}, "b"),
        ({"id": 42}, "42"),
        ({"data": {"interview_id": "d"}}, "d"),
        ({"id": "top", "data": {"interview_id": "d"}}, "top"),
        ({"interview_id": "", "id": "c"}, "c"),
        ({"interview_id": True}, ""),
        ({"interview_id": ["a"]}, ""),
        ({"interview_id": "x" * 500}, "x" * 128),
        ({"data": "text"}, ""),
        ([], ""),
        (b"created", ""),
        (b"", ""),
    ],
)
def test_the_interviews_id_is_found_where_koji_may_put_it(
    client: KojiClient, partner: FakePartner, body: Any, expected: str
) -> None:
    partner.then(Answer(201, body))
    assert start(client).interview_id == expected


@pytest.mark.parametrize(
    ("answer", "duplicate"),
    [
        (Answer(201, {"interview_id": "a"}), False),
        (Answer(200, {"interview_id": "a", "duplicate": "no"}), False),
        (Answer(200, {"interview_id": "a", "duplicate": True}), True),
        (Answer(409, {"interview_id": "a"}), True),
    ],
)
def test_a_duplicate_is_told_apart_and_is_no_failure(
    client: KojiClient, partner: FakePartner, answer: Answer, *, duplicate: bool
) -> None:
    partner.then(answer)
    started = start(client)
    assert (started.interview_id, started.duplicate) == ("a", duplicate)


def test_what_the_answer_says_of_the_limit_comes_along(
    client: KojiClient, partner: FakePartner
) -> None:
    partner.then(Answer(201, headers={"X-RateLimit-Limit": "30"}))
    assert start(client).headers["x-ratelimit-limit"] == "30"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, LaterError),
        (401, StopRouteError),
        (302, StopRouteError),
        (503, TransientError),
        (504, AmbiguousError),
        (422, PermanentError),
    ],
)
@pytest.mark.parametrize("method", ["start", "read"])
def test_a_failure_is_raised_with_its_headers(
    client: KojiClient, partner: FakePartner, method: str, status: int, kind: type[Exception]
) -> None:
    partner.then(Answer(status, headers={"X-RateLimit-Limit": "30"}))
    with pytest.raises(kind) as caught:
        start(client) if method == "start" else client.read("pk_live_x", "int-1")
    assert caught.value.headers["X-RateLimit-Limit"] == "30"  # type: ignore[attr-defined]


# --- reading ---------------------------------------------------------------------------------


def test_an_interview_is_read_by_its_id(client: KojiClient, partner: FakePartner) -> None:
    partner.then(Answer(200, {"status": "completed"}))
    assert client.read("pk_live_x", "int-1") == {"status": "completed"}
    (request,) = partner.requests
    assert (request.method, request.url) == ("GET", "https://koji.test/api/v1/interviews/int-1")
    assert request.headers["Authorization"] == "Bearer pk_live_x"


def test_an_id_is_a_name_and_never_a_path(client: KojiClient, partner: FakePartner) -> None:
    client.read("pk_live_x", "../keys?all=1#x")
    assert partner.requests[0].url == (
        "https://koji.test/api/v1/interviews/..%2Fkeys%3Fall%3D1%23x"
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null"])
def test_an_answer_that_is_no_object_is_an_empty_one(
    client: KojiClient, partner: FakePartner, body: bytes
) -> None:
    partner.then(Answer(200, body))
    assert client.read("pk_live_x", "int-1") == {}
