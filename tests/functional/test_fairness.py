"""Routes that share a key share its limit; keys do not wait for each other."""

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
name = "large"
cohort_id = "1"
study_id = "st_large"

[[routes]]
name = "small"
cohort_id = "2"
study_id = "st_small"

[[routes]]
name = "other-key"
cohort_id = "3"
study_id = "st_other"
api_key_env = "OTHER_KOJI_KEY"
"""


def test_a_large_route_starves_neither_a_small_one_nor_another_key(
    start_bridge: Callable[..., LocalBridge],
) -> None:
    bridge = start_bridge(
        routes=ROUTES,
        environ={"KOJI_RATE_LIMIT": "300/minute", "OTHER_KOJI_KEY": "pk_live_other"},
        sandbox_options={"rate_limit": 300, "no_auto_interview": True},
    )
    bridge.send_cohort(sample_members(2000), cohort_id="1")
    with bridge.redis() as redis:
        wait_until(lambda: read_progress(redis, "large").started >= 5, 20, "the large one runs")
        bridge.send_cohort(sample_members(20), cohort_id="2")
        bridge.send_cohort(sample_members(20), cohort_id="3")
        wait_until(lambda: read_progress(redis, "other-key").started == 20, 20, "the other key")
        wait_until(lambda: read_progress(redis, "small").started == 20, 20, "the small one")
    starts = bridge.sandbox.get("koji", "starts")
    small = [n for n, start in enumerate(starts) if start["study"] == "st_small"]
    meanwhile = Counter(one["study"] for one in starts[small[0] : small[-1] + 1])
    assert meanwhile["st_small"] == 20
    assert 0.5 < meanwhile["st_large"] / 20 < 2, "the two share the key evenly"
    other = [start["at"] for start in starts if start["study"] == "st_other"]
    assert other[-1] - other[0] < 20 / 300 * 60 * 1.3, "the other key has its own pace"
    assert bridge.sandbox.get("koji", "summary")["refused_429"] == 0
