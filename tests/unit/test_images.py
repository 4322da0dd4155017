"""Images of others are held to a digest, and `make pin-images` holds them anew."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from ops.local.supervised import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FILES = ["Dockerfile", "docker-compose.yml", "deploy/k8s/components/redis/redis.yaml"]
NAMED = re.compile(
    r"^(?:FROM|\s*image:)\s+([a-z0-9./-]+:[\w.-]+)(?:@(sha256:[0-9a-f]{64}))?(?:\s|$)", re.MULTILINE
)
NEW = f"sha256:{'0f' * 32}"
DOCKER = """#!/bin/sh
test "$1 $2 $3 $5 $6" = "buildx imagetools inspect --format {{.Manifest.Digest}}" || exit 9
echo "$4" >>asked
echo "%s"
"""


def images(folder: Path) -> list[tuple[str, str]]:
    texts = [(folder / name).read_text(encoding="utf-8") for name in FILES]
    return [found for text in texts for found in NAMED.findall(text)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in [*FILES, "deploy/pin-images.sh"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def pin(tree: Path, digest: str) -> subprocess.CompletedProcess[str]:
    docker = tree / "docker"
    docker.write_text(DOCKER % digest, encoding="utf-8")
    docker.chmod(0o755)
    return subprocess.run(
        [str(tree / "deploy" / "pin-images.sh")],
        env={**os.environ, "PATH": f"{tree}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
        text=True,
    )


def test_all_but_grafana_are_held_and_everywhere_to_the_same() -> None:
    found = images(ROOT)
    held = {image: digest for image, digest in found if digest}
    assert set(found) - set(held.items()) == {("grafana/grafana:12.4.3", "")}
    assert {image.partition(":")[0] for image in held} == {
        *("python", "valkey/valkey", "prom/prometheus")
    }


def test_every_image_gets_the_digest_its_tag_has_now_and_nothing_else_changes(tree: Path) -> None:
    done = pin(tree, NEW)
    assert done.returncode == 0, done.stderr
    assert {digest for _, digest in images(tree)} == {NEW}
    asked = (tree / "asked").read_text(encoding="utf-8").split()
    assert sorted(asked) == sorted(image for image, _ in images(ROOT))
    for name in FILES:
        without = [
            re.sub(r"@sha256:[0-9a-f]{64}", "", (folder / name).read_text(encoding="utf-8"))
            for folder in (ROOT, tree)
        ]
        assert without[0] == without[1]
    assert pin(tree, NEW).returncode == 0
    assert {digest for _, digest in images(tree)} == {NEW}, "a second time changes nothing"


def test_an_answer_that_is_no_digest_changes_nothing(tree: Path) -> None:
    done = pin(tree, "no such manifest")
    assert done.returncode == 1
    assert "gave no digest for" in done.stderr
    assert images(tree) == images(ROOT)
