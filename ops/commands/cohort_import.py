"""`cohort import`: members from a CSV file into the inbox."""

from __future__ import annotations

import os
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from common.errors import BadPayloadError
from common.ledger import INBOX
from common.messages import CohortPage
from ops.examples import example
from ops.member_stream import Stream
from ops.output import bar, counted, note, print_json
from ops.parameters import as_json
from ops.session import Session, with_session
from ops.tables import add_row, draw, make_table

if TYPE_CHECKING:
    from typing import TextIO

PAGE_MEMBERS = 1000
SOURCE = "import"
# So many pages unpacked yet are enough: Redis need not hold a whole file twice.
MOST_WAITING_PAGES = 200
PAUSE_SECONDS = 0.1
PATIENCE_SECONDS = 30.0


@click.command(
    "import",
    epilog=example(
        "cohort import members.csv --route activation-dropoffs",
        "cohort import - --route NAME --dry-run < members.csv",
    ),
)
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--route", "route_name", required=True, help="The route that the members take.")
@click.option("--dry-run", is_flag=True, help="Read and check the file; nobody is invited.")
@as_json
@with_session
def import_members(
    session: Session, file: TextIO, *, route_name: str, dry_run: bool, as_json: bool
) -> None:
    """Invite the members in FILE, a CSV as Mixpanel exports it; - is stdin.

    The first line names the columns: email or distinct_id (also as $email, "Distinct ID" and the
    like), names, and the route's properties; other columns are not read. Members take the same
    way as those of a sync, so nobody is invited twice and the command may be run again, also
    after it was cut short. `plan` tells beforehand what would come of it. Exits 1 if no row was
    of use.
    """
    route, size = session.route(route_name), _size(file)
    stream, accepted, pages, somebody_unpacks = Stream(), 0, 0, True
    received_at_ms, number = session.ledger.now_ms(), uuid.uuid4().hex
    try:
        with bar("Importing", quiet=as_json) as show:
            for members in stream.pages(file, route, PAGE_MEMBERS):
                accepted, pages = accepted + len(members), pages + 1
                if not dry_run:
                    somebody_unpacks = somebody_unpacks and _make_room(session)
                    page = CohortPage(
                        action="add_members",
                        route=route.name,
                        cohort_id=route.cohort_id or "",
                        members=members,
                        received_at_ms=received_at_ms,
                        source=SOURCE,
                        trace_id=number,
                    )
                    session.ledger.add(INBOX, [(f"page:{number}-{pages}", page.encode())])
                show(_position(file), size)
    except BadPayloadError as exc:
        before = f"; {accepted:,} members before it were taken" if accepted and not dry_run else ""
        raise click.ClickException(f"{file.name}: {exc}{before}.") from exc
    finally:
        if pages and not dry_run:
            session.note("import members", route.name, accepted=accepted)
    told = {
        "route": route.name,
        "rows": stream.rows,
        "accepted": accepted,
        "rejected": stream.rejected,
        "errors": stream.errors,
        "pages": pages,
        "dry_run": dry_run,
    }
    if as_json:
        print_json(told)
    else:
        done = "would be taken" if dry_run else "taken"
        taken = f"{counted(accepted, 'member')} {done}"
        click.echo(f"{counted(stream.rows, 'row')}, {taken}, {stream.rejected:,} not.")
        if stream.errors:
            table = make_table("Not taken", "line", "why", numbers=("line",))
            for one in stream.errors:
                add_row(table, one["line"], one["error"])
            draw(table)
        if accepted and not dry_run:
            note(f"python -m ops status shows how far {route.name} is.")
    if not accepted:
        raise click.exceptions.Exit(1)


def _make_room(session: Session) -> bool:
    """Wait while workers are behind; False if none seems to be there: Redis keeps it all."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while session.ledger.redis.zcard(INBOX.key("pending")) > MOST_WAITING_PAGES:
        if time.monotonic() > give_up_at:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def _size(file: TextIO) -> int | None:
    """Return the bytes of a file, None for a pipe."""
    with suppress(OSError, ValueError):
        return os.fstat(file.fileno()).st_size or None
    return None


def _position(file: TextIO) -> int:
    """Return how many bytes were read, roughly: a reader looks ahead."""
    with suppress(OSError, ValueError):
        return file.buffer.tell()
    return 0
