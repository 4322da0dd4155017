"""What each operation of `/engage` does to the properties of a profile.

https://developer.mixpanel.com/reference/profile-set and its neighbours.
"""

from collections.abc import Callable
from typing import Any

from sandbox.mixpanel.import_rules import cut_string

Properties = dict[str, Any]
_MAX_NAME_LENGTH = 255
_MAX_PROPERTIES = 2000


class OperationError(ValueError):
    """The argument of an operation is invalid."""


def apply_operation(operation: str, argument: object, properties: Properties) -> Properties:
    """Return the changed properties, leaving the given ones as they are; raises OperationError."""
    changed = _OPERATIONS[operation](dict(properties), argument)
    if len(changed) > max(_MAX_PROPERTIES, len(properties)):
        raise OperationError("a profile has at most 2000 properties")
    return changed


def _set(properties: Properties, argument: object) -> Properties:
    return properties | _values(argument)


def _set_once(properties: Properties, argument: object) -> Properties:
    return _values(argument) | properties


def _add(properties: Properties, argument: object) -> Properties:
    for name, value in _values(argument).items():
        before = properties.get(name, 0)
        if not _is_number(value) or not _is_number(before):
            raise OperationError(f"$add needs numbers: {name}")
        properties[name] = before + value
    return properties


def _union(properties: Properties, argument: object) -> Properties:
    for name, values in _values(argument).items():
        if not isinstance(values, list) or not values:
            raise OperationError(f"$union needs a list of at least 1 item: {name}")
        kept = _list(properties, name)
        for value in values:
            if value not in kept:
                kept.append(value)
        properties[name] = kept
    return properties


def _append(properties: Properties, argument: object) -> Properties:
    for name, value in _values(argument).items():
        properties[name] = [*_list(properties, name), value]
    return properties


def _remove(properties: Properties, argument: object) -> Properties:
    for name, value in _values(argument).items():
        if name in properties:
            properties[name] = [item for item in _list(properties, name) if item != value]
    return properties


def _unset(properties: Properties, argument: object) -> Properties:
    if not isinstance(argument, list) or not all(isinstance(name, str) for name in argument):
        raise OperationError("$unset needs a list of property names")
    return {name: value for name, value in properties.items() if name not in argument}


def _values(argument: object) -> Properties:
    if not isinstance(argument, dict):
        raise OperationError("the operation needs an object of properties")
    if any(not name or len(name) > _MAX_NAME_LENGTH for name in argument):
        raise OperationError("a property name has 1 to 255 characters")
    return {name: _cut(value) for name, value in argument.items()}


def _cut(value: object) -> object:
    if isinstance(value, list):
        return [_cut(item) for item in value]
    return cut_string(value) if isinstance(value, str) else value


def _list(properties: Properties, name: str) -> list[Any]:
    value = properties.get(name, [])
    if not isinstance(value, list):
        raise OperationError(f"the property is not a list: {name}")
    return list(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_OPERATIONS: dict[str, Callable[[Properties, object], Properties]] = {
    "$set": _set,
    "$set_once": _set_once,
    "$add": _add,
    "$union": _union,
    "$append": _append,
    "$remove": _remove,
    "$unset": _unset,
}
DELETE = "$delete"
OPERATIONS = frozenset({*_OPERATIONS, DELETE})
