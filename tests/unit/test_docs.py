"""The documents: what they say is there."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from common.route_reading import parse_routes
from common.settings_schema import SettingsSchema
from ops.cli import cli
from ops.local.supervised import ROOT
from ops.settings_docs import env_example, table, with_environment, with_table

if TYPE_CHECKING:
    from pathlib import Path

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")],
    key=lambda path: path.as_posix(),
)
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
OURS = {name.upper() for name in SettingsSchema().fields}
# Names in capitals that are no variable of ours.
NOT_OURS = {
    "NAME_FILE",  # stands for the NAME_FILE of any variable
    *("HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),  # common/outside.py
    "BRIDGE_TAG",  # read by docker-compose.yml
}
# Made by whoever runs the bridge, so not in the repository.
MADE_LATER = {"routes.toml", "site/"}

FENCED = re.compile(r"^ *```[a-z]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
VARIABLE = re.compile(r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=.*)?")
ASSIGNED = re.compile(r"^\s*(?:export )?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=", re.MULTILINE)
MAKE = re.compile(r"\bmake ([a-z.][a-z.-]*)")
OPS = re.compile(r"python -m ops ([a-z][a-z-]*)")
IN_CODE = re.compile(r"([\w./-]+\.(?:py|lua|md|toml))(?::([A-Za-z_][\w.]*))?")
# A path of somebody's machine; the bridge's own URL paths begin with other words.
OUTSIDE = re.compile(r"(?<![\w.:/-])(?:~|/(?:home|root|Users|tmp|work|var|usr|opt|etc|mnt|srv))/\S")
# Where docs/deploy.md and deploy/systemd put the bridge on a machine.
INSTALLED = re.compile(r"/(?:opt/bridge|etc/bridge|etc/systemd/system)[\w./@*-]*")


def prose(text: str) -> str:
    return FENCED.sub("", text)


def inline(text: str) -> list[str]:
    return INLINE.findall(prose(text))


def code(text: str) -> list[str]:
    return [*FENCED.findall(text), *inline(text)]


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def defined(path: Path) -> set[str]:
    """Return the functions and classes of a module, and `Class.method`."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, kinds):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, kinds)
            }
    return found


@pytest.fixture(params=DOCUMENTS, ids=NAMES)
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def test_the_readmes_table_of_settings_is_the_one_of_now() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert table() in readme, "run: make env-example"
    assert with_table(readme) == readme


def test_the_example_of_env_is_the_one_of_now() -> None:
    written = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert written == env_example(), "run: make env-example"


def test_compose_passes_on_the_settings_of_now() -> None:
    written = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert "  KOJI_RATE_LIMIT: ${KOJI_RATE_LIMIT:-60/minute}\n" in written
    assert with_environment(written) == written, "run: make env-example"


def test_every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading(
    document: Path, text: str
) -> None:
    for link in LINK.findall(prose(text)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, fragment = link.partition("#")
        path = (document.parent / target).resolve() if target else document
        assert path.is_relative_to(ROOT), f"{link} leads out of the repository"
        assert path.exists(), f"{link} leads nowhere"
        if fragment:
            headings = HEADING.findall(prose(path.read_text(encoding="utf-8")))
            assert fragment in {anchor(heading) for heading in headings}, f"{link}: no such heading"


def test_every_make_target_is_in_the_makefile(text: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z.][a-z.-]*):", makefile, re.MULTILINE))
    named = {target for piece in code(text) for target in MAKE.findall(piece)}
    assert named <= targets


def test_every_variable_is_one_of_ours(text: str) -> None:
    named = {match[1] for piece in inline(text) if (match := VARIABLE.fullmatch(piece))}
    named |= {name for block in FENCED.findall(text) for name in ASSIGNED.findall(block)}
    with_files = OURS | {f"{name}_FILE" for name in OURS}
    assert named - NOT_OURS <= with_files


def test_every_file_and_every_function_that_is_named_exists(document: Path, text: str) -> None:
    for piece in inline(text):
        match = IN_CODE.fullmatch(piece)
        if not match or match[1] in MADE_LATER:
            continue
        places = [ROOT / match[1], document.parent / match[1]]
        if match[1].endswith(".lua") and "/" not in match[1]:
            places.append(ROOT / "common" / "ledger" / "lua" / match[1])
        path = next((place for place in places if place.is_file()), None)
        assert path is not None, f"{piece}: no such file"
        if match[2]:
            assert match[2] in defined(path), f"{piece}: not defined there"


def test_every_folder_that_is_named_exists(text: str) -> None:
    folders = [piece for piece in inline(text) if re.fullmatch(r"[a-z][\w-]*(/[\w-]+)*/", piece)]
    for folder in set(folders) - MADE_LATER:
        assert (ROOT / folder).is_dir(), folder


def test_every_command_of_the_operator_exists(text: str) -> None:
    named = {name for piece in code(text) for name in OPS.findall(piece)}
    assert named <= set(cli.commands)


def test_every_route_that_is_shown_can_be_read(text: str) -> None:
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        routes, problems = parse_routes(block)
        assert not problems
        assert len(routes)


def test_no_path_of_anybodys_machine_is_named(text: str) -> None:
    assert not OUTSIDE.findall(INSTALLED.sub("", text))


@pytest.mark.parametrize("path", DECISIONS, ids=[path.stem for path in DECISIONS])
def test_a_decision_has_its_number_and_three_parts_and_is_listed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    title, *parts = HEADING.findall(text)
    assert title.startswith(f"{int(path.stem[:4])}. ")
    assert parts == ["Context", "Decision", "Consequences"]
    assert f"]({path.name})" in (path.parent / "README.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.stem[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
