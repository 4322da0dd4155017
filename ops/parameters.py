"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from common.ledger.dead_letters import LANES
from common.rates import Rate

if TYPE_CHECKING:
    from collections.abc import Callable

Command = TypeVar("Command", bound="Callable[..., Any]")

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d{1,6})([smhdw])")


class Since(click.ParamType[int]):
    """`1h`, `7d` or an ISO time (UTC where it has no offset), as Unix ms."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the value; raises BadParameter with the accepted forms."""
        if isinstance(value, int):
            return value
        ago = _AGO.fullmatch(value.strip().lower())
        if ago:
            return round(1000 * (time.time() - int(ago[1]) * _SECONDS[ago[2]]))
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            self.fail(f"{value!r} is neither like 1h or 7d nor like 2026-05-27T10:00Z.", param, ctx)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(1000 * moment.timestamp())


class Pace(click.ParamType[Rate]):
    """`30/minute`."""

    name = "n/minute"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Rate:
        """Read the value; raises BadParameter with the accepted form."""
        if isinstance(value, Rate):
            return value
        try:
            return Rate.parse(value)
        except ValueError as exc:
            self.fail(f"{exc}.", param, ctx)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")


def letter_filters(command: Command) -> Command:
    """Add the options that choose dead letters."""
    for option in (
        click.option(
            "--since",
            type=Since(),
            default=0,
            show_default="all",
            help="Only what died since: 1h, 7d or an ISO time.",
        ),
        click.option("--route", default="", help="Only letters of this route."),
        click.option("--reason", default="", help="Only letters with this reason."),
        click.option("--lane", type=click.Choice(list(LANES)), help="Only letters of this lane."),
    ):
        command = option(command)
    return command
