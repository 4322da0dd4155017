"""Made-up cohort members."""

from __future__ import annotations

from typing import Any

_FIRST = ("Ada", "Ben", "Chloé", "Dmitri", "Eve", "Farid", "Grace", "Hiro", "Ines", "Jonas")
_LAST = ("Okafor", "Lindqvist", "Moreau", "Silva", "Tanaka", "Weber", "Novak")
_PLANS = ("free", "pro", "team")
_CITIES = ("Berlin", "Lagos", "Lyon", "Osaka", "Porto")


def sample_members(count: int) -> list[dict[str, Any]]:
    """Return members as Mixpanel's Cohort Sync sends them, the same ones every time."""
    return [
        {
            "email": f"member{n}@example.com",
            "mixpanel_distinct_id": f"user-{n:03}",
            "first_name": _FIRST[n % len(_FIRST)],
            "last_name": _LAST[n % len(_LAST)],
            "plan": _PLANS[n % len(_PLANS)],
            "$city": _CITIES[n % len(_CITIES)],
        }
        for n in range(count)
    ]
