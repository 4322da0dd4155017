"""The ledger's figures in Prometheus' text format.

Written by hand: a server of several processes has to set a folder before anything imports
`prometheus_client`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.ledger.figures import breakers, lanes, oldest_due, reasons, route_figures
from common.ledger.pauses import MIXPANEL, Pauses

if TYPE_CHECKING:
    from collections.abc import Iterable

    from common.config import Config
    from common.ledger import Ledger

PER_ROUTE = {
    "pending": "pending",
    "in_flight": "in_flight",
    "started": "started_total",
    "completed": "completed_total",
    "written": "written_total",
    "eta_seconds": "eta_seconds",
}


def prometheus_text(config: Config, ledger: Ledger) -> str:
    """Return lanes, routes, reasons, pauses and breakers as metrics; nothing personal."""
    routes, pauses = route_figures(config, ledger), Pauses(ledger.redis).all()
    entries = lanes(ledger).items()
    families: dict[str, list[tuple[dict[str, str], float]]] = {
        "lane_entries": [({"lane": a, "state": b}, n) for a, s in entries for b, n in s.items()],
        "oldest_due_seconds": [({"lane": lane}, age) for lane, age in oldest_due(ledger).items()],
    }
    for field, suffix in PER_ROUTE.items():
        told = [one for one in routes if one[field] is not None]
        families[f"route_{suffix}"] = [({"route": one["name"]}, one[field]) for one in told]
    for kind, found in reasons(ledger).items():
        families[f"{kind}_total"] = [({"reason": reason}, n) for reason, n in found.items()]
    named = dict.fromkeys([*(one["name"] for one in routes), MIXPANEL])
    families["paused"] = [({"route": name}, int(name in pauses)) for name in named]
    families["breaker_open"] = [
        ({"partner": p}, int(s != "closed")) for p, s in breakers(config, ledger).items()
    ]
    return "".join(_family(f"bridge_{name}", rows) for name, rows in families.items())


def _family(name: str, rows: Iterable[tuple[dict[str, str], float]]) -> str:
    kind = "counter" if name.endswith("_total") else "gauge"
    lines = [f"# TYPE {name} {kind}"]
    for labels, value in rows:
        texts = {k: v.replace("\\", r"\\").replace('"', r"\"") for k, v in labels.items()}
        inside = ",".join(f'{label}="{text}"' for label, text in texts.items())
        lines.append(f"{name}{{{inside}}} {round(value, 3)}")
    return "\n".join(lines) + "\n"
