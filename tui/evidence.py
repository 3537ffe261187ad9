"""What a finding rests on, in a line: the exchange, and the value in it."""

from __future__ import annotations

import json

from flows.checks import Finding, Place
from flows.exchange import Exchange, header
from flows.parts import parts
from flows.session import Exchanged, Session
from tui.redaction import Redaction

_LONGEST = 300


def summary(exchange: Exchange, redaction: Redaction) -> str:
    """`POST https://auth.example.com/token 200`."""
    request = exchange.request
    came = exchange.status or (exchange.error.kind if exchange.error else "no answer")
    return f"{request.method} {redaction.url(request.url)} {came}"


def event_of(finding: Finding, session: Session) -> Exchanged | None:
    """The exchange that a finding points to."""
    place = finding.place
    found = (one for one in session.exchanges if place and one.exchange.id == place.exchange)
    return next(found, None)


def evidence(finding: Finding, session: Session, redaction: Redaction) -> str:
    """`POST https://auth.example.com/token 200, response /expires_in: "3600"`; "" where the
    finding points to no exchange."""
    event, place = event_of(finding, session), finding.place
    if event is None or place is None:
        return ""
    where = f", {place.part} {place.field}" if place.field not in ("", "status", "url") else ""
    if where and (value := _value(redaction.exchanged(event), place)) is not None:
        where += f": {value if len(value) <= _LONGEST else f'{value[:_LONGEST]}…'}"
    return f"{summary(event.exchange, redaction)}{where}"


def _value(event: Exchanged, place: Place) -> str | None:
    """The value at a place, where it is one: an object and an array are none."""
    kind, _, name = place.field.partition(" ")
    if kind == "header":
        message = getattr(event.exchange, place.part)
        return header(message.headers, name) if message else None
    part = parts(event).get((place.part, place.field))
    if part is None:
        return None
    return (
        json.dumps(part.value, ensure_ascii=False)
        if not name and part.type == "string"
        else part.value
    )
