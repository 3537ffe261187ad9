"""TE, INT: how the token endpoint and introspection refuse (see `flows.probes.token`)."""

from __future__ import annotations

from flows.checks.kernel import Outcome, Outcomes, at, check, failed, passed, skipped
from flows.checks.record import Record, document
from flows.documents import text_member
from flows.exchange import Exchange

UNANSWERED = "the probe was not answered"


def _as_walked(record: Record, exchange: Exchange) -> Outcome | None:
    """The outcome of a probe that is answered as badly as the walk's own request was."""
    if exchange.response is None:
        return skipped(UNANSWERED)
    walked = [event.exchange for event in record.exchanges("token")]
    bad = walked and walked[-1].status == exchange.status and record.facts.tokens is None
    read = document(walked[-1]) if bad else None
    if bad and ((exchange.status or 0) >= 500 or (read and read.problem)):
        return skipped(f"the walk's own request is answered {exchange.status} too")
    return None


def _error(exchange: Exchange) -> str:
    """The OAuth error code of an answer; "" where there is none to read."""
    read = document(exchange)
    return text_member(read.members, "error") or "" if read and read.members else ""


@check(
    "TE-05",
    "token",
    "authorization-server",
    "warn",
    "an unknown grant type is refused as unsupported_grant_type",
    "RFC 6749 §5.2",
    "Answer an unknown grant_type with 400 and error=unsupported_grant_type.",
)
def grant_type_is_checked(record: Record) -> Outcomes:
    for event in record.probes("token-unknown-grant"):
        exchange = event.exchange
        error = _error(exchange)
        if outcome := _as_walked(record, exchange):
            yield outcome
        elif error in ("unsupported_grant_type", "invalid_client", "unauthorized_client"):
            yield passed(at(exchange, "/error"))
        else:
            found = f"error={error}" if error else "no OAuth error"
            words = f"An unknown grant_type is answered {exchange.status} with {found}."
            yield failed(words, at(exchange, "status"))


@check(
    "TE-06",
    "token",
    "authorization-server",
    "warn",
    "the token endpoint refuses GET",
    "RFC 6749 §3.2",
    "Take token requests by POST alone; answer GET with 405.",
)
def get_is_refused(record: Record) -> Outcomes:
    for event in record.probes("token-get"):
        exchange = event.exchange
        if outcome := _as_walked(record, exchange):
            yield outcome
        elif exchange.status == 404 and record.facts.tokens is None:
            words = "The token endpoint answers 404 to GET: it may not be routed at all."
            yield failed(words, at(exchange, "status"), severity="info")
        elif exchange.status is not None and exchange.status >= 500:
            words = f"The token endpoint answers {exchange.status} to GET; 405 belongs there."
            yield failed(words, at(exchange, "status"))
        elif exchange.status == 200 and text_member(
            (read.members or {}) if (read := document(exchange)) else {}, "access_token"
        ):
            yield failed("The token endpoint issues tokens by GET.", at(exchange, "status"))
        else:
            yield passed(at(exchange, "status"))


@check(
    "TE-07",
    "token",
    "authorization-server",
    "warn",
    "a JSON body is refused with an error that can be read",
    "RFC 6749 §4.1.3, §5.2",
    "Answer a body of the wrong type with 400 and a JSON error.",
)
def json_body_is_refused(record: Record) -> Outcomes:
    for event in record.probes("token-json-body"):
        exchange = event.exchange
        if outcome := _as_walked(record, exchange):
            yield outcome
        elif exchange.status is not None and exchange.status >= 500:
            words = f"A JSON body is answered {exchange.status}: the server breaks on it."
            yield failed(words, at(exchange, "status"))
        else:
            yield passed(at(exchange, "status"))


@check(
    "INT-01",
    "token",
    "authorization-server",
    "error",
    "introspection wants to know who asks",
    "RFC 7662 §2.1, §4",
    "Require client authentication, or a token, at the introspection endpoint.",
)
def introspection_is_guarded(record: Record) -> Outcomes:
    for event in record.probes("introspect-open"):
        exchange, read = event.exchange, document(event.exchange)
        if exchange.response is None:
            yield skipped(UNANSWERED)
        elif exchange.status == 200 and read and read.members and "active" in read.members:
            words = "Introspection answers without credentials: tokens can be scanned for."
            yield failed(words, at(exchange, "/active"))
        else:
            yield passed(at(exchange, "status"))
