"""Routes that share a key: a higher priority goes first, a pause or a cap costs nobody else."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ops.local.progress import read_progress
from ops.local.sample_members import sample_members
from ops.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.local.local_bridge import LocalBridge

ROUTES = """\
[[routes]]
name = "patient"
cohort_id = "1"
study_id = "st_patient"

[[routes]]
name = "urgent"
cohort_id = "2"
study_id = "st_urgent"
priority = 1
"""


def test_the_urgent_route_gets_most_of_the_key_and_the_other_some(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        routes=ROUTES,
        environ={"KOJI_RATE_LIMIT": "1200/minute"},
        sandbox_options={"rate_limit": 1200, "no_auto_interview": True},
    )
    bridge.send_cohort(sample_members(400), cohort_id="1")
    with bridge.redis() as redis:
        wait_until(lambda: read_progress(redis, "patient").started >= 5, 20, "the patient one runs")
        bridge.send_cohort(sample_members(240), cohort_id="2")
        wait_until(lambda: read_progress(redis, "urgent").started == 240, 60, "the urgent one")
    starts = [start["study"] for start in bridge.sandbox.get("koji", "starts")]
    urgent = [n for n, study in enumerate(starts) if study == "st_urgent"]
    # What was in flight before the urgent people came (four seconds) is not called back.
    settled = Counter(starts[urgent[100] : urgent[-1] + 1])
    assert settled["st_urgent"] > 2 * settled["st_patient"]
    assert settled["st_patient"] > 0, "a lower priority is slowed, not stopped"
    assert bridge.sandbox.get("koji", "summary")["refused_429"] == 0
