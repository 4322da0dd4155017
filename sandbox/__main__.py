"""`python -m sandbox`: a local Koji and a local Mixpanel."""

import asyncio
import os
import sys

from sandbox.options import parse_options
from sandbox.server import run


def main() -> int:
    """Run until told to stop; 1 if a port is taken."""
    options = parse_options(sys.argv[1:], os.environ)
    try:
        asyncio.run(run(options))
    except OSError as exc:
        sys.stderr.write(f"sandbox: {exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
