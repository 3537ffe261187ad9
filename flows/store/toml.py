"""A session as TOML text, for people to read, diff, mail and keep.

# authwalk session; secrets removed
version = 1
created = …
[summary]     what a list of files shows; derived, so it does not count when read
[target]      flows.session.Target
[[events]]    the events in order, `kind` first
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flows.session import Session, StepId
from flows.store.errors import SecretLeak, SessionFileError
from flows.store.layout import document
from flows.store.migrations import VERSION, migrated
from flows.store.redaction import marker, redact_session, redactor_of
from flows.store.tables import Table, from_table, texts, to_table

REDACTED = "# authwalk session; secrets removed"
WITH_SECRETS = "# authwalk session WITH SECRETS: treat like a password"

_PLACE = re.compile(r" \((?:at line (\d+), column \d+|at end of document)\)$")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list of files shows. `reached` is the step of the last event."""

    secrets: bool
    exchanges: int
    steps: int
    reached: StepId | None = None


def encode(session: Session, *, with_secrets: bool = False) -> str:
    """The session as the text of a file. Without secrets unless asked for.

    Raises SecretLeak when a known secret is still found in the finished text.
    """
    if with_secrets:
        return _write(session, secrets=True)
    redactor = redactor_of(session)
    text = _write(redact_session(session, redactor), secrets=False)
    # Looked for in the text as it reads, where no escape of TOML hides it. A secret in there, or
    # a JWT with its signature, would change once more.
    mark = marker(redactor)
    for left in texts(decode(text)):
        if mark(left) != left:
            raise SecretLeak(redactor.leaks(left.replace("\0", "")) or ("a signed JWT",))
    return text


def decode(text: str, path: Path | None = None) -> Session:
    """The session in the text of a file; `path` is only for the words of the error.

    Raises SessionFileError and nothing else.
    """
    try:
        return _read(text)
    except SessionFileError as error:
        raise SessionFileError(path, error.line, error.text) from None


def read_head(text: str) -> tuple[Session, Summary]:
    """The session without its events, and the summary, from the lines before the first event."""
    table = migrated(_parse(text))
    summary = from_table(Summary, table.pop("summary", None), "summary")
    return from_table(Session, table), summary


def _write(session: Session, *, secrets: bool) -> str:
    steps = [event.step for event in session.events]
    summary = Summary(
        secrets,
        exchanges=sum(1 for _ in session.exchanges),
        steps=len(set(steps)),
        reached=steps[-1] if steps else None,
    )
    table = {"version": VERSION, **to_table(session)}
    events = table.pop("events", ())
    table = {key: table.pop(key) for key in ("version", "created", "seed") if key in table} | {
        "summary": to_table(summary),
        **table,
        "events": events,
    }
    if not events:
        del table["events"]
    return f"{WITH_SECRETS if secrets else REDACTED}\n{document(table)}"


def _read(text: str) -> Session:
    table = migrated(_parse(text))
    from_table(Summary, table.pop("summary", None), "summary")
    session = from_table(Session, table)
    target = session.target
    for name, url in (("url", target.url), ("authorization_server", target.authorization_server)):
        try:
            _ = urlsplit(url or "").port
        except ValueError as error:  # every step takes its parts
            raise SessionFileError(None, None, f"target.{name}: {error}") from None
    return session


def _parse(text: str) -> Table:
    try:
        text.encode()
        return tomllib.loads(text)
    except UnicodeEncodeError:
        raise SessionFileError(None, None, "holds half a character (a lone surrogate)") from None
    except RecursionError:
        raise SessionFileError(None, None, "nested too deeply") from None
    except ValueError as error:
        words = str(error)
        place = _PLACE.search(words)
        line = int(place[1]) if place and place[1] else None
        words = _PLACE.sub("", words) if line else words
        raise SessionFileError(None, line, f"not TOML: {words}") from None
