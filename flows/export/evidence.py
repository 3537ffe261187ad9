"""What one exchange was, for a report: the request, its answer, and the command that sends it
again. Secrets are marked, in the command they are variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flows.bodies import render
from flows.exchange import Exchange, Headers, Request, header
from flows.export.curl import curl
from flows.export.page import Block, Preformatted, Text
from flows.export.shell import comment
from flows.export.words import Unquotable
from flows.secrets import Redactor
from flows.session import Exchanged, Session
from flows.store.redaction import redact_session
from flows.text import duration, size, visible

MOST_FIELDS = 60
MOST_ROWS = 40
"""Rows of a body: an error page says in its first lines what it has to say."""
_LONGEST = 1000
"""Characters of a URL or a field."""


def evidence(session: Session, event: Exchanged, redactor: Redactor) -> Iterator[Block]:
    """The exchange of an event of the session as blocks of a page."""
    alone = Session(session.target, session.created, events=(event,))
    (redacted,) = redact_session(alone, redactor).exchanges
    was, exchange = event.exchange, redacted.exchange
    request, response = exchange.request, exchange.response
    yield Text("Sent:")
    line = f"{request.method} {request.url}"
    yield _message(line, request.headers, request.body, len(was.request.body))
    yield Text(f"Came after {duration(was.timing.total)}:")
    if response and was.response:
        line = f"{response.status} {response.reason}".rstrip()
        yield _message(line, response.headers, response.body, len(was.response.body))
    if exchange.error or not response:
        yield Preformatted(_failure(exchange))
    own = frozenset(name.lower() for name, _ in session.target.headers)
    # Of the redacted request: a secret that no name tells is a mark then, whatever the quoting.
    # Its Content-Length is that of the body without marks.
    counted = tuple(one for one in request.headers if one[0].lower() != "content-length")
    yield from _command(replace(request, headers=counted), own)


def _message(line: str, headers: Headers, body: bytes, length: int) -> Preformatted:
    """A message as text. `length` is that of its body before marks were put into it."""
    fields = [f"{name}: {value}" for name, value in headers[:MOST_FIELDS]]
    if len(headers) > MOST_FIELDS:
        fields.append(f"… {MOST_FIELDS} of {len(headers):,} fields")
    head = (visible(text, limit=_LONGEST) for text in (line, *fields))
    return Preformatted("\n".join((*head, "", *_rows(headers, body, length))))


def _rows(headers: Headers, body: bytes, length: int) -> Iterator[str]:
    if not body:
        return
    rendered = render(body, header(headers, "content-type") or "")
    more = True
    while more and len(rendered.rows) <= MOST_ROWS:
        more = rendered.step()
    number = min(len(rendered.rows), MOST_ROWS)
    yield from (rendered.rows.text(row) for row in range(number))
    if more or number < len(rendered.rows):
        yield f"… the first {MOST_ROWS} lines of {size(length)}"


def _failure(exchange: Exchange) -> str:
    error = exchange.error
    return f"{error.kind}: {visible(error.text, limit=_LONGEST)}" if error else "no answer"


def _command(request: Request, own: frozenset[str]) -> Iterator[Block]:
    try:
        command = curl(request, own=own)
    except Unquotable as error:
        yield Text(f"No curl command sends this request: {error}.")
        return
    yield Text("To send it again:")
    yield Preformatted("\n".join((*map(comment, command.warnings), command.text)), "sh")
