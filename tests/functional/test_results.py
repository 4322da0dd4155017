"""What of an interview reaches Mixpanel, under which name, and what never leaves Koji."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until
from tests.functional.conftest import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.local.local_bridge import LocalBridge

ROUTES = """\
[defaults]
properties = ["plan"]

[[routes]]
name = "lax"
cohort_id = "1"
study_id = "st_lax"
min_quality = 1
profile_answers = ["recommend"]

[routes.names]
event = "Talked to us"
sentiment = "mood"
answer_ = "koji_"

[[routes]]
name = "strict"
cohort_id = "2"
study_id = "st_strict"
min_quality = 5
"""
# No word of ours; whatever of a transcript is met again holds it.
SAID = "zqxsaid"


@pytest.fixture(scope="module")
def bridge() -> Iterator[LocalBridge]:
    """Interviews that end when a test says so."""
    options = {"interview_delay_seconds": 600}
    with running(routes=ROUTES, sandbox_options=options) as local:
        yield local


def hold(bridge: LocalBridge, people: dict[str, list[dict[str, Any]]]) -> None:
    """Invite people by cohort, and end their interviews with the analysis each of them has."""
    analyses: dict[str, Any] = {}
    for cohort_id, given in people.items():
        members = sample_members(len(given))
        for member in members:
            member["email"] = f"c{cohort_id}.{member['email']}"
            member["mixpanel_distinct_id"] = f"{cohort_id}-{member['mixpanel_distinct_id']}"
        analyses |= {one["email"]: a for one, a in zip(members, given, strict=True)}
        assert bridge.send_cohort(members, cohort_id=cohort_id).status_code == 200
    count = len(analyses)
    wait_until(
        lambda: len(bridge.sandbox.get("koji", "interviews")) == count, 20, "all are started"
    )
    for one in bridge.sandbox.get("koji", "interviews"):
        told = {"interview_id": one["interview_id"], "analysis": analyses[one["email"]]}
        bridge.sandbox.post("koji", "complete", told)
    with bridge.redis() as redis:

        def through() -> bool:
            results = [key for key in redis.hkeys("bridge:{inbox}:entries") if b"koji:" in key]
            waiting = [redis.zcard(f"bridge:{{{lane}}}:pending") for lane in ("inbox", "writes")]
            flying = [redis.zcard(f"bridge:{{{lane}}}:in_flight") for lane in ("inbox", "writes")]
            return len(results) == count and not any(waiting + flying)

        wait_until(through, 20, "all results are through")


def analysis(quality: float, **fields: Any) -> dict[str, Any]:
    return {"quality_score": quality, "anonymous": False, "structured_answers": [], **fields}


def test_each_route_has_its_own_quality_and_an_explicit_flag_wins(bridge: LocalBridge) -> None:
    hold(
        bridge,
        {
            "1": [analysis(1), analysis(0.5), analysis(5, anonymous=True)],
            "2": [analysis(4.9), analysis(5)],
        },
    )
    events = bridge.sandbox.get("mixpanel", "events")
    assert {(e["properties"]["route"], e["properties"]["quality_score"]) for e in events} == {
        ("lax", 1),
        ("strict", 5),
    }
    with bridge.redis() as redis:
        counters = redis.hgetall("bridge:{inbox}:counters")
    assert (counters[b"skipped:low_quality"], counters[b"skipped:anonymous"]) == (b"2", b"1")
    assert len(bridge.sandbox.get("mixpanel", "profiles")) == 2


def test_names_answers_and_limits_of_an_event(bridge: LocalBridge) -> None:
    answers = [
        {"question_id": "recommend", "type": "scale", "value": 9},
        {"question_id": "again", "type": "yes_no", "value": "yes"},
        {"question_id": "blocker", "type": "single_choice", "value": "é" * 200},
        {"question_id": "uses", "type": "multiple_choice", "value": ["a", "b"]},
        {"question_id": "order", "type": "ranking", "value": ["b", "a"]},
        {"question_id": "why", "type": "open_ended", "value": "because I said so"},
        {"question": "Same?", "type": "scale", "value": 1},
        {"question": "Same?", "type": "scale", "value": 2},
        *({"question_id": f"further_{n}", "type": "scale", "value": n} for n in range(300)),
    ]
    themes = [{"name": "Price"}, {"label": "Speed"}, {"title": "Price"}, "Support"]
    told = analysis(
        4,
        themes=themes,
        sentiment="Negative",
        transcript_url="https://koji.so/t/" + "x" * 300,
        structured_answers=answers,
    )
    hold(bridge, {"1": [told, analysis(4, themes=[])]})
    events = {e["properties"]["distinct_id"]: e for e in bridge.sandbox.get("mixpanel", "events")}
    event, bare = events["1-user-000"], events["1-user-001"]["properties"]
    properties = event["properties"]
    assert event["event"] == "Talked to us"
    assert len(properties) == 254
    assert (properties["mood"], properties["plan"]) == ("negative", "free")
    assert (properties["theme_top_1"], properties["theme_top_2"]) == ("Price", "Speed")
    assert {slug: properties[f"koji_{slug}"] for slug in ("recommend", "again", "uses")} == {
        "recommend": 9,
        "again": True,
        "uses": ["a", "b"],
    }
    assert properties["koji_order"] == ["b", "a"]
    assert properties["koji_blocker"] == "é" * 127
    assert (properties["koji_same"], properties["koji_same_2"]) == (1, 2)
    assert {"transcript_url", "sentiment", "koji_why"}.isdisjoint(properties)
    assert {"theme_top_1", "theme_top_2"}.isdisjoint(bare)
    profile = bridge.sandbox.get("mixpanel", "profiles/1-user-000")["$properties"]
    assert profile["last_interview_recommend"] == 9
    assert profile["last_interview_themes"] == ["Price", "Speed", "Support"]
    metrics = requests.get(f"{bridge.url}/metrics", timeout=5).text
    assert 'bridge_left_out_total{reason="transcript_url"} 1' in metrics
    assert 'bridge_left_out_total{reason="property"}' in metrics


def test_a_transcript_is_neither_stored_nor_sent(bridge: LocalBridge) -> None:
    turns = [{"role": "respondent", "content": f"{SAID} {n}"} for n in range(3)]
    themes = [{"name": "Price", "quotes": [SAID]}]
    told = analysis(5, transcript=turns, messages=turns, summary=SAID, quotes=[SAID], themes=themes)
    hold(bridge, {"1": [told]})
    (event,) = bridge.sandbox.get("mixpanel", "events")
    assert event["properties"]["quality_score"] == 5
    assert SAID not in str(bridge.sandbox.get("mixpanel", "events/raw"))
    assert SAID not in str(bridge.sandbox.get("mixpanel", "profiles"))
    # The append-only file holds every command since the process began, also what was dropped.
    files = [path for path in (bridge.folder / "redis").rglob("*") if path.is_file()]
    written = b"".join(path.read_bytes() for path in files)
    assert event["properties"]["interview_id"].encode() in written
    assert SAID.encode() not in written
    assert bridge.supervised is not None
    for process in bridge.processes:
        assert SAID not in bridge.supervised.log(process)
