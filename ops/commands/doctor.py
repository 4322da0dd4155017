"""`doctor`: everything is as the bridge needs it, or how to mend it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
from redis.exceptions import RedisError

from common.celery_app import make_celery
from common.config import USAGE_EXIT_CODE, load_config
from common.errors import ConfigError
from ops.checks import Check
from ops.checks.clocks import Clocks
from ops.checks.fleet import check_fleet
from ops.checks.partners import check_koji, check_mixpanel
from ops.checks.redis_server import check_redis
from ops.checks.settings import check_settings
from ops.examples import example
from ops.output import note, print_json
from ops.parameters import as_json
from ops.session import Session, make_session, read_dotenv
from ops.tables import Bad, add_row, draw, make_table
from ops.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command(epilog=example("doctor", "doctor --json"))
@click.pass_context
@as_json
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Check Redis, credentials, routes, clocks and workers.

    Nothing is changed anywhere; asking Koji uses two calls of each key's rate limit. Exits 1 if
    something is wrong, 2 if the configuration cannot even be read.
    """
    checks, wrong = _examine(context.obj)
    if as_json:
        told = [{"name": one.name, "ok": one.ok, "detail": one.detail} for one in checks]
        print_json({"checks": told})
        for one in checks:
            if not one.ok:
                note(f"{one.name}: {one.detail}")
    else:
        table = make_table("", "", "check", "detail")
        for one in checks:
            add_row(table, "ok" if one.ok else Bad("NOT OK"), one.name, one.detail)
        draw(table)
        bad = sum(not one.ok for one in checks)
        note(f"{bad} of {len(checks)} checks found something." if bad else "All is well.")
    if wrong:
        raise click.exceptions.Exit(wrong)


def _examine(session: Session | None) -> tuple[list[Check], int]:
    """Return the checks and the exit code."""
    if session is None:
        read_dotenv()
        try:
            session = make_session(load_config())
        except ConfigError as exc:
            return [
                Check("settings", ok=False, detail=one) for one in exc.problems
            ], USAGE_EXIT_CODE
    checks = list(examine(session, Web()))
    return checks, int(not all(one.ok for one in checks))


def examine(session: Session, web: Web) -> Iterator[Check]:
    """Yield every check, in the order in which they are best mended."""
    config, redis = session.config, session.ledger.redis
    clocks = Clocks()
    yield from check_settings(config)
    reachable = True
    for check in check_redis(config, redis):
        reachable = reachable and (check.ok or check.name != "redis")
        yield check
    for ask in (check_koji, check_mixpanel):
        yield from ask(config, web, lambda who, answer: clocks.answered(who, answer, time.time()))
    if reachable:
        try:
            clocks.told("Redis", session.ledger.now_ms() / 1000, time.time())
            yield from check_fleet(session, make_celery(config.settings))
        except RedisError as exc:
            yield Check("ledger", ok=False, detail=f"could not be read: {exc}")
    yield clocks.check()
