"""`python -m ops`: the operator's command line."""

from ops import lean  # noqa: F401 - before what it keeps quick

from ops.cli import cli  # isort: skip

if __name__ == "__main__":
    cli(prog_name="python -m ops")
