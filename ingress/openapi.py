"""docs/openapi.yaml from the schemas of `ingress.documents`: `make openapi` writes it anew.

A unit test keeps the file equal to this, a functional test the file equal to what a running ingress
does. Only development needs apispec (apispec.readthedocs.io).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

import common
from common.reading import EXACT_INTEGERS, TEXT_CHARS
from ingress import documents
from ingress.cohort_payload import IdField

if TYPE_CHECKING:
    from marshmallow import fields as ma

FILE = Path(__file__).parent.parent / "docs" / "openapi.yaml"
SAYS = {
    "200": "Stored on disk, or of no use to the bridge; the body tells which",
    "400": "Not understood: the message names the field. Sending it again will not help",
    "401": "The signature, password or token is missing or wrong; which check failed is not told",
    "404": "No route of routes.toml takes this cohort; the message shows the lines to add",
    "413": "Over MAX_BODY_BYTES, as sent or after inflation",
    "503": "Could not be stored; send it again after Retry-After seconds",
}
DESCRIPTION = """\
What Mixpanel, Koji and other senders call. 200 is answered once the payload is on disk in Redis.
Bodies may be gzipped (`Content-Encoding: gzip`); a signature covers the bytes as sent."""


def spec() -> APISpec:
    """Return the document."""
    plugin = MarshmallowPlugin()
    made = APISpec(
        "Ingress of the Mixpanel and Koji bridge",
        common.__version__,
        "3.1.0",
        info={"description": DESCRIPTION},
        plugins=[plugin],
    )
    # Ids come as numbers, too.
    plugin.converter.add_attribute_function(_id_property)  # type: ignore[union-attr]
    schemes = {
        "mixpanel": {"type": "http", "scheme": "basic"},
        "token": {"type": "http", "scheme": "bearer"},
        "koji": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Koji-Signature",
            "description": "HMAC-SHA256 of the body, in hex; KOJI_SIGNATURE_SCHEME has others",
        },
    }
    for name, scheme in schemes.items():
        made.components.security_scheme(name, scheme)
    _post(made, "/webhooks/mixpanel/cohorts", "A page of a cohort", "mixpanel")
    _post(made, "/webhooks/koji", "An analysed interview", "koji")
    _post(made, "/members", "People from elsewhere; 404 while MEMBERS_API_TOKENS is empty", "token")
    for path, summary, statuses in (
        ("/healthz", "Whether the process lives", ("200",)),
        ("/readyz", "Whether Redis answers too", ("200", "503")),
    ):
        answers = {status: _answer(documents.Health, summary) for status in statuses}
        made.path(path, operations={"get": {"summary": summary, "responses": answers}})
    text = {"text/plain": {"schema": {"type": "string"}}}
    figures = {"200": {"description": "Prometheus text, nothing personal", "content": text}}
    made.path("/metrics", operations={"get": {"summary": "Figures", "responses": figures}})
    return made


BODIES: dict[str, Any] = {
    "mixpanel": documents.CohortCall,
    "koji": documents.KojiDelivery,
    "token": {
        "anyOf": [
            documents.MemberBatch,
            documents.MemberRow,
            {"type": "array", "items": documents.MemberRow},
        ]
    },
}
ROUTE = {
    "name": "route",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "The route of rows that name none, for senders that cannot add a field",
}
ANSWERS = {
    "mixpanel": (documents.CohortAnswer, documents.CohortFailure),
    "koji": (documents.KojiAnswer, documents.Failure),
    "token": (documents.MembersAnswer, documents.Failure),
}


def _post(made: APISpec, path: str, summary: str, security: str) -> None:
    good, bad = ANSWERS[security]
    statuses = [status for status in SAYS if status != "404" or security == "mixpanel"]
    responses = {
        status: _answer(good if status == "200" else bad, SAYS[status]) for status in statuses
    }
    responses["503"]["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
    if security != "koji":
        responses["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    body = {"required": True, "content": {"application/json": {"schema": BODIES[security]}}}
    parameters = {"parameters": [ROUTE]} if security == "token" else {}
    made.path(
        path,
        operations={
            "post": {
                "summary": summary,
                **parameters,
                "security": [{security: []}],
                "requestBody": body,
                "responses": responses,
            }
        },
    )


def _answer(schema: Any, says: str) -> dict[str, Any]:
    return {"description": says, "content": {"application/json": {"schema": schema}}}


def _id_property(_: Any, field: ma.Field[Any], **__: Any) -> dict[str, Any]:
    if not isinstance(field, IdField):
        return {}
    text = {"type": "string", "maxLength": TEXT_CHARS}
    text["pattern"] = field.metadata.get("pattern", documents.SPOKEN)
    number = {"type": "integer", "minimum": -EXACT_INTEGERS, "maximum": EXACT_INTEGERS}
    nothing = [{"type": "null"}] if field.allow_none else []
    return {"anyOf": [text, number, *nothing]}


def main() -> None:
    """Write the file."""
    FILE.write_text(spec().to_yaml({"sort_keys": False, "allow_unicode": True}), encoding="utf-8")


if __name__ == "__main__":
    main()
