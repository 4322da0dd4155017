"""`send-test`: a correctly signed sample to the running ingress."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import click
import orjson
import requests

from ops.examples import example
from ops.output import note, print_json
from ops.parameters import as_json
from ops.samples import koji_ping, koji_result, mixpanel_page
from ops.session import Session, with_session
from ops.signing import sign
from ops.web import Web

if TYPE_CHECKING:
    from common.routes import Route

OK = 200
TIMEOUT_SECONDS = 10.0
PATHS = {"koji": "/webhooks/koji", "mixpanel": "/webhooks/mixpanel/cohorts"}


@click.command(
    "send-test", epilog=example("send-test koji", "send-test mixpanel --url https://bridge.example")
)
@click.argument("partner", type=click.Choice(list(PATHS)))
@click.option("--url", help="Where ingress is. Default: http://127.0.0.1:PORT")
@click.option("--route", "route_name", help="Whose cohort or study. Default: the first route.")
@click.option(
    "--result",
    is_flag=True,
    help="koji: send an analysed, anonymous interview instead of a ping; it is counted as skipped.",
)
@as_json
@with_session
def send_test(
    session: Session,
    partner: str,
    *,
    url: str | None,
    route_name: str | None,
    result: bool,
    as_json: bool,
) -> None:
    """Send ingress a signed sample, as PARTNER would.

    Nothing of it reaches anybody else. Exits 0 when ingress answers 200, as the partner would
    want it to.
    """
    if result and partner != "koji":
        raise click.UsageError("--result goes with koji.")
    config = session.config
    route = session.route(route_name) if route_name else next(iter(config.routes))
    address = (url or f"http://127.0.0.1:{config.settings.port}").rstrip("/") + PATHS[partner]
    options = _mixpanel(session, route) if partner == "mixpanel" else _koji(session, route, result)
    try:
        answer = Web().call("POST", address, timeout_seconds=TIMEOUT_SECONDS, **options)
    except requests.RequestException as exc:
        if as_json:
            error = f"no answer: {type(exc).__name__}"
            print_json({"url": address, "status": None, "body": None, "error": error})
        note(f"No answer from {address} ({type(exc).__name__}). Does ingress run there?")
        raise click.exceptions.Exit(1) from exc
    body = _body(answer)
    if as_json:
        print_json({"url": address, "status": answer.status_code, "body": body})
    else:
        click.echo(f"{address} answered {answer.status_code}: {answer.text[:1000]}")
    if answer.status_code != OK:
        raise click.exceptions.Exit(1)


def _koji(session: Session, route: Route, result: bool) -> dict[str, Any]:  # noqa: FBT001 - a flag
    now_seconds, delivery_id = int(time.time()), f"test_{uuid.uuid4().hex}"
    document = koji_result(route, delivery_id, now_seconds) if result else koji_ping(now_seconds)
    body = orjson.dumps(document)
    signature = sign(
        session.config.settings, body, now_seconds=now_seconds, delivery_id=delivery_id
    )
    return {"data": body, "headers": {"Content-Type": "application/json", **signature}}


def _mixpanel(session: Session, route: Route) -> dict[str, Any]:
    user, password = session.config.settings.mixpanel_webhook_credentials[0]
    auth = (user.encode(), password.encode())
    return {"json": mixpanel_page(route), "auth": auth}


def _body(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text[:1000]
