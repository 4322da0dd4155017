"""How much of everything a pass measures: in full, and small enough to see that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """People, rates (a minute), seconds and repetitions."""

    repeat: int = 3
    abreast: int = 4  # contenders at a time, in scenarios that allow for it
    window_seconds: int = 60
    latency_ms: int = 20
    faults_for: tuple[str, ...] = ()  # contenders of the long scenarios, none = all

    limited_people: int = 1500
    limited_per_minute: int = 3000
    limited_cap_seconds: float = 90

    unlimited_people: int = 3000
    unlimited_cap_seconds: float = 20
    idle_seconds: float = 10

    killed_people: int = 1000
    killed_per_minute: int = 3000
    killed_at: int = 400
    killed_cap_seconds: float = 60

    outage_people: int = 300
    outage_per_minute: int = 3000
    outage_seconds: float = 20
    outage_cap_seconds: float = 60

    refused_people: int = 200
    refused_per_minute: int = 600
    refused_cap_seconds: float = 75

    waiting_people: int = 20_000

    load_seconds: float = 5
    imports: int = 7
    pages: int = 100
    members: int = 1_000_000
    lone_results: int = 60
    waiting_results: int = 20_000
    noop_tasks: int = 3000
    ticks: int = 200
    scaling_workers: tuple[int, ...] = (1, 2, 4, 8, 16)
    scaling_people: int = 2000
    scaling_per_minute: int = 6000


FULL = Sizes()
# The shortest window that a rate can have, and no more people than show that a piece works.
QUICK = Sizes(
    repeat=1,
    window_seconds=1,
    faults_for=("celery-late", "bullmq", "ours"),
    limited_people=60,
    limited_per_minute=3000,
    limited_cap_seconds=4,
    unlimited_people=200,
    unlimited_cap_seconds=3,
    idle_seconds=1,
    killed_people=100,
    killed_per_minute=3000,
    killed_at=40,
    killed_cap_seconds=4,
    outage_people=30,
    outage_per_minute=3000,
    outage_seconds=1.5,
    outage_cap_seconds=4,
    refused_people=40,
    refused_per_minute=1200,
    refused_cap_seconds=4,
    waiting_people=1000,
    load_seconds=1.5,
    imports=2,
    pages=12,
    members=10_000,
    lone_results=10,
    waiting_results=4500,
    noop_tasks=300,
    ticks=20,
    scaling_workers=(1, 2),
    scaling_people=300,
)
