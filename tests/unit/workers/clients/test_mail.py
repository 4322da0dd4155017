"""What a mail server's answers mean."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import replace
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest

from common.errors import (
    AmbiguousError,
    PartnerError,
    PermanentError,
    StopRouteError,
    TransientError,
)
from tests.support.postbox import Postbox
from workers.clients.mail import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from common.config import Config


class Broken(smtplib.SMTP):
    """A connection that answers as it is told, and breaks where it is told to."""

    def __init__(self, **answers: Any) -> None:
        super().__init__()
        self.answers = answers
        self.esmtp_features = {"smtputf8": ""} if answers.get("utf8") else {}
        self.options: Any = None

    def _told(self, what: str) -> tuple[int, bytes]:
        answer = self.answers.get(what, 250)
        if isinstance(answer, Exception):
            raise answer
        return answer, b""

    def mail(self, sender: str, options: Any = ()) -> tuple[int, bytes]:
        del sender
        self.options = options
        return self._told("mail")

    def rcpt(self, recip: str, options: Any = ()) -> tuple[int, bytes]:
        del recip, options
        return self._told("rcpt")

    def data(self, msg: Any) -> tuple[int, bytes]:
        del msg
        return self._told("data")

    def rset(self) -> tuple[int, bytes]:
        return self._told("rset")


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with Postbox() as box:
        yield box


@pytest.fixture
def make(make_config: Callable[..., Config]) -> Callable[..., MailServer]:
    def make(**further: Any) -> MailServer:
        settings = make_config(SMTP_HOST="127.0.0.1", SMTP_FROM="R <r@example.com>").settings
        return MailServer(replace(settings, smtp_security="none", **further))

    return make


def letter(to: str = "ann@example.com") -> EmailMessage:
    one = EmailMessage()
    one["To"] = to
    one.set_content("hello")
    return one


def test_a_letter_arrives(make: Callable[..., MailServer], postbox: Postbox) -> None:
    mail = make(smtp_port=postbox.port)
    with mail.connect() as server:
        mail.send(server, letter())
        mail.send(server, letter("bob@example.com"))
    assert [address for address, _ in postbox.letters] == ["ann@example.com", "bob@example.com"]


def test_after_a_refused_address_the_next_letter_goes_over_the_same_connection(
    make: Callable[..., MailServer], postbox: Postbox
) -> None:
    postbox.refused["ann@example.com"] = "550 no such user"
    mail = make(smtp_port=postbox.port)
    with mail.connect() as server:
        with pytest.raises(PermanentError) as refused:
            mail.send(server, letter())
        mail.send(server, letter("bob@example.com"))
    assert (refused.value.reason, refused.value.status) == ("bounced", 550)
    assert "ann" not in str(refused.value)


@pytest.mark.parametrize(
    ("answers", "kind", "status"),
    [
        ({"mail": 550}, StopRouteError, 550),
        ({"mail": 451}, TransientError, 451),
        ({"rcpt": 550}, PermanentError, 550),
        ({"rcpt": 530}, StopRouteError, 530),
        ({"rcpt": 450}, TransientError, 450),
        ({"rcpt": smtplib.SMTPServerDisconnected("gone")}, TransientError, None),
        ({"rcpt": ValueError("newline")}, PermanentError, None),
        ({"data": smtplib.SMTPDataError(554, b"spam")}, PermanentError, 554),
        ({"data": 554}, PermanentError, 554),
        ({"data": 452}, TransientError, 452),
        ({"data": smtplib.SMTPServerDisconnected("gone")}, AmbiguousError, None),
        ({"data": TimeoutError("silence")}, AmbiguousError, None),
    ],
)
def test_each_answer_has_its_meaning(
    make: Callable[..., MailServer], answers: dict[str, Any], kind: type, status: int | None
) -> None:
    with pytest.raises(PartnerError) as failed:
        make().send(Broken(**answers), letter())
    assert (type(failed.value), failed.value.status) == (kind, status)


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(
    make: Callable[..., MailServer],
) -> None:
    able = Broken(utf8=True)
    make().send(able, letter("änn@example.com"))
    assert able.options == ["SMTPUTF8"]
    with pytest.raises(PermanentError) as refused:
        make().send(Broken(), letter("änn@example.com"))
    assert refused.value.reason == "bad_data"


def test_where_nobody_listens_it_is_tried_again(make: Callable[..., MailServer]) -> None:
    for security in ("none", "implicit"):
        mail = make(smtp_port=1)
        mail._settings = replace(mail._settings, smtp_security=security)
        with pytest.raises(TransientError):
            mail.connect()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (smtplib.SMTPAuthenticationError(535, b"no"), StopRouteError),
        (smtplib.SMTPAuthenticationError(454, b"later"), TransientError),
        (smtplib.SMTPNotSupportedError("no AUTH"), StopRouteError),
        (ssl.SSLCertVerificationError("self-signed"), StopRouteError),
        (smtplib.SMTPServerDisconnected("gone"), TransientError),
    ],
)
def test_who_is_not_let_in_is_told(
    make: Callable[..., MailServer],
    postbox: Postbox,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(smtplib.SMTP, "login", refuse)
    mail = make(smtp_port=postbox.port, smtp_user="u", smtp_password="p")
    with pytest.raises(PartnerError) as failed:
        mail.connect()
    assert type(failed.value) is kind


def test_a_server_without_starttls_is_not_written_to_in_the_clear(
    make: Callable[..., MailServer], postbox: Postbox
) -> None:
    mail = make(smtp_port=postbox.port)
    mail._settings = replace(mail._settings, smtp_security="starttls")
    with pytest.raises(StopRouteError):
        mail.connect()
