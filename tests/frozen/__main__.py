"""`python -m tests.frozen VERSION`: keep a ledger as the code of now writes it."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from ops.local.embedded_redis import EmbeddedRedis
from tests.frozen.book import write_book
from tests.frozen.dump import FILE, FOLDER, dump


def main(version: str) -> None:
    """Write tests/frozen/VERSION/ledger.json."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        sys.exit("Usage: python -m tests.frozen 0.1.0")
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedRedis(Path(folder)) as server,
        server.client() as redis,
    ):
        write_book(redis)
        path = FOLDER / version / FILE
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(dump(redis))
    print(f"Written: {path}")  # noqa: T201 - a command


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
