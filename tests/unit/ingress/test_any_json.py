"""Whatever JSON a sender thinks of: an answer, never a crash; and what is read can be stored."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import BadPayloadError
from common.koji.envelope import analysed_interview
from common.koji.payload import read_result
from common.koji.pruning import pruned
from common.messages import CohortPage, ReceivedResult
from common.stored import decode
from ingress.body import parse_json
from ingress.cohort_payload import parse_cohort
from ingress.members_payload import parse_rows

if TYPE_CHECKING:
    from common.config import Config

NOW_MS = 1_780_000_000_000
KOJI_KEYS = (
    *("event", "interview_id", "data", "interview", "id", "respondent", "metadata", "external_id"),
    *("themes", "name", "sentiment", "label", "quality", "score", "answers", "value", "type"),
    *("question", "text", "completed_at", "timestamp", "anonymous", "mode", "mixpanel_distinct_id"),
    *("analysis", "study", "links", "transcript", "email", "structured_answers", "respondent_id"),
)
COHORT_KEYS = (
    *("parameters", "mixpanel_cohort_id", "mixpanel_cohort_name", "mixpanel_session_id"),
    *("page_info", "page_count", "total_pages", "members", "mixpanel_distinct_id", "$email"),
)
MEMBER_KEYS = ("route", "members", "email", "distinct_id", "properties", "$email")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["scale", "yes_no", "ranking", "open_ended", "activation", "ann@example.com"])
)


def _json(keys: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(keys) | st.text("ab_1é", max_size=4), inner, max_size=6
            )
        ),
        max_leaves=25,
    )


ANY = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def _read(document: dict[str, Any]) -> Any:
    try:
        return read_result(document, NOW_MS)
    except BadPayloadError as exc:
        return str(exc)


@pytest.mark.no_cover
@ANY
@given(st.dictionaries(st.sampled_from(KOJI_KEYS), _json(KOJI_KEYS), max_size=12))
def test_any_result_is_read_or_refused(document: dict[str, Any]) -> None:
    document = parse_json(orjson.dumps({**document, "event": "analysis_ready"}))
    with contextlib.suppress(BadPayloadError):
        interview_id = analysed_interview(document)
        assert read_result(document, NOW_MS).interview_id == interview_id
    nested = {**document, "event": "analysis_ready"}
    for name in ("analysis", "interview", "data"):
        nested = {**document, name: nested}
        assert _read(pruned(nested)) == _read(nested)
    document = {**document, "interview_id": "i", "data": None}
    assert analysed_interview(document) == "i"
    result = read_result(document, NOW_MS)
    assert decode(result.encode()) == result
    assert decode(ReceivedResult("i", NOW_MS, pruned(document)).encode()) == result


@pytest.mark.no_cover
@ANY
@given(st.dictionaries(st.sampled_from(COHORT_KEYS), _json(COHORT_KEYS), max_size=8))
def test_any_cohort_is_read_or_refused(document: dict[str, Any]) -> None:
    with contextlib.suppress(BadPayloadError):
        call = parse_cohort(parse_json(orjson.dumps({**document, "action": "members"})))
        page = CohortPage("members", "r", call.cohort_id, call.members, 1, call.session_id)
        assert decode(page.encode()) == page


@pytest.mark.no_cover
@ANY
@given(rows=_json(MEMBER_KEYS))
def test_any_rows_are_accepted_or_rejected_one_by_one(config: Config, rows: Any) -> None:
    with contextlib.suppress(BadPayloadError):
        accepted, rejected = parse_rows(parse_json(orjson.dumps(rows)), config.routes)
        size = len(rows) if isinstance(rows, list) else 1
        size = len(rows["members"]) if isinstance(rows, dict) and "members" in rows else size
        assert len(accepted) + len(rejected) == size
