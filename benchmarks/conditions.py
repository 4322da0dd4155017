"""Under which conditions each column was measured, in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.sizes import Sizes

TEXT = """\
- Share of the limit: {limited_people:,} people at {limited_per_minute:,} a minute, the sliding
  window used up evenly beforehand; ideal time / time.
- No limit: {unlimited_people:,} people, at most {unlimited_cap_seconds:g} s; every call takes
  {latency_ms} ms, as in all scenarios. Memory right after; idle over {idle_seconds:g} s.
- Kill: `kill -9` of one of two workers, its whole process group, at {killed_at:,} of
  {killed_people:,} people; it is started again at once. Counted {killed_cap_seconds:g} s later.
  Called twice: two successful calls for one person, whether or not Koji noticed.
- Outage: Koji cuts every connection for {outage_seconds:g} s as {outage_people:,} people come.
  Counted {outage_cap_seconds:g} s after its end.
- Refusals counted: {refused_people:,} people at {refused_per_minute:,} a minute, window used up
  beforehand, and refused calls fill it too; ideal {refused_ideal:g} s, given up after
  {refused_cap_seconds:g} s.
- Celery runs with the gevent pool, its best at a limit. With prefork or threads, some three
  tasks a second are left of any `rate_limit` (`programs/celery_app.py` says why).
- Bytes a person: `used_memory` of Redis before and after {waiting_people:,} people.
"""


def conditions(sizes: Sizes) -> list[str]:
    """Return the lines."""
    ideal = sizes.refused_people * 60 / sizes.refused_per_minute
    return TEXT.format(**asdict(sizes), refused_ideal=ideal).splitlines()
