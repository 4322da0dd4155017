"""What `python -m ops` spares itself is still there for whoever needs it."""

from __future__ import annotations

import re
import subprocess
import sys

from ops.local.supervised import ROOT

# In a process of its own: `ops.lean` is meant for the command line alone.
CODE = """
import re, sys
from ops import lean
from marshmallow import ValidationError, validate

late = validate.Email.DOMAIN_REGEX
assert isinstance(late, lean.LatePattern), type(late)
assert isinstance(validate.Email.USER_REGEX, re.Pattern)
assert isinstance(re.compile("a", re.IGNORECASE), re.Pattern)
validate.Email()("ann@ex\u00e4mple.com")
try:
    validate.Email()("ann@example")
except ValidationError:
    print("refused", sys.modules["opentelemetry"])
"""


def test_a_pattern_that_is_compiled_late_matches_as_any_other() -> None:
    compile_before = re.compile
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "refused None"
    assert re.compile is compile_before
