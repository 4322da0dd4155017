"""Members of a cohort call: thousands a call, so checked by hand."""

from __future__ import annotations

from typing import Any

from common.errors import BadPayloadError
from common.reading import as_id

ID_KEYS = ("mixpanel_distinct_id", "$distinct_id")
EMAIL_KEYS = ("email", "$email")


def check_members(members: Any, path: str) -> list[dict[str, Any]]:
    """Return the members, their ids made strings in place; raises BadPayloadError.

    An address of the wrong type is dropped instead: it is a property that anybody can set, and
    one odd profile must not pause the sync of a whole cohort.
    """
    if not isinstance(members, list):
        raise BadPayloadError(f"{path}: must be a list")
    for index, member in enumerate(members):
        if not isinstance(member, dict):
            raise BadPayloadError(f"{path}[{index}]: must be an object")
        for key in ID_KEYS:
            value = member.get(key)
            if value is not None and not isinstance(value, str):
                member[key] = as_id(value)
                if member[key] is None:
                    raise BadPayloadError(
                        f"{path}[{index}].{key}: must be a string or a whole number"
                    )
        for key in EMAIL_KEYS:
            if not isinstance(member.get(key, ""), str):
                del member[key]
    return members
