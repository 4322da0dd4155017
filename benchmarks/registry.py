"""Everything that can be measured, by name, in the order in which it is."""

from __future__ import annotations

from benchmarks.own import (
    drain_results,
    idle,
    imports,
    ingress_load,
    lone_result,
    million,
    noop_tasks,
    pages,
    pools,
    scaling,
)
from benchmarks.scenarios import killed, limited, outage, refused, unlimited, waiting

SCENARIOS = {
    module.SCENARIO.name: module.SCENARIO
    for module in (limited, unlimited, killed, outage, refused, waiting)
}
MEASURES = {
    module.MEASURE.name: module.MEASURE
    for module in (
        ingress_load,
        imports,
        pages,
        lone_result,
        drain_results,
        noop_tasks,
        idle,
        pools,
        scaling,
        million,
    )
}
NAMES = (*SCENARIOS, *MEASURES)
