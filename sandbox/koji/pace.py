"""How fast start calls came: the proof that a client kept to the limit, or did not."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.koji.starts import StartRecord

_NOT_ADMITTED = {0, 401, 429}


def measure_pace(records: Sequence[StartRecord], window_seconds: float) -> dict[str, Any]:
    """Return the most calls seen in any sliding window, in all and by key, and each second's.

    An admitted call is one that the rate limit let in, whatever became of it then.
    """
    admitted = [record for record in records if record.status not in _NOT_ADMITTED]
    keys = sorted({record.key for record in records})
    calls_in = Counter(int(record.at) for record in records)
    admitted_in = Counter(int(record.at) for record in admitted)
    return {
        "window_seconds": window_seconds,
        "max_calls": _most(records, window_seconds),
        "max_admitted": _most(admitted, window_seconds),
        "keys": {
            key: {
                "max_calls": _most((r for r in records if r.key == key), window_seconds),
                "max_admitted": _most((r for r in admitted if r.key == key), window_seconds),
            }
            for key in keys
        },
        "per_second": [
            {"second": second, "calls": calls_in[second], "admitted": admitted_in[second]}
            for second in sorted(calls_in)
        ],
    }


def _most(records: Iterable[StartRecord], window_seconds: float) -> int:
    inside: deque[float] = deque()
    most = 0
    for record in records:
        inside.append(record.at)
        while inside[0] + window_seconds <= record.at:
            inside.popleft()
        most = max(most, len(inside))
    return most
