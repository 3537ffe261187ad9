"""TE: how the token endpoint says no (RFC 6749 section 5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.checks.kernel import Outcomes, Severity, at, check, failed, passed
from flows.checks.record import Record
from flows.checks.token_rules import refused
from flows.documents import read_object, text_member
from flows.exchange import Exchange, Response, header
from flows.frozen import frozen
from flows.network import failing_check
from flows.session import StepId

UNAUTHORIZED = ("invalid_client", "use_dpop_nonce")
"""Errors that 401 goes with: RFC 9449 section 8 shows 400, and servers send both."""
_LEGAL = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")


@frozen
class Error:
    """An answer of the token endpoint that refuses. `document` is {} where it holds no object."""

    step: StepId
    exchange: Exchange
    response: Response
    document: Mapping[str, Any]

    @property
    def code(self) -> str | None:
        return text_member(self.document, "error")


def _errors(record: Record) -> Iterator[Error]:
    """The refusals of the server itself, not of what stands before it."""
    for event in record.exchanges("token", "refresh"):
        exchange, response = event.exchange, event.exchange.response
        if response and response.status >= 400 and not failing_check(exchange):
            document, _ = read_object(response)
            yield Error(event.step, exchange, response, document or {})


@check(
    "TE-01",
    "token",
    "authorization-server",
    "error",
    "the token endpoint does not fail inside",
    "RFC 6749 §5.2",
    "Answer a request that cannot be granted with 400 and an error; mend the server.",
)
def no_server_error(record: Record) -> Outcomes:
    yield from refused(record, "TE-01")
    for error in _errors(record):
        if error.response.status < 500:
            yield passed(at(error.exchange, "status"))


@check(
    "TE-02",
    "token",
    "authorization-server",
    "error",
    "a refusal is a JSON object with an error",
    "RFC 6749 §5.2",
    'Answer with a JSON object that has an "error".',
)
def the_error_is_json(record: Record) -> Outcomes:
    yield from refused(record, "TE-02")
    for error in _errors(record):
        if error.response.status < 500 and error.code:
            yield passed(at(error.exchange, "/error"))


@check(
    "TE-03",
    "token",
    "authorization-server",
    "warn",
    "a refusal has status 400, or 401 where the client is unknown",
    "RFC 6749 §5.2",
    "Answer errors with 400; with 401 where the error is invalid_client alone.",
)
def the_status_is_400(record: Record) -> Outcomes:
    yield from refused(record, "TE-03")
    for error in _errors(record):
        status, place = error.response.status, at(error.exchange, "status")
        if error.code is None or status >= 500 or status == 429:
            continue
        if status == 400 or (status == 401 and error.code in UNAUTHORIZED):
            yield passed(place)
        else:
            words = f"{status} with {error.code}, where 400 belongs."
            yield failed(words, place, step=error.step)


@check(
    "TE-04",
    "token",
    "authorization-server",
    "warn",
    "a client that used Basic in vain is told so with 401 and a challenge",
    "RFC 6749 §5.2; RFC 9110 §15.5.2",
    'Answer with 401 and WWW-Authenticate: Basic realm="...".',
)
def basic_is_challenged(record: Record) -> Outcomes:
    for error in _errors(record):
        if error.code != "invalid_client":
            continue
        used = header(error.exchange.request.headers, "authorization") is not None
        status, place = error.response.status, at(error.exchange, "status")
        if used and status != 401:
            words = f"{status} where 401 belongs: the request had an Authorization field."
            yield failed(words, place, step=error.step)
        elif status == 401 and header(error.response.headers, "www-authenticate") is None:
            words = "401 has no WWW-Authenticate."
            severity: Severity = "warn" if used else "info"
            yield failed(words, at(error.exchange), severity=severity, step=error.step)
        else:
            yield passed(place)


@check(
    "TE-08",
    "token",
    "authorization-server",
    "warn",
    "error and error_description have the characters of their grammar",
    "RFC 6749 §5.2",
    "Leave quotation marks, backslashes, line breaks and letters beyond ASCII out of them.",
)
def the_words_are_legal(record: Record) -> Outcomes:
    for error in _errors(record):
        for name in ("error", "error_description"):
            text = error.document.get(name)
            legal = _LEGAL.match(text) if isinstance(text, str) else None
            if legal is None:
                continue
            place = at(error.exchange, f"/{name}")
            if legal.end() < len(legal.string):
                odd = legal.string[legal.end()]
                words = f"{name} has {odd!a} at character {legal.end() + 1}."
                yield failed(words, place, step=error.step)
            else:
                yield passed(place)
