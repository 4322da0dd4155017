"""Groups of commands whose files are imported only when their command is called.

What one command needs (Celery, requests, tables) takes as long to import as another takes to run.
To click a group's commands are a mapping, so a mapping that imports on access is all it takes:
help, completion and whoever walks the commands find the real ones
(click.palletsprojects.com/en/stable/api/#click.Group).
"""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Iterator


class Place(NamedTuple):
    """Where a command is, as `module:name`, and its line in the list of commands."""

    where: str
    summary: str


class LazyCommands(MutableMapping[str, click.Command]):
    """Commands by their names; reading one imports its file."""

    def __init__(self, places: dict[str, Place]) -> None:
        """Import nothing yet."""
        self.places = places
        self._found: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        """Return the command; raises KeyError where there is none of this name."""
        if name not in self._found:
            module, _, attribute = self.places[name].where.partition(":")
            self._found[name] = getattr(import_module(module), attribute)
        return self._found[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        """Take a command that is there already, as `Group.command` gives it."""
        summary = command.get_short_help_str(limit=1000)
        self.places[name] = Place("", summary)
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        """Forget a command."""
        del self.places[name]
        self._found.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        """Yield the names, importing nothing."""
        return iter(self.places)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.places)


class FullGroup(click.Group):
    """A group that lists its commands with their whole first sentence."""

    def summaries(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return each command's name and summary; the order is the alphabet's, as click has it."""
        names = self.list_commands(ctx)
        return [(name, self.commands[name].get_short_help_str(limit=1000)) for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write them under their heading."""
        with formatter.section("Commands"):
            formatter.write_dl(self.summaries(ctx))


class LazyGroup(FullGroup):
    """A group that lists its commands without importing them."""

    commands: LazyCommands

    def summaries(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return each command's name and summary, as their places have them."""
        return [(name, self.commands.places[name].summary) for name in self.list_commands(ctx)]
