"""One run: start, storm, let settle, count."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.local.local_bridge import LocalBridge
from ops.local.ports import free_port
from ops.local.supervised import SUPERVISOR, Program, procfile_programs
from ops.local.waiting import wait_until
from tests.chaos.accounts import Accounts, count
from tests.chaos.plan import KOJI_TIMEOUT_SECONDS, ROUTES, Plan
from tests.chaos.storm import Sender, Storm

if TYPE_CHECKING:
    from collections.abc import Callable


def _bridge(plan: Plan, folder: Path, second_port: int, supervisor: str) -> LocalBridge:
    further = [
        Program(f"{one.name}-2", one.command)
        for one in procfile_programs(["worker-koji", "worker-mixpanel"])
    ]
    (ingress,) = procfile_programs(["ingress"])
    further.append(Program("ingress-2", ("env", f"PORT={second_port}", *ingress.command)))
    return LocalBridge(
        folder,
        routes=ROUTES,
        environ={
            "KOJI_RATE_LIMIT": f"{plan.starts_a_minute}/minute",
            "KOJI_TIMEOUT_SECONDS": str(KOJI_TIMEOUT_SECONDS),
            "MIXPANEL_TIMEOUT_SECONDS": "5",
            "LEASE_SECONDS": "10",
            "LOG_LEVEL": "INFO",
        },
        sandbox_options={
            "rate_limit": plan.starts_a_minute,
            "interview_delay_seconds": 0.5,
            "interview_delay_max_seconds": 3,
            "seed": plan.seed,
            "webhook_retry_seconds": "1,4,12",
        },
        further=tuple(further),
        supervisor=supervisor,
    )


def run(plan: Plan, note: Callable[[str], None], supervisor: str = SUPERVISOR) -> dict[str, Any]:
    """Run a plan; returns the report."""
    folder = Path(tempfile.mkdtemp(prefix="bridge-chaos-"))
    second_port = free_port()
    bridge = _bridge(plan, folder, second_port, supervisor)
    try:
        with bridge:
            report = _run(plan, bridge, [bridge.url, f"http://127.0.0.1:{second_port}"], note)
    except BaseException:
        note(f"the logs are in {folder}")
        raise
    if report["void"] or report["broken"]:
        note(f"the logs are in {folder}")
    else:
        shutil.rmtree(folder)
    return report


def _run(
    plan: Plan, bridge: LocalBridge, urls: list[str], note: Callable[[str], None]
) -> dict[str, Any]:
    began_at = time.monotonic()
    bridge.sandbox.post("koji", "faults", plan.koji_faults)
    bridge.sandbox.post("mixpanel", "faults", plan.mixpanel_faults)
    sender, storm = Sender(bridge, plan, urls), Storm(bridge, plan, note)
    storm.recovery.start()
    sender.start()
    try:
        storm.blow(sender.is_alive)
    except BaseException:
        sender.stopping.set()
        raise
    sender.join()
    note("the storm is over")
    accounts = _settle(plan, bridge, note)
    storm.recovery.stopping.set()
    storm.recovery.join()
    return {
        "seed": plan.seed,
        "kills": sum(storm.kills.values()),
        "kills_by_process": dict(sorted(storm.kills.items())),
        "pages_accepted": sender.accepted,
        **accounts.as_dict(),
        "koji": bridge.sandbox.get("koji", "summary"),
        "mixpanel": bridge.sandbox.get("mixpanel", "summary"),
        **storm.recovery.figures(),
        "drained_after_seconds": round(time.monotonic() - storm.last_fault_at, 1),
        "took_seconds": round(time.monotonic() - began_at, 1),
        "void": accounts.void(),
        "broken": accounts.broken(),
    }


def _settle(plan: Plan, bridge: LocalBridge, note: Callable[[str], None]) -> Accounts:
    """Wait until nothing is owed and every webhook is through, partners still faulty."""
    wait_until(bridge.redis_answers, 30, "Redis is back")
    with bridge.redis() as redis:

        def through() -> bool:
            webhooks = bridge.sandbox.get("koji", "summary")
            return (
                count(redis, bridge.sandbox, plan.members).still_owed == 0
                and webhooks["webhooks"]["under_way"] == 0
                and webhooks["analysed"] == webhooks["interviews"]
            )

        try:
            wait_until(through, plan.settle_timeout, "nothing is owed", poll_seconds=0.5)
        except TimeoutError as exc:
            note(str(exc))
        return count(redis, bridge.sandbox, plan.members)
