"""Days: how long something is kept, with lanes of the ledger that differ."""

from __future__ import annotations

from dataclasses import dataclass

LANES = ("inbox", "invitations", "writes", "deliveries")


@dataclass(frozen=True)
class Days:
    """`30`, or `30,inbox=7,writes=14`: a general figure, and those of single lanes."""

    general: float
    lanes: tuple[tuple[str, float], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Days:
        """Read the text; raises ValueError with the accepted form."""
        general, *others = (part.strip() for part in text.split(","))
        pairs = [part.partition("=")[::2] for part in others]
        names = [name.strip() for name, _ in pairs]
        if not set(names) <= set(LANES) or len(set(names)) < len(names):
            raise ValueError(f"Must name each lane once, of {', '.join(LANES)}: 30,inbox=7.")
        return cls(
            _days(general), tuple((n, _days(d)) for n, (_, d) in zip(names, pairs, strict=True))
        )

    def of(self, lane: str) -> float:
        """Return the days of a lane."""
        return dict(self.lanes).get(lane, self.general)

    def __str__(self) -> str:
        """Return the text that it was read from."""
        return ",".join([f"{self.general:g}", *(f"{lane}={days:g}" for lane, days in self.lanes)])


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0
    if not 1 <= days < float("inf"):
        raise ValueError("Must be days such as 30, or 30,inbox=7, each of them 1 or more.")
    return days
