"""The faults a partner can be made to suffer, and what counts as a valid change to them."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults that are switched on; rates are shares of calls, 0 to 1."""

    down: bool = False
    drop_before_rate: float = 0.0
    status: int | None = None
    burst_429_rate: float = 0.0
    burst_429_seconds: float = 3.0
    error_rate: float = 0.0
    error_status: int = 500
    reject_rate: float = 0.0
    drop_rate: float = 0.0
    slow_rate: float = 0.0
    slow_seconds: float = 30.0
    latency_ms: float | None = None
    retry_after: bool = False
    limit: int | None = None
    poison_external_id: tuple[str, ...] = ()
    only: str = ""


NO_FAULTS = Faults()


def merge_faults(faults: Faults, changes: Mapping[str, Any]) -> Faults:
    """Return `faults` with some of them changed, where null means the default.

    Raises ValueError for a name that is no fault and for a value that it cannot have.
    """
    return dataclasses.replace(
        faults, **{name: _checked(name, value) for name, value in changes.items()}
    )


def _checked(name: str, value: Any) -> Any:
    if name not in _CHECKS:
        raise ValueError(f"{name} is not a fault; there are for_seconds, {', '.join(_CHECKS)}")
    if value is None:
        return getattr(NO_FAULTS, name)
    is_valid, wanted = _CHECKS[name]
    if not is_valid(value):
        raise ValueError(f"{name} must be {wanted}, not {value!r}")
    if name == "poison_external_id":
        return (value,) if isinstance(value, str) else tuple(value)
    return value


def is_number(value: object) -> bool:
    """Say whether a JSON value is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_ids(value: object) -> bool:
    items = [value] if isinstance(value, str) else value
    return isinstance(items, list) and all(isinstance(item, str) for item in items)


_Check = tuple[Callable[[Any], bool], str]
_FLAG: _Check = (lambda value: isinstance(value, bool), "true or false")
_RATE: _Check = (lambda value: is_number(value) and 0 <= value <= 1, "a number from 0 to 1")
_LENGTH: _Check = (lambda value: is_number(value) and value >= 0, "a number of 0 or more")
_STATUS: _Check = (
    lambda value: type(value) is int and value in range(400, 600),
    "an HTTP status from 400 to 599",
)
_CHECKS: dict[str, _Check] = {
    "down": _FLAG,
    "drop_before_rate": _RATE,
    "status": _STATUS,
    "burst_429_rate": _RATE,
    "burst_429_seconds": _LENGTH,
    "error_rate": _RATE,
    "error_status": _STATUS,
    "reject_rate": _RATE,
    "drop_rate": _RATE,
    "slow_rate": _RATE,
    "slow_seconds": _LENGTH,
    "latency_ms": _LENGTH,
    "retry_after": _FLAG,
    "limit": (lambda value: type(value) is int and value >= 0, "a whole number of 0 or more"),
    "poison_external_id": (_is_ids, "a string or a list of strings"),
    "only": (lambda value: isinstance(value, str), "the beginning of a path"),
}
