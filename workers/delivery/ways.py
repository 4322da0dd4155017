"""Ways: mail server, receiver, Mixpanel; each takes a parcel and raises a PartnerError."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from typing import TYPE_CHECKING

from common.errors import AmbiguousError, PermanentError, TransientError
from common.ledger.pauses import MIXPANEL
from workers.delivery.letter import make_letter

if TYPE_CHECKING:
    from workers.bridge import Bridge
    from workers.delivery.parcel import Parcel

EVENT_TYPE = "koji.interview.invited"
# A mail server cannot tell that it has had a letter before; the others can.
KNOWS_REPEATS = {"koji": True, "webhook": True, "mixpanel": True, "smtp": False}
PARTNER = {"smtp": "The mail server", "webhook": "The receiver", "mixpanel": "Mixpanel"}


def breaker_name(parcel: Parcel) -> str:
    """Return the name of the circuit breaker of the partner that gets this parcel."""
    route = parcel.route
    return {"smtp": "smtp", "mixpanel": MIXPANEL}.get(route.deliver, f"webhook:{route.name}")


class Ways:
    """The ways of one batch; to be closed, since a mail connection is kept between letters."""

    def __init__(self, bridge: Bridge) -> None:
        """Open nothing yet."""
        self._bridge = bridge
        self._server: smtplib.SMTP | None = None

    def send(self, parcel: Parcel) -> None:
        """Deliver; raises a PartnerError."""
        if parcel.route.deliver == "smtp":
            self._mail(parcel)
        elif parcel.route.deliver == "webhook":
            self._post(parcel)
        elif parcel.route.deliver == "mixpanel":
            self._set_property(parcel)

    def close(self) -> None:
        """Say goodbye to the mail server."""
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server.close()
            self._server = None

    def _mail(self, parcel: Parcel) -> None:
        if not parcel.person.email:
            raise PermanentError("no address to write to", reason="no_email")
        letter = make_letter(parcel, self._bridge.mail.sender)
        if self._server is None:
            self._server = self._bridge.mail.connect()
        try:
            self._bridge.mail.send(self._server, letter)
        except (TransientError, AmbiguousError):
            self.close()  # it may be what went wrong
            raise

    def _post(self, parcel: Parcel) -> None:
        hook = parcel.route.webhook
        secret = self._bridge.config.webhook_secrets.get(hook.secret_env) if hook else None
        if hook is None or secret is None:
            raise PermanentError("the route has no table webhook any more", reason="no_webhook")
        data = {
            **parcel.values(),
            "interview_id": parcel.delivery.interview_id,
            "cohort_id": parcel.person.cohort_id or parcel.route.cohort_id or "",
        }
        payload = {
            "type": EVENT_TYPE,
            "timestamp": parcel.started_at,
            "data": {name: value for name, value in data.items() if value},
        }
        self._bridge.webhooks.post(hook.url, secret, f"msg_{parcel.id}", payload)

    def _set_property(self, parcel: Parcel) -> None:
        if not parcel.person.distinct_id:
            raise PermanentError("no distinct_id to set it for", reason="no_distinct_id")
        name = parcel.route.names.koji_interview_url
        link = {name: parcel.delivery.link}
        (error,) = self._bridge.mixpanel.set_profiles([(parcel.person.distinct_id, link)])
        if error is not None:
            raise error
