"""A session as TOML text, for people to read, diff, mail and keep.

# authwalk session; secrets removed
version = 1
created = …
[summary]     what a list of files shows; derived, so it does not count when read
[target]      flows.session.Target
[[events]]    the events in order, `kind` first; a large body as {sha256, size}, see `bodies`
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from flows.frozen import frozen
from flows.session import Noted, Party, Session, StepId
from flows.store.bodies import inline, set_aside
from flows.store.errors import SecretLeak, SessionFileError
from flows.store.layout import document
from flows.store.migrations import VERSION, migrated
from flows.store.redaction import marker, redact_session, redactor_of
from flows.store.tables import Table, from_table, texts, to_table

if TYPE_CHECKING:
    from flows.diagnosis import Diagnosis

REDACTED = "# authwalk session; secrets removed"
WITH_SECRETS = "# authwalk session WITH SECRETS: treat like a password"

_PLACE = re.compile(r" \((?:at line (\d+), column \d+|at end of document)\)$")


@frozen
class Summary:
    """What a list of files shows. `reached` is the step of the last event; the verdict is "pass",
    or the weight of its cause, with the step and the party at fault. None where none was given."""

    secrets: bool
    exchanges: int
    steps: int
    reached: StepId | None = None
    verdict: Literal["pass", "warn", "fail"] | None = None
    verdict_step: StepId | None = None
    verdict_party: Party | None = None


def encode(
    session: Session,
    *,
    with_secrets: bool = False,
    diagnosis: Diagnosis | None = None,
    aside: dict[str, bytes] | None = None,
) -> str:
    """The session as the text of a file. Without secrets unless asked for. Large bodies are put
    into `aside` by their hash, where it is given.

    Raises SecretLeak when a known secret is still found in the finished text.
    """
    if with_secrets:
        return _write(session, True, diagnosis, aside)
    redactor = redactor_of(session)
    bare = redact_session(session, redactor)
    text = _write(bare, False, diagnosis, aside)
    # Looked for in the text as it reads, where no escape of TOML hides it. A secret in there, or
    # a JWT with its signature, would change once more.
    mark = marker(redactor)
    for left in texts(decode(text, body=None if aside is None else aside.__getitem__)):
        if mark(left) != left:
            raise SecretLeak(redactor.leaks(left.replace("\0", "")) or ("a signed JWT",))
    return text


def decode(
    text: str, path: Path | None = None, body: Callable[[str], bytes] | None = None
) -> Session:
    """The session in the text of a file; `path` is only for the words of the error. `body` gives
    what stands beside the file by its hash; without it such a body is told as missing.

    Raises SessionFileError and nothing else.
    """
    try:
        return _read(inline(_parse(text), body))
    except RecursionError:
        raise SessionFileError(path, None, "nested too deeply") from None
    except SessionFileError as error:
        raise SessionFileError(path, error.line, error.text) from None


def read_head(text: str) -> tuple[Session, Summary]:
    """The session without its events, and the summary, from the lines before the first event."""
    table = migrated(_parse(text))
    summary = from_table(Summary, table.pop("summary", None), "summary")
    return from_table(Session, table), summary


def _write(
    session: Session, secrets: bool, diagnosis: Diagnosis | None, aside: dict[str, bytes] | None
) -> str:
    table = {"version": VERSION, **to_table(session)}
    if aside is not None:
        table = set_aside(table, aside)
    events = table.pop("events", ())
    table = {key: table.pop(key) for key in ("version", "created", "seed") if key in table} | {
        "summary": to_table(_summary(session, secrets, diagnosis)),
        **table,
        "events": events,
    }
    if not events:
        del table["events"]
    return f"{WITH_SECRETS if secrets else REDACTED}\n{document(table)}"


def _summary(session: Session, secrets: bool, diagnosis: Diagnosis | None) -> Summary:
    steps = [event.step for event in session.events if not isinstance(event, Noted)]
    cause = diagnosis.cause if diagnosis else None
    verdict: Literal["pass", "warn", "fail"] | None = "pass" if diagnosis else None
    if cause:
        verdict = "warn" if cause.result == "warn" else "fail"
    return Summary(
        secrets,
        exchanges=sum(1 for _ in session.exchanges),
        steps=len(set(steps)),
        reached=steps[-1] if steps else None,
        verdict=verdict,
        verdict_step=cause.step if cause else None,
        verdict_party=cause.party if cause else None,
    )


def _read(table: Table) -> Session:
    table = migrated(table)
    from_table(Summary, table.pop("summary", None), "summary")
    return read_session(table)


def read_session(table: Table) -> Session:
    """The session in a table of the present version. Raises SessionFileError."""
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
        if text.lstrip().startswith("{"):
            hint = "JSON, no session; authwalk import FILE --save FILE.toml makes one of a HAR"
            raise SessionFileError(None, None, hint) from None
        words = str(error)
        place = _PLACE.search(words)
        line = int(place[1]) if place and place[1] else None
        words = _PLACE.sub("", words) if line else words
        raise SessionFileError(None, line, f"not TOML: {words}") from None
