"""Mixpanel's ingestion: batches that fit, and a verdict for each record."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from requests.exceptions import ReadTimeout

from common.errors import (
    AmbiguousError,
    LaterError,
    PartnerError,
    PermanentError,
    StopRouteError,
    TransientError,
)
from tests.unit.workers.harness import Answer, FakePartner, usual_mixpanel
from workers.clients.http import make_session
from workers.clients.mixpanel import MixpanelClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

    from common.config import Config

BAD = "bad data"


@pytest.fixture
def partner() -> FakePartner:
    return FakePartner(usual_mixpanel)


@pytest.fixture
def make_client(
    partner: FakePartner, make_config: Callable[..., Config]
) -> Callable[..., MixpanelClient]:
    def make(**environ: str) -> MixpanelClient:
        settings = make_config(**environ).settings
        session = make_session(settings.mixpanel_api_host)
        session.mount("https://", partner)
        return MixpanelClient(session, settings)

    return make


@pytest.fixture
def client(make_client: Callable[..., MixpanelClient]) -> MixpanelClient:
    return make_client()


def make_events(count: int, *bad: int, size: int = 0) -> list[dict[str, Any]]:
    return [
        {"event": "E", "properties": {"n": n, "mark": BAD if n in bad else "", "pad": "x" * size}}
        for n in range(count)
    ]


def make_profiles(count: int, *bad: int) -> list[tuple[str, dict[str, Any]]]:
    return [(f"u-{n}", {"mark": BAD if n in bad else ""}) for n in range(count)]


def events(request: PreparedRequest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(gzip.decompress(request.body or b""))
    return found


def query(request: PreparedRequest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url or "").query)


def kinds(verdicts: list[PartnerError | None]) -> list[type[PartnerError] | None]:
    return [type(one) if one else None for one in verdicts]


def content(request: PreparedRequest) -> bytes:
    zipped = request.headers.get("Content-Encoding") == "gzip"
    return gzip.decompress(request.body or b"") if zipped else bytes(request.body or b"")


def refuse_the_bad(answer: Answer) -> Callable[[PreparedRequest], Answer]:
    """Refuse every request that holds bad data, naming no record."""
    return lambda request: answer if BAD.encode() in content(request) else usual_mixpanel(request)


# --- requests --------------------------------------------------------------------------------


def test_events_go_zipped_strictly_and_with_the_token(
    client: MixpanelClient, partner: FakePartner
) -> None:
    assert client.import_events(make_events(2)) == [None, None]
    (request,) = partner.requests
    assert (request.method, urlsplit(request.url or "").path) == ("POST", "/import")
    assert query(request) == {"strict": ["1"]}
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"token:").decode()
    assert events(request) == make_events(2)


def test_a_service_account_is_used_with_its_project(
    make_client: Callable[..., MixpanelClient], partner: FakePartner
) -> None:
    client = make_client(MIXPANEL_SERVICE_ACCOUNT="robot:secret", MIXPANEL_PROJECT_ID="7")
    client.import_events(make_events(1))
    (request,) = partner.requests
    assert query(request) == {"strict": ["1"], "project_id": ["7"]}
    expected = base64.b64encode(b"robot:secret").decode()
    assert request.headers["Authorization"] == f"Basic {expected}"


def test_profiles_go_plain_with_the_token_in_each(
    client: MixpanelClient, partner: FakePartner
) -> None:
    assert client.set_profiles([("u-1", {"a": [1]}), ("u-2", {"a": []})]) == [None, None]
    (request,) = partner.requests
    assert (request.method, urlsplit(request.url or "").path) == ("POST", "/engage")
    assert query(request) == {"verbose": ["1"], "ip": ["0"]}
    assert "Content-Encoding" not in request.headers
    assert "Authorization" not in request.headers
    assert orjson.loads(request.body or b"") == [
        {"$token": "token", "$distinct_id": "u-1", "$ip": 0, "$set": {"a": [1]}},
        {"$token": "token", "$distinct_id": "u-2", "$ip": 0, "$set": {"a": []}},
    ]


def test_nothing_to_send_is_no_call(client: MixpanelClient, partner: FakePartner) -> None:
    assert client.import_events([]) == []
    assert client.set_profiles([]) == []
    assert partner.requests == []


# --- batches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "batches"), [(2000, [2000]), (2001, [2000, 1]), (4100, [2000, 2000, 100])]
)
def test_a_batch_holds_two_thousand_records_at_most(
    client: MixpanelClient, partner: FakePartner, count: int, batches: list[int]
) -> None:
    assert client.import_events(make_events(count)) == [None] * count
    assert [len(events(request)) for request in partner.requests] == batches
    partner.requests.clear()
    assert client.set_profiles(make_profiles(count)) == [None] * count
    assert [len(batch) for batch in partner.bodies()] == batches


def test_a_batch_stays_under_two_megabytes_before_compression(
    client: MixpanelClient, partner: FakePartner
) -> None:
    records = make_events(500, size=9000)
    assert client.import_events(records) == [None] * 500
    sizes = [len(gzip.decompress(request.body or b"")) for request in partner.requests]
    assert max(sizes) < 2_000_000
    assert len(sizes) == 3
    assert [one for request in partner.requests for one in events(request)] == records


def test_a_record_larger_than_a_batch_goes_alone(
    client: MixpanelClient, partner: FakePartner
) -> None:
    records = [*make_events(1), *make_events(1, size=2_500_000), *make_events(1)]
    client.import_events(records)
    assert [len(events(request)) for request in partner.requests] == [1, 1, 1]


# --- verdicts --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["$insert_id", "insert_id"])
def test_refused_records_are_told_apart_by_their_index(
    client: MixpanelClient, partner: FakePartner, name: str
) -> None:
    failed = [
        {"index": 0, name: "a", "field": "properties.time", "message": "is ann@example.com"},
        {"index": 3, name: "b", "field": "properties.utm_source", "message": "m"},
    ]
    partner.then(Answer(400, {"code": 400, "failed_records": failed, "num_records_imported": 3}))
    verdicts = client.import_events(make_events(5))
    assert kinds(verdicts) == [PermanentError, None, None, PermanentError, None]
    assert str(verdicts[0]) == "refused: properties.time"
    assert len(partner.requests) == 1


def test_a_refused_record_that_names_no_field_is_refused(
    client: MixpanelClient, partner: FakePartner
) -> None:
    partner.then(Answer(400, {"failed_records": [{"index": 0, "field": "x" * 500}, {"index": 1}]}))
    verdicts = client.import_events(make_events(2))
    assert [str(one) for one in verdicts] == ["refused: " + "x" * 80, "refused: record"]


@pytest.mark.parametrize(
    "body",
    [
        {"failed_records": ["identity events are not allowed"], "num_records_imported": 0},
        {"failed_records": []},
        {"failed_records": "all"},
        {"failed_records": [{"field": "x"}]},
        {"failed_records": [{"index": "0"}]},
        {"failed_records": [{"index": 99}]},
        {"failed_records": [{"index": -1}]},
        {"error": "bad"},
        [],
        b"<html>",
        b"",
    ],
)
def test_a_400_that_names_no_record_is_halved_until_it_hits_the_bad_ones(
    client: MixpanelClient, partner: FakePartner, body: Any
) -> None:
    partner.usual = refuse_the_bad(Answer(400, body))
    verdicts = client.import_events(make_events(16, 3, 11))
    assert [n for n, one in enumerate(verdicts) if one] == [3, 11]
    assert all(one.status == 400 for one in verdicts if one)
    assert len(partner.requests) <= 1 + 2 * 2 * 4


def test_a_request_that_is_refused_whatever_it_holds_is_not_repeated_record_by_record(
    client: MixpanelClient, partner: FakePartner
) -> None:
    partner.usual = lambda _: Answer(404)
    verdicts = client.import_events(make_events(2000))
    assert len(partner.requests) < 120
    assert kinds(verdicts).count(PermanentError) >= 16
    assert set(kinds(verdicts)) == {PermanentError, LaterError}, "nobody is refused unheard"


@pytest.mark.parametrize("first", [0, 64, 100])
@pytest.mark.parametrize("name", ["import", "engage"])
def test_good_records_behind_a_row_of_bad_ones_are_not_refused_along(
    client: MixpanelClient, partner: FakePartner, name: str, first: int
) -> None:
    bad = range(first, first + 20)
    partner.usual = refuse_the_bad(Answer(400))
    if name == "import":
        verdicts = client.import_events(make_events(128, *bad))
    else:
        verdicts = client.set_profiles(make_profiles(128, *bad))
    refused = [n for n, one in enumerate(verdicts) if isinstance(one, PermanentError)]
    assert refused == list(bad)
    assert {kind for kind in kinds(verdicts) if kind} == {PermanentError}


def test_what_was_not_sent_after_so_many_refusals_waits_and_is_not_refused(
    client: MixpanelClient, partner: FakePartner
) -> None:
    partner.usual = refuse_the_bad(Answer(400))
    verdicts = client.import_events(make_events(64, *range(32), 63))
    refused = [n for n, one in enumerate(verdicts) if isinstance(one, PermanentError)]
    assert refused == [*range(16), 31, 63], "those that were tried by themselves"
    assert kinds(verdicts).count(LaterError) == 64 - len(refused)


def test_a_batch_that_is_too_large_is_halved_until_it_fits(
    client: MixpanelClient, partner: FakePartner
) -> None:
    def answer(request: PreparedRequest) -> Answer:
        too_large = {"code": 413, "error": "request exceeds max limit of 2097152 bytes"}
        return Answer(413, too_large) if len(events(request)) > 3 else usual_mixpanel(request)

    partner.usual = answer
    assert client.import_events(make_events(10)) == [None] * 10
    taken = [events(one) for one in partner.requests if len(events(one)) <= 3]
    assert [event for batch in taken for event in batch] == make_events(10)


def test_a_record_that_is_too_large_by_itself_is_refused(
    client: MixpanelClient, partner: FakePartner
) -> None:
    partner.usual = refuse_the_bad(Answer(413))
    verdicts = client.import_events(make_events(4, 2))
    assert kinds(verdicts) == [None, None, PermanentError, None]


@pytest.mark.parametrize("body", [{"status": 1, "error": None}, {"status": 1}, 1, b"1", '"1"'])
def test_a_profile_update_is_taken_when_the_body_says_so(
    client: MixpanelClient, partner: FakePartner, body: Any
) -> None:
    partner.then(Answer(200, body.encode() if isinstance(body, str) else body))
    assert client.set_profiles(make_profiles(2)) == [None, None]


@pytest.mark.parametrize(
    "body",
    [
        {"status": 0, "error": "invalid"},
        {"status": 1, "error": "some data points failed"},
        {"error": "x"},
        {},
        [],
        0,
        b"0",
        b"",
        b"<html>",
    ],
)
def test_a_200_that_refuses_is_halved_until_it_hits_the_bad_profiles(
    client: MixpanelClient, partner: FakePartner, body: Any
) -> None:
    partner.usual = refuse_the_bad(Answer(200, body))
    verdicts = client.set_profiles(make_profiles(8, 0, 5))
    assert [n for n, one in enumerate(verdicts) if one] == [0, 5]
    assert {str(one) for one in verdicts if one} == {"refused: profile update"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(429, headers={"Retry-After": "3"}), LaterError),
        (Answer(503), TransientError),
        (Answer(504), AmbiguousError),
        (ReadTimeout(), AmbiguousError),
        (Answer(401), StopRouteError),
        (Answer(301), StopRouteError),
    ],
)
def test_a_failure_of_the_call_is_every_records_verdict(
    client: MixpanelClient, partner: FakePartner, answer: Any, kind: type[PartnerError]
) -> None:
    partner.then(answer, answer)
    assert kinds(client.import_events(make_events(3))) == [kind] * 3
    assert kinds(client.set_profiles(make_profiles(3))) == [kind] * 3
    assert len(partner.requests) == 2, "nothing is halved"


def test_a_failed_batch_says_nothing_of_the_next(
    client: MixpanelClient, partner: FakePartner
) -> None:
    partner.then(Answer(503))
    verdicts = client.import_events(make_events(2001))
    assert kinds(verdicts) == [TransientError] * 2000 + [None]


def test_a_failure_halfway_through_halving_leaves_the_whole_batch_to_repeat(
    client: MixpanelClient, partner: FakePartner
) -> None:
    partner.then(Answer(413), Answer(200), Answer(503))
    assert kinds(client.import_events(make_events(4))) == [TransientError] * 4
