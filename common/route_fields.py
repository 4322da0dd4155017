"""Kinds of values that routes.toml knows beside marshmallow's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError
from marshmallow import fields as ma

if TYPE_CHECKING:
    from collections.abc import Callable


class Parsed(ma.String):
    """A string that a function turns into a value, its ValueError into the message."""

    def __init__(self, parse: Callable[[str], Any], **kwargs: Any) -> None:
        """Take the function, which is called with the string of the file."""
        self._parse = parse
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return self._parse(text)
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc


class Id(ma.Field[str]):
    """An id that people write as a number or as a string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        del attr, data, kwargs
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            raise ValidationError("Must be a string or a whole number.")
        return str(value).strip()


class Words(ma.List[str]):
    """A list that nobody changes afterwards."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(*args, **kwargs))
