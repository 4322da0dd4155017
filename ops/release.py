"""`make release VERSION=1.2.3`: version, changelog and tag in one commit; nothing is published.

The version stands in `common/__init__.py` alone. Versions follow https://semver.org: once 1.0.0 is
out, what an operator must change for (settings, route keys, commands, HTTP) makes a major one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)\Z")
UNRELEASED = "## [Unreleased]"
_ENTRY = re.compile(r"^- ", re.MULTILINE)


class ReleaseError(Exception):
    """The release cannot be made; the text says what to do first."""


def number(version: str) -> tuple[int, int, int]:
    """Read `1.2.3`; raises ReleaseError."""
    match = VERSION.match(version)
    if match is None:
        raise ReleaseError(f"VERSION={version!r}: must be three numbers, such as 0.2.0.")
    major, minor, patch = map(int, match.groups())
    return major, minor, patch


def unreleased(changelog: str) -> str:
    """Return what stands under [Unreleased]; raises ReleaseError if that is no entry."""
    _, mark, rest = changelog.partition(f"{UNRELEASED}\n")
    if not mark:
        raise ReleaseError(f"CHANGELOG.md: has no {UNRELEASED}.")
    notes = rest.split("\n## [")[0]
    if not _ENTRY.search(notes):
        raise ReleaseError("CHANGELOG.md: nothing stands under [Unreleased]; say what changes.")
    return re.sub(r"^To become .*\n+", "", notes.strip() + "\n", flags=re.MULTILINE).strip()


def released(changelog: str, version: str, day: str) -> str:
    """Return the changelog with what was unreleased under its version."""
    notes = unreleased(changelog)
    head, _, rest = changelog.partition(UNRELEASED)
    older = rest[rest.index("\n## [") + 1 :] if "\n## [" in rest else ""
    return f"{head}{UNRELEASED}\n\n## [{version}] - {day}\n\n{notes}\n\n{older}".rstrip() + "\n"


def git(folder: Path, *arguments: str) -> str:
    """Run git; raises ReleaseError with what it said."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        ["git", *arguments],  # noqa: S607 - the git on the path
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise ReleaseError(f"git {arguments[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


def release(folder: Path, version: str, day: str) -> str:
    """Make the commit and its tag; raises ReleaseError and leaves things as they were."""
    wanted, tag = number(version), f"v{version}"
    if git(folder, "status", "--porcelain"):
        raise ReleaseError("There are uncommitted changes: commit or stash them first.")
    versions = [name[1:] for name in git(folder, "tag", "--list", "v*").split()]
    newest = max((number(one) for one in versions if VERSION.match(one)), default=(-1, 0, 0))
    if wanted <= newest:
        last = ".".join(map(str, newest))
        raise ReleaseError(f"{version} does not come after {last}, the newest release.")
    changelog, module = folder / "CHANGELOG.md", folder / "common" / "__init__.py"
    text = changelog.read_text(encoding="utf-8")
    notes, after = unreleased(text), released(text, version, day)
    code, places = re.subn(
        r'^__version__ = ".*"$',
        f'__version__ = "{version}"',
        module.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    if places != 1:
        raise ReleaseError("common/__init__.py: must set __version__ once.")
    changelog.write_text(after, encoding="utf-8")
    module.write_text(code, encoding="utf-8")
    try:
        git(folder, "commit", "--quiet", "--all", "--message", f"Release {version}")
    except ReleaseError:  # a hook said no
        git(folder, "checkout", "HEAD", "--", ".")
        raise
    git(folder, "tag", "--annotate", tag, "--cleanup=verbatim", "--message", f"{tag}\n\n{notes}\n")
    return tag


def main() -> None:
    """Release the version that was given, as of today (UTC)."""
    day = datetime.now(UTC).date().isoformat()
    try:
        tag = release(ROOT, sys.argv[1] if len(sys.argv) > 1 else "", day)
    except ReleaseError as exc:
        sys.exit(str(exc))
    print(f"{tag} is committed and tagged. To publish it: git push --follow-tags")


if __name__ == "__main__":
    main()
