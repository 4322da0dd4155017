"""Finds the interview that a person, or a repeated call, already has.

Koji's Mixpanel guide says it de-duplicates on `respondent_email`; whether the scope is the study,
and whether an `Idempotency-Key` is honoured, is not documented. So it can be chosen here.
"""

from collections import Counter

from sandbox.koji.interviews import Interview


class DuplicateFinder:
    """Remembers interviews by person and by key; also counts who was started more than once."""

    def __init__(self, dedupe: str) -> None:
        """De-duplicate by `email`, `idempotency`, `both` or not at all (`off`)."""
        self._by_email_enabled = dedupe in {"email", "both"}
        self._by_idempotency_enabled = dedupe in {"idempotency", "both"}
        self._by_email: dict[tuple[str, str], Interview] = {}
        self._by_idempotency: dict[tuple[str, str], Interview] = {}
        self._interviews_of: Counter[tuple[str, str]] = Counter()
        self.double_started = 0

    @property
    def people(self) -> int:
        """How many different persons have an interview, counted once a study."""
        return len(self._interviews_of)

    def find(
        self, study: str, email: str | None, key: str, idempotency_key: str | None
    ) -> Interview | None:
        """Return the interview that makes this call a duplicate."""
        found = None
        if self._by_email_enabled and email:
            found = self._by_email.get((study, normalise_email(email)))
        if found is None and self._by_idempotency_enabled and idempotency_key:
            found = self._by_idempotency.get((key, idempotency_key))
        return found

    def remember(self, interview: Interview, key: str, idempotency_key: str | None) -> None:
        """Take note of an interview that was really started."""
        email = normalise_email(interview.asked.email or "")
        if email:
            self._by_email.setdefault((interview.study, email), interview)
        if idempotency_key:
            self._by_idempotency.setdefault((key, idempotency_key), interview)
        person = email or interview.asked.external_id
        if person:
            self._interviews_of[interview.study, person] += 1
            self.double_started += self._interviews_of[interview.study, person] == 2  # noqa: PLR2004


def normalise_email(email: str) -> str:
    """Return an address as it is compared: without outer space, in lower case."""
    return email.strip().lower()
