"""What a participant file holds."""

from __future__ import annotations

import io

import pytest

from common.errors import BadPayloadError
from common.routes import Route
from ops.member_files import read_members
from ops.members import make_person
from ops.participants import row


@pytest.mark.parametrize(
    ("text", "written"),
    [("=1+1", "'=1+1"), ("-5", "-5"), ("+1,5", "+1,5"), ("@x", "'@x"), ("pro", "pro")],
)
def test_a_sheet_runs_no_name_and_no_property(text: str, written: str) -> None:
    route = Route("r", "st", properties=("plan",))
    person = make_person(route, {"email": "=a@example.com", "plan": text, "name": text})
    made = row(route, person)
    assert (made["plan"], made["display_name"]) == (written, written)
    assert made["email"] == person.email


def test_a_broken_csv_names_its_line() -> None:
    with pytest.raises(BadPayloadError, match="line 3: not CSV"):
        read_members(io.StringIO('email\nann@example.com\n"' + "x" * 200_000))
