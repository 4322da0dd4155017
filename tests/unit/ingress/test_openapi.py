"""docs/openapi.yaml is what the schemas say, and names every route of ingress."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from marshmallow import ValidationError

from ingress import documents
from ingress.openapi import FILE, main, spec

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.ingress.conftest import Bench

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture(scope="module")
def document() -> Any:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def test_the_file_is_the_one_of_now(document: Any) -> None:
    assert document == spec().to_dict(), "run: make openapi"


def test_writing_it_anew_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingress.openapi.FILE", tmp_path / "openapi.yaml")
    main()
    assert (tmp_path / "openapi.yaml").read_text(encoding="utf-8") == FILE.read_text("utf-8")


def test_every_route_of_ingress_stands_in_it(bench: Bench, document: Any) -> None:
    ours = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in bench.app().url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
    }
    shown = {(path, method) for path, item in document["paths"].items() for method in item}
    assert shown == ours


def test_every_way_in_needs_a_proof_of_who_sends(document: Any) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert (method == "get") != ("security" in operation), path


@pytest.mark.parametrize("schema", [documents.CohortCall, documents.KojiDelivery])
def test_the_schemas_name_what_is_missing(schema: Any) -> None:
    with pytest.raises(ValidationError, match="Missing data"):
        schema().load({})
