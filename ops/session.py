"""Session: configuration and ledger of one command, and what to say when Redis is away."""

from __future__ import annotations

import functools
import getpass
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

import click
from dotenv import load_dotenv
from redis.exceptions import RedisError

from common.config import load_config_or_exit
from common.ledger import Ledger
from common.ledger.dead_letters import DeadLetters
from common.ledger.schema import NewerLedgerError, refuse_newer
from common.redis_client import make_redis
from ops.changes import AuditList

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.config import Config
    from common.routes import Route

P = ParamSpec("P")
# A command may ask for many things at once, and somebody is looking on: more patience than ingress.
REDIS_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Session:
    """What a command works with."""

    config: Config
    ledger: Ledger

    @property
    def dead_letters(self) -> DeadLetters:
        """The dead letters of all lanes."""
        return DeadLetters(self.ledger, self.config.routes)

    @property
    def audit(self) -> AuditList:
        """The list of changes."""
        return AuditList(self.ledger.redis, time.time)

    def note(self, what: str, on: str = "", **details: Any) -> None:
        """Put a change into the audit list, under the name of whoever is logged in here."""
        try:
            user = getpass.getuser()
        except OSError:  # a container's user may have no name
            user = "somebody"
        self.audit.note(f"{user} (command line)", what, on, **details)

    def route(self, name: str) -> Route:
        """Return a route; raises ClickException, which names those there are."""
        found = self.config.routes.named(name)
        if found is None:
            known = ", ".join(route.name for route in self.config.routes)
            raise click.ClickException(
                f"There is no route {name!r} in routes.toml; known: {known}."
            )
        return found


def read_dotenv() -> None:
    """Take what the environment does not say from .env in the current folder.

    While `make run` makes up settings of its own (an embedded Redis, the sandbox), they stand in
    .run/env, so that commands in a second terminal find the same bridge.
    """
    load_dotenv(Path.cwd() / ".env", override=False)
    load_dotenv(Path.cwd() / ".run" / "env", override=False)


def open_session() -> Session:
    """Read the configuration (exits with code 2 if it is wrong); nothing is sent yet."""
    read_dotenv()
    config = load_config_or_exit()
    return make_session(config)


def make_session(config: Config) -> Session:
    """Build the ledger of a configuration."""
    redis = make_redis(config.settings, socket_timeout_seconds=REDIS_TIMEOUT_SECONDS)
    return Session(config, Ledger(redis))


def with_session(command: Callable[Concatenate[Session, P], None]) -> Callable[P, None]:
    """Give a command its session; Redis trouble ends it with one message and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        session: Session = click.get_current_context().obj or open_session()
        try:
            refuse_newer(session.ledger.redis)
            command(session, *args, **kwargs)
        except NewerLedgerError as exc:
            raise click.ClickException(str(exc)) from exc
        except RedisError as exc:
            raise click.ClickException(redis_trouble(session.config, exc)) from exc

    return run


def redis_trouble(config: Config, exc: RedisError) -> str:
    """Say that Redis is away, and where it was looked for, without its password."""
    parts = urlsplit(config.settings.redis_url)
    host = parts.netloc.rpartition("@")[2]
    return (
        f"Redis at {parts.scheme}://{host}{parts.path} cannot be used: {exc} "
        "Is it running, and is REDIS_URL right?"
    )
