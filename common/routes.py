"""routes.toml → Route: which cohort goes to which study, under which policy."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, Schema, ValidationError, post_load, validate
from marshmallow import fields as ma

from common.rates import Cap, Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Route:
    """One line from a Mixpanel cohort to a Koji study."""

    name: str
    study_id: str
    cohort_id: str | None = None
    cohort_name: str | None = None
    api_key_env: str = "KOJI_API_KEY"
    mode: str = "text"
    locale: str = "en"
    join_key: str = "email"
    min_quality: float = 3
    include_transcript_url: bool = True
    include_open_ended: bool = False
    rate_limit: Rate | None = None
    cooldown_days: float | None = None
    max_invites: Cap | None = None
    monthly_credits: int | None = None
    properties: tuple[str, ...] = ()
    reconcile_after_hours: float = 24
    interview_timeout_days: float = 30

    @property
    def credits_per_interview(self) -> int:
        """Koji bills 1 credit for a text interview, 3 for voice (koji.so/docs, usage limits)."""
        return 3 if self.mode == "voice" else 1


class _Parsed(ma.String):
    """A string that a function turns into a value, its ValueError into the message."""

    def __init__(self, parse: Callable[[str], Any], **kwargs: Any) -> None:
        self._parse = parse
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return self._parse(text)
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc


class _Id(ma.Field[str]):
    """An id that people write as a number or as a string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        del attr, data, kwargs
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            raise ValidationError("Must be a string or a whole number.")
        return str(value).strip()


_NAME = validate.Regexp(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"),
    error="Must be 1-64 letters, digits, '.', '_' or '-', and begin with a letter or digit.",
)
_TEXT = validate.Length(min=1, max=255)


class RouteSchema(Schema):
    """One `[[routes]]` table with the defaults already merged in."""

    class Meta:
        """Unknown keys are mistakes, not extras."""

        unknown = RAISE

    name = ma.String(
        required=True,
        validate=[_NAME, validate.NoneOf(["mixpanel"], error="Is taken: it names all writes.")],
    )
    study_id = ma.String(required=True, validate=_TEXT)
    cohort_id = _Id()
    cohort_name = ma.String(validate=_TEXT)
    api_key_env = ma.String(validate=validate.Regexp(r"[A-Za-z_][A-Za-z0-9_]*\Z"))
    mode = ma.String(validate=validate.OneOf(["text", "voice"]))
    locale = ma.String(validate=validate.Length(min=1, max=35))
    join_key = ma.String(validate=validate.OneOf(["email", "respondent_id"]))
    min_quality = ma.Float(validate=validate.Range(0, 5))
    include_transcript_url = ma.Boolean()
    include_open_ended = ma.Boolean()
    rate_limit = _Parsed(Rate.parse)
    cooldown_days = ma.Float(validate=validate.Range(min=0, max=3650))
    max_invites = _Parsed(Cap.parse)
    monthly_credits = ma.Integer(strict=True, validate=validate.Range(min=0))
    reconcile_after_hours = ma.Float(validate=validate.Range(min=0, max=8760))
    interview_timeout_days = ma.Float(validate=validate.Range(min=0, max=3650))
    properties = ma.List(ma.String(validate=_TEXT), validate=validate.Length(max=50))

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Route:
        if "properties" in data:
            data["properties"] = tuple(data["properties"])
        return Route(**data)


class Routes:
    """All routes, looked up by name, by cohort or by study."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Index the routes; names and cohorts are unique already."""
        self._routes = tuple(routes)
        self._by_name = {route.name: route for route in self._routes}

    def __iter__(self) -> Iterator[Route]:
        """Iterate in the order of the file."""
        return iter(self._routes)

    def __len__(self) -> int:
        """Return how many routes there are."""
        return len(self._routes)

    def named(self, name: str) -> Route | None:
        """Find a route by its name."""
        return self._by_name.get(name)

    def for_cohort(self, cohort_id: str, cohort_name: str) -> Route | None:
        """Find the route of a Mixpanel cohort; an id is stronger than a name."""
        for route in self._routes:
            if route.cohort_id is not None and route.cohort_id == cohort_id:
                return route
        for route in self._routes:
            if route.cohort_name is not None and route.cohort_name == cohort_name:
                return route
        return None

    def for_study(self, study_id: str) -> Route | None:
        """Find the first route that leads to a study."""
        return next((route for route in self._routes if route.study_id == study_id), None)


def parse_routes(text: str) -> tuple[Routes, list[str]]:
    """Read routes.toml; returns the routes that are right and every problem with the others."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        return Routes(()), [f"not valid TOML: {exc}"]
    problems = [
        f"unknown table or key '{key}' at the top (known: defaults, routes)"
        for key in document
        if key not in {"defaults", "routes"}
    ]
    defaults, tables = document.get("defaults", {}), document.get("routes", [])
    are_tables = isinstance(tables, list) and all(isinstance(table, dict) for table in tables)
    if not isinstance(defaults, dict) or not are_tables or not tables:
        return Routes(()), [
            *problems,
            "needs at least one [[routes]] table (see routes.example.toml)",
        ]
    routes = []
    for number, table in enumerate(tables, start=1):
        label = f"route {table.get('name') or number!r}"
        try:
            routes.append(RouteSchema().load({**defaults, **table}))
        except ValidationError as exc:
            problems += [f"{label}: {line}" for line in _lines(exc)]
    problems += _repeated("name", (route.name for route in routes))
    problems += _repeated("cohort_id", (route.cohort_id for route in routes))
    problems += _repeated("cohort_name", (route.cohort_name for route in routes))
    return Routes(routes), problems


def _lines(exc: ValidationError) -> list[str]:
    known = [field.name for field in fields(Route)]
    lines = []
    for key, messages in exc.normalized_messages().items():
        if messages == ["Unknown field."]:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else f" (known: {', '.join(known)})"
            lines.append(f"unknown key '{key}'{hint}")
        else:
            lines.append(f"{key}: {_flat(messages)}")
    return lines


def _flat(messages: Any) -> str:
    if isinstance(messages, dict):
        return "; ".join(_flat(value) for value in messages.values())
    return " ".join(str(message) for message in messages)


def _repeated(key: str, values: Iterable[str | None]) -> list[str]:
    counts = Counter(value for value in values if value is not None)
    return [f"{key} {value!r} stands in {n} routes" for value, n in counts.items() if n > 1]


def api_key_names(routes: Iterable[Route]) -> Mapping[str, list[str]]:
    """Return which routes use which key variable."""
    names: dict[str, list[str]] = {}
    for route in routes:
        names.setdefault(route.api_key_env, []).append(route.name)
    return names
