"""Made-up cohort members by the page, as many as are wanted without holding them all."""

from __future__ import annotations

from typing import Any

FIRST = ("Ada", "Ben", "Chloé", "Dmitri", "Eve", "Farid", "Grace", "Hiro", "Ines", "Jonas")
LAST = ("Okafor", "Lindqvist", "Moreau", "Silva", "Tanaka", "Weber", "Novak")
PLANS = ("free", "pro", "team")
CITIES = ("Berlin", "Lagos", "Lyon", "Osaka", "Porto")


def members(first: int, count: int) -> list[dict[str, Any]]:
    """Return `count` members from number `first` on, as Mixpanel's Cohort Sync sends them."""
    return [
        {
            "email": f"member{n}@example.com",
            "mixpanel_distinct_id": f"user-{n:06}",
            "first_name": FIRST[n % len(FIRST)],
            "last_name": LAST[n % len(LAST)],
            "plan": PLANS[n % len(PLANS)],
            "$city": CITIES[n % len(CITIES)],
        }
        for n in range(first, first + count)
    ]
