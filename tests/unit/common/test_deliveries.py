"""Route keys and settings of deliveries: what is missing or wrong is told at start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.config import load_config
from common.errors import ConfigError
from common.mail_templates import render
from common.route_reading import parse_routes
from tests.support.environment import ROUTES, smallest_environ

if TYPE_CHECKING:
    from pathlib import Path

HOOK = 'deliver = "webhook"\n[routes.webhook]\nurl = "{}"\nsecret_env = "HOOK_SECRET"\n'
MAIL = 'deliver = "smtp"\n[routes.mail]\nsubject = "Hi"\n'
SECRET = {"HOOK_SECRET": "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}
SMTP = {"SMTP_HOST": "mail.example.com", "SMTP_FROM": "r@example.com"}


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('deliver = "pigeon"\n', "deliver: Must be one of"),
        ('deliver = "smtp"\n', 'mail: deliver = "smtp" needs it'),
        ('deliver = "webhook"\n', 'webhook: deliver = "webhook" needs it'),
        (MAIL + 'text = "come"\n', "must hold {{ link }}"),
        (MAIL + 'text = "{{ link }} {{ secret }}"\n', "unknown name 'secret'"),
        (MAIL + 'text = "{{ link"\n', "line 1:"),
        (MAIL + 'text = "{{ link }}"\ntext_file = "a"\n', "both set"),
        (MAIL + 'text_file = "missing.txt"\n', "cannot read missing.txt"),
        (MAIL + 'text = "{{ link }}"\nlist_unsubscribe = "ftp://x"\n', "https:// or mailto:"),
    ],
)
def test_a_route_that_cannot_deliver_is_told(keys: str, told: str) -> None:
    _, problems = parse_routes(ROUTES + keys)
    assert told in "\n".join(problems)


def test_templates_may_lie_beside_the_routes(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("Come: {{ link }}")
    (tmp_path / "mail.html").write_text("<a href='{{ link }}'>come</a>")
    environ = smallest_environ(
        tmp_path, ROUTES + MAIL + 'text_file = "mail.txt"\nhtml_file = "mail.html"\n'
    )
    mail = next(iter(load_config({**environ, **SMTP}).routes)).mail
    assert mail is not None
    assert (mail.text, mail.html) == ("Come: {{ link }}", "<a href='{{ link }}'>come</a>")


@pytest.mark.parametrize(
    ("keys", "environ", "told"),
    [
        (HOOK.format("https://x.test"), {}, "HOOK_SECRET: not set"),
        (HOOK.format("https://x.test"), {"HOOK_SECRET": "no base64!"}, "must be whsec_"),
        (HOOK.format("http://x.test"), SECRET, "must be https://"),
        (MAIL + 'text = "{{ link }}"\n', {}, "SMTP_HOST: not set"),
        ("", {**SMTP, "SMTP_SECURITY": "none"}, "SMTP_SECURITY: none is for loopback"),
        ("", {**SMTP, "SMTP_USER": "u"}, "set both or neither"),
    ],
)
def test_settings_that_a_delivery_needs_are_told(
    tmp_path: Path, keys: str, environ: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigError) as wrong:
        load_config({**smallest_environ(tmp_path, ROUTES + keys), **environ})
    assert told in str(wrong.value)


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    environ = smallest_environ(tmp_path, ROUTES + HOOK.format("http://127.0.0.1:9/x"))
    assert load_config({**environ, **SECRET}).webhook_secrets == SECRET


def test_html_escapes_what_a_person_is_called() -> None:
    assert render("{{ name }}", {"name": "<b>"}, html=True) == "&lt;b&gt;"
    assert render("{{ name }}", {"name": "<b>"}) == "<b>"
    assert render("{{ properties.plan.deep }}", {"properties": {}}) == ""
