"""All routes, looked up by name, by cohort or by study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.route import Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Route", "Routes", "api_key_names"]


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


def api_key_names(routes: Iterable[Route]) -> Mapping[str, list[str]]:
    """Return which routes use which key variable."""
    names: dict[str, list[str]] = {}
    for route in routes:
        names.setdefault(route.api_key_env, []).append(route.name)
    return names
