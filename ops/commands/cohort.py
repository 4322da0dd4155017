"""`cohort`: members without a webhook, in and out as files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops.commands.cohort_import import import_members
from ops.commands.plan import read_people
from ops.commands.pull import pull
from ops.examples import example
from ops.foresight import NEW, foresee
from ops.lazy_commands import FullGroup
from ops.output import counted, note, print_json
from ops.parameters import as_json
from ops.participants import is_private, write_files
from ops.session import Session, with_session

if TYPE_CHECKING:
    from typing import TextIO


@click.group(
    cls=FullGroup,
    epilog=example(
        "cohort pull --route activation-dropoffs",
        "cohort import members.csv --route activation-dropoffs",
    ),
)
def cohort() -> None:
    """Bring in cohort members without a webhook, or write files of them for Koji."""


cohort.add_command(pull)
cohort.add_command(import_members)


@cohort.command(
    "csv", epilog=example("cohort csv members.json --route activation-dropoffs --out /tmp")
)
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--route", "route_name", required=True, help="The route that the members would take.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, exists=True, writable=True, path_type=Path),
    default=".",
    show_default=True,
    help="The folder for koji-ROUTE-1.csv, koji-ROUTE-2.csv …",
)
@click.option("--all", "everybody", is_flag=True, help="Also who was invited or is in cool-down.")
@as_json
@with_session
def to_csv(
    session: Session,
    file: TextIO,
    *,
    route_name: str,
    out: Path,
    everybody: bool,
    as_json: bool,
) -> None:
    """Turn the members in FILE (JSON list or CSV) into participant files for Koji's dashboard.

    500 rows a file, as Koji takes. Who was invited to this study already or is in cool-down is
    left out. The ledger does not learn that these people were invited.
    """
    route = session.route(route_name)
    skipped: Counter[str] = Counter()
    chosen = []
    for person, outcome in foresee(session.ledger, route, read_people(route, file)):
        wanted = outcome == NEW or (everybody and outcome in {"already_invited", "in_cooldown"})
        if not wanted or person.refusal:
            skipped[person.refusal or outcome] += 1
        elif is_private(route, person):
            skipped["distinct_id_is_an_address"] += 1
        else:
            chosen.append(person)
    try:
        files = write_files(out, route, chosen)
    except OSError as exc:
        raise click.ClickException(f"{exc}; nothing was written.") from exc
    if as_json:
        told = [{"path": str(path), "rows": rows} for path, rows in files]
        print_json({"route": route.name, "rows": len(chosen), "files": told, "skipped": skipped})
    else:
        for path, rows in files:
            click.echo(f"{path}: {counted(rows, 'row')}")
        for why, n in sorted(skipped.items()):
            note(f"{n:,} left out: {why.replace('_', ' ')}")
    if not files:
        if not as_json:
            note("Nobody is left to write.")
        raise click.exceptions.Exit(1)
