"""What may leave the process as text: everything, or everything but secrets."""

from __future__ import annotations

from typing import Any

from flows.secrets import Redactor
from flows.session import Event, Exchanged, Session
from flows.spans import marked, url_spans
from flows.store.redaction import known_secrets, redact_session


class Redaction:
    """The secrets of a session so far, and its texts without them. With `keep`, texts as they
    are."""

    def __init__(self, session: Session, *, keep: bool = False) -> None:
        self.keep = keep
        self._bare = Session(session.target, session.created)
        self._known = set() if keep else set(known_secrets(session))
        self._redactor: Redactor | None = None

    def learn(self, event: Event) -> None:
        """Know the secrets of one more event."""
        if self.keep:
            return
        new = set(known_secrets(self._bare.append(event))) - self._known
        if new:
            self._known |= new
            self._redactor = None

    def text(self, text: str) -> str:
        return text if self.keep else self._current.text(text)

    def url(self, url: str) -> str:
        """A URL, its secrets marked by name too."""
        return url if self.keep else self.text(marked(url, url_spans(url)))

    def exchanged(self, event: Exchanged) -> Exchanged:
        if self.keep:
            return event
        redacted = redact_session(self._bare.append(event), self._current).events[0]
        assert isinstance(redacted, Exchanged)
        return redacted

    def json(self, value: Any) -> Any:
        """A JSON value, every string in it redacted."""
        if self.keep:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(str(key)): self.json(item) for key, item in value.items()}
            case list() | tuple():
                return [self.json(item) for item in value]
            case _:
                return value

    @property
    def _current(self) -> Redactor:
        if self._redactor is None:
            self._redactor = Redactor(self._known)
        return self._redactor
