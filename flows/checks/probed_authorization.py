"""AZ: how the authorization endpoint takes what it must refuse (see
`flows.probes.authorization`). A page is no proof: only a login would tell what follows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

from flows.checks.authorization import ROUTE, is_login, refused_outright
from flows.checks.kernel import Outcome, Outcomes, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.documents import text_member
from flows.exchange import Exchange, header
from flows.oauth import error_text
from flows.probes.authorization import AS_IT_SHOULD_BE, NO_SCOPE, UNKNOWN_PARAMETER
from flows.session import Exchanged, value
from flows.steps.server_metadata import issuer, server_metadata
from flows.wellknown import resolve

LOCATION = "header Location"
_PROBES = (
    "without-pkce",
    "plain-challenge",
    "response-type",
    "invalid-scope",
    "invalid-resource",
)


def _asked(event: Exchanged, name: str) -> str:
    query = tuple(parse_qsl(urlsplit(event.exchange.request.url).query, keep_blank_values=True))
    return value(query, name) or ""


def _location(exchange: Exchange) -> str:
    """Where an answer redirects to; "" where it does not."""
    if exchange.response is None or not 300 <= exchange.response.status < 400:
        return ""
    return resolve(exchange.request.url, header(exchange.response.headers, "location") or "")


def _returned(event: Exchanged) -> dict[str, str] | None:
    """The authorization response, when the answer redirects to the redirect URI asked for."""
    location, wanted = _location(event.exchange), _asked(event, "redirect_uri")
    if not wanted or not location.startswith(wanted):
        return None
    parts = urlsplit(location)
    return dict(parse_qsl(parts.query) + parse_qsl(parts.fragment))


def _refused(record: Record, probe: str, says: str) -> Iterator[Outcome]:
    """For requests that must not lead to the redirect URI they name."""
    for event in record.probes(probe):
        exchange = event.exchange
        if _returned(event) is not None:
            yield failed(says.format(subject=event.label), at(exchange, LOCATION))
        elif exchange.status is not None and exchange.status >= 400:
            yield passed(at(exchange, "status"))
        else:
            yield skipped(_undecided(exchange))


def _undecided(exchange: Exchange) -> str:
    if exchange.response is None:
        return "the probe was not answered"
    return "the server shows a page or a login first: only a login would tell"


@check(
    "AZ-02",
    "authorize",
    "authorization-server",
    "error",
    "a client that nobody registered is not redirected",
    "RFC 6749 §4.1.2.1",
    "Show an error page when client_id is unknown; never redirect.",
)
def unknown_clients_see_a_page(record: Record) -> Outcomes:
    yield from _refused(
        record,
        "unknown-client",
        "A client that nobody registered is redirected to a URI of its own: an open redirector.",
    )


@check(
    "AZ-03",
    "authorize",
    "authorization-server",
    "error",
    "a redirect URI that was not registered is refused",
    "RFC 6749 §3.1.2.4; RFC 9700 §2.1",
    "Show an error page when redirect_uri is not one that the client registered.",
)
def strangers_get_no_redirect(record: Record) -> Outcomes:
    yield from _refused(
        record,
        "stranger-redirect",
        "The browser is redirected to a URI that the client did not register: codes can be stolen.",
    )


@check(
    "AZ-04",
    "authorize",
    "authorization-server",
    "error",
    "redirect URIs are compared by every character",
    "RFC 9700 §2.1, §4.1.3",
    "Compare redirect_uri with the registered ones by simple string comparison.",
)
def redirect_uris_match_exactly(record: Record) -> Outcomes:
    says = "A redirect URI with {subject} is taken for the registered one."
    yield from _refused(record, "near-redirects", says)


def _error_expected(
    record: Record, probe: str, accepted: str, tolerates: Callable[[dict[str, str]], bool]
) -> Iterator[Outcome]:
    """For requests that an authorization server must answer with an error."""
    for event in record.probes(probe):
        exchange, returned = event.exchange, _returned(event)
        if returned is not None and "code" in returned and not tolerates(returned):
            yield failed(accepted, at(exchange, LOCATION))
        elif returned is not None or (exchange.status or 0) >= 400:
            yield passed(at(exchange, LOCATION if returned is not None else "status"))
        else:
            yield skipped(_undecided(exchange))


def _never(returned: dict[str, str]) -> bool:
    return False


@check(
    "AZ-06",
    "authorize",
    "authorization-server",
    "error",
    "an authorization request without a code challenge is refused",
    "RFC 7636 §4.4.1; OAuth 2.1 §4.1.1",
    "Refuse requests without code_challenge with error=invalid_request.",
)
def pkce_is_demanded(record: Record) -> Outcomes:
    says = "A code is issued to a request without a code challenge: PKCE is optional here."
    yield from _error_expected(record, "without-pkce", says, _never)


@check(
    "AZ-07",
    "authorize",
    "authorization-server",
    "warn",
    "the plain code challenge method is refused",
    "MCP Authorization Code Protection; RFC 7636 §4.4.1",
    "Refuse code_challenge_method=plain with error=invalid_request.",
)
def plain_is_refused(record: Record) -> Outcomes:
    says = "A code is issued for the challenge method plain, which protects nothing."
    yield from _error_expected(record, "plain-challenge", says, _never)


@check(
    "AZ-08",
    "authorize",
    "authorization-server",
    "warn",
    "an unknown response type is refused",
    "RFC 6749 §3.1.1, §4.1.2.1",
    "Answer an unknown response_type with error=unsupported_response_type.",
)
def response_type_is_checked(record: Record) -> Outcomes:
    says = "A code is issued for a response_type that does not exist."
    yield from _error_expected(record, "response-type", says, _never)


def _beside_the_usual(record: Record, label: str) -> Iterator[tuple[Exchanged, Exchanged]]:
    """The request with this change beside the same without, where that one is let through."""
    asked = {event.label: event for event in record.probes("harmless-requests")}
    usual, changed = asked.get(AS_IT_SHOULD_BE), asked.get(label)
    if usual and changed and changed.exchange.response and not _turned_down(usual):
        yield usual, changed


def _turned_down(event: Exchanged) -> bool:
    """Whether the answer is an error: on a page, or taken back to the client."""
    returned, status = _returned(event), event.exchange.status
    if returned is not None:
        return "error" in returned
    return status is None or (status >= 400 and not is_login(event.exchange))


@check(
    "AZ-09",
    "authorize",
    "authorization-server",
    "error",
    "a parameter that the server does not know is ignored",
    "RFC 6749 §3.1",
    "Ignore request parameters that are not recognized.",
)
def unknown_parameters_are_ignored(record: Record) -> Outcomes:
    for _, changed in _beside_the_usual(record, UNKNOWN_PARAMETER):
        if _turned_down(changed):
            words = f"A parameter that is not known makes the request fail{_with(changed)}."
            yield failed(words, at(changed.exchange, _field(changed)))
        else:
            yield passed(at(changed.exchange, _field(changed)))


@check(
    "AZ-13",
    "authorize",
    "authorization-server",
    "warn",
    "a request without scope is granted a default, or refused as invalid_scope",
    "RFC 6749 §3.3",
    "Take a default scope where none is asked for, or redirect with error=invalid_scope.",
)
def scope_may_be_left_out(record: Record) -> Outcomes:
    for usual, changed in _beside_the_usual(record, NO_SCOPE):
        if not _asked(usual, "scope"):
            yield skipped("the walk itself asks for no scope")
        elif _turned_down(changed) and (_returned(changed) or {}).get("error") != "invalid_scope":
            words = f"A request without scope fails{_with(changed)}."
            yield failed(words, at(changed.exchange, _field(changed)))
        else:
            yield passed(at(changed.exchange, _field(changed)))


def _field(event: Exchanged) -> str:
    return LOCATION if _returned(event) is not None else "status"


def _with(event: Exchanged) -> str:
    """What a refused request is answered, as the end of a sentence."""
    said = error_text(_returned(event)) or f"{event.exchange.status}"
    return f" with {said}"


@check(
    "AZ-11",
    "authorize",
    "authorization-server",
    "warn",
    "a resource that is no absolute URI without a fragment is refused",
    "RFC 8707 §2",
    "Refuse a malformed resource with error=invalid_target.",
)
def resource_is_checked(record: Record) -> Outcomes:
    says = "A code is issued for a resource with a fragment: the indicator is not looked at."
    yield from _error_expected(record, "invalid-resource", says, _never)


@check(
    "AZ-12",
    "authorize",
    "authorization-server",
    "warn",
    "an unknown scope is refused by a redirect, or left out",
    "RFC 6749 §3.3, §4.1.2.1",
    "Redirect with error=invalid_scope and the state.",
)
def unknown_scope_comes_back(record: Record) -> Outcomes:
    for event in record.probes("invalid-scope"):
        exchange, returned = event.exchange, _returned(event)
        if walked := refused_outright(record):
            yield skipped(f"the walk's own request is answered {walked.status} too")
            continue
        if returned is not None:
            yield passed(at(exchange, LOCATION))
        elif (exchange.status or 0) >= 400:
            words = (
                f"An unknown scope ends in a page with {exchange.status}: no client hears of it."
            )
            yield failed(words, at(exchange, "status"))
        else:
            yield skipped(_undecided(exchange))


@check(
    "AZ-14",
    "authorize",
    "authorization-server",
    "error",
    "error responses carry the state, and iss where it is promised",
    "RFC 6749 §4.1.2.1; RFC 9207 §2",
    "Send state, unchanged, and iss with every authorization response, errors too.",
)
def errors_carry_state_and_iss(record: Record) -> Outcomes:
    metadata = server_metadata(record.facts) or {}
    promised = metadata.get("authorization_response_iss_parameter_supported") is True
    wanted = issuer(record.facts) if promised else None
    errors = [
        (event, returned)
        for event in record.probes(*_PROBES)
        if (returned := _returned(event)) is not None and text_member(returned, "error")
    ]
    lacking = {
        "state sent": [e for e, back in errors if back.get("state") != _asked(e, "state")],
        "iss promised": [e for e, back in errors if wanted and back.get("iss") != wanted],
    }
    for what, events in lacking.items():
        if events:
            labels = ", ".join(event.label for event in events)
            words = f"Error responses lack the {what}: those to {labels}."
            yield failed(words, at(events[0].exchange, LOCATION))
    if errors and not any(lacking.values()):
        yield passed(at(errors[0][0].exchange, LOCATION))


@check(
    "AZ-18",
    "authorize",
    "authorization-server",
    "error",
    "the authorization endpoint answers",
    "RFC 6749 §3.1",
    ROUTE,
)
def endpoint_is_there(record: Record) -> Outcomes:
    for event in record.probes("authorize-bare"):
        exchange = event.exchange
        if exchange.response is None:
            words = exchange.error.text if exchange.error else "no answer"
            yield failed(f"The authorization endpoint does not answer: {words}.", at(exchange))
        elif (walked := refused_outright(record)) and walked.status == exchange.status:
            yield skipped(f"the walk's own request is answered {walked.status} too")
        elif exchange.response.status == 404 or exchange.response.status >= 500:
            words = f"The authorization endpoint answers {exchange.response.status}."
            yield failed(words, at(exchange, "status"))
        else:
            yield passed(at(exchange, "status"))
