"""Sample payloads for every house."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOADS = Path(__file__).parent / "payloads"


@pytest.fixture
def payload() -> Callable[[str], Any]:
    """Read a payload as a partner sends it, by its name."""
    return lambda name: orjson.loads((PAYLOADS / f"{name}.json").read_bytes())
