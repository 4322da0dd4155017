"""ops/release.py: a version, its changelog and its tag, in a repository of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops.local.supervised import ROOT
from ops.release import ReleaseError, git, release, released, unreleased

if TYPE_CHECKING:
    from pathlib import Path

CHANGELOG = """# Changelog

## [Unreleased]

To become 0.2.0.

### Added

- Routes that rest at night.

## [0.1.0] - 2026-01-01

- The first.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "__init__.py").write_text('"""Ours."""\n\n__version__ = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "Ada")
    git(tmp_path, "config", "user.email", "ada@example.com")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    git(tmp_path, "tag", "v0.1.0")
    return tmp_path


def test_a_release_is_one_commit_with_a_tag_that_says_what_changed(folder: Path) -> None:
    assert release(folder, "0.2.0", "2026-11-24") == "v0.2.0"
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "log", "-1", "--format=%s") == "Release 0.2.0"
    assert (folder / "common" / "__init__.py").read_text().endswith('__version__ = "0.2.0"\n')
    assert (folder / "CHANGELOG.md").read_text() == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-24\n\n### Added\n\n"
        "- Routes that rest at night.\n\n## [0.1.0] - 2026-01-01\n\n- The first.\n"
    )
    notes = git(folder, "tag", "--list", "v0.2.0", "--format=%(contents)")
    assert notes.split() == [
        "v0.2.0",
        "###",
        "Added",
        "-",
        "Routes",
        "that",
        "rest",
        "at",
        "night.",
    ]


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("", "three numbers"),
        ("0.2", "three numbers"),
        ("v0.2.0", "three numbers"),
        ("0.02.0", "three numbers"),
        ("0.1.0", "does not come after 0.1.0"),
        ("0.0.9", "does not come after 0.1.0"),
    ],
)
def test_a_version_that_cannot_be_next_is_refused(folder: Path, version: str, why: str) -> None:
    with pytest.raises(ReleaseError, match=why):
        release(folder, version, "2026-11-24")
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "tag", "--list") == "v0.1.0"


def test_ten_comes_after_nine(folder: Path) -> None:
    git(folder, "tag", "v0.9.0")
    assert release(folder, "0.10.0", "2026-11-24") == "v0.10.0"


def test_uncommitted_work_is_not_released(folder: Path) -> None:
    (folder / "note.txt").write_text("half done")
    with pytest.raises(ReleaseError, match="uncommitted"):
        release(folder, "0.2.0", "2026-11-24")


def test_a_second_release_needs_something_new(folder: Path) -> None:
    release(folder, "0.2.0", "2026-11-24")
    with pytest.raises(ReleaseError, match="nothing stands under"):
        release(folder, "0.3.0", "2026-11-24")


def test_a_hook_that_refuses_leaves_things_as_they_were(folder: Path) -> None:
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not like this >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(ReleaseError, match="not like this"):
        release(folder, "0.2.0", "2026-11-24")
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "tag", "--list") == "v0.1.0"


def test_a_changelog_without_its_head_is_refused() -> None:
    with pytest.raises(ReleaseError, match="has no"):
        unreleased("# Changelog\n")


def test_the_first_release_has_nothing_older() -> None:
    text = "# Changelog\n\n## [Unreleased]\n\n- One.\n"
    assert released(text, "0.1.0", "2026-11-24") == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-11-24\n\n- One.\n"
    )


def test_our_own_changelog_can_be_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [9.9.9] - 2026-11-24\n\n### Added" in released(text, "9.9.9", "2026-11-24")


def test_the_version_stands_in_one_place() -> None:
    assert "version" not in [
        line.split("=")[0].strip()
        for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
        if not line.startswith("version = { attr")
    ]
