"""AZ, PAR: the authorization request, as the browser's way through it and the pushed request show
it (RFC 6749 section 4.1.1, RFC 9126)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from flows.checks.kernel import Outcomes, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.checks.response import in_response
from flows.documents import read_object, text_member
from flows.exchange import Exchange, header, media_type
from flows.network import edge_page, failing_check, failing_party
from flows.oauth import error_text
from flows.page import page_words
from flows.session import Party
from flows.steps.authorize import PUSHED
from flows.steps.refusal import EDITED
from flows.steps.scope import requested
from flows.wellknown import same_origin

ROUTE = "Route the authorization_endpoint of the metadata to the authorization server."
SEE_LOG = "Look into the authorization server's own log at this time."


def _hops(record: Record) -> tuple[Exchange, ...]:
    """The answers the browser got on its way from the authorization URL."""
    return tuple(event.exchange for event in record.exchanges("callback"))


def is_login(exchange: Exchange) -> bool:
    """401 with a challenge asks the person to log in, as Negotiate does."""
    headers = exchange.response.headers if exchange.response else ()
    return exchange.status == 401 and header(headers, "www-authenticate") is not None


def refused_outright(record: Record) -> Exchange | None:
    """The answer that ended the browser's way before any login, where one did."""
    hops = _hops(record)
    last = hops[-1] if hops else None
    if last is None or last.response is None or failing_check(last) or is_login(last):
        return None
    return last if last.response.status >= 400 else None


@check(
    "AZ-01",
    "authorize",
    "authorization-server",
    "error",
    "the authorization request leads to a login, to consent, or back to the client",
    "RFC 6749 §3.1, §4.1.1, §4.1.2.1",
    "Accept the client and the redirect URI as they are registered, and a request that has every "
    "parameter; send the browser back with an error where it cannot be granted.",
)
def the_request_is_accepted(record: Record) -> Outcomes:
    hops, facts = _hops(record), record.facts
    if not hops:
        if facts.response:
            yield passed()
        return
    last = refused_outright(record)
    if last is None:
        reached = hops[-1].response is not None and not failing_check(hops[-1])
        yield (
            passed(at(hops[-1], "status"))
            if reached
            else skipped("the authorization endpoint was not reached")
        )
        return
    assert last.response
    response, client = last.response, facts.client
    document, _ = read_object(response)
    said = error_text(document) or page_words(response)
    url = last.request.url.partition("?")[0]
    words = f"{last.request.method} {url} answers {response.status} {response.reason}".rstrip()
    words = f"{words}: {said}." if said else f"{words}."
    asked = dict(parse_qsl(urlsplit(hops[0].request.url).query))
    fix = SEE_LOG if response.status >= 500 else ROUTE if response.status == 404 else None
    if fix is None and client and asked.get("redirect_uri"):
        fix = (
            f"Accept {asked['redirect_uri']} as a redirect URI of {client.client_id}, if it is "
            "registered so; send the browser back with an error where another parameter is wrong."
        )
    ours = client is not None and client.source in ("pre-registered", "entered")
    if ours and response.status < 500:
        words += " Is the redirect URI registered for this client?"
    elsewhere = not same_origin(last.request.url, hops[0].request.url)
    party: Party | None = "client" if ours and response.status < 500 else None
    if facts.authorization_edited and response.status < 500:
        party, fix = "person", EDITED
    yield failed(
        words,
        at(last, "status"),
        severity="warn" if elsewhere else None,
        party=party,
        fix=fix,
    )


@check(
    "AZ-10",
    "authorize",
    "authorization-server",
    "error",
    "the MCP server's URI is accepted as resource",
    "RFC 8707 §2.1; MCP Authorization, Resource Parameter",
    "Register the MCP server's URI as a resource that tokens are issued for.",
)
def the_resource_is_accepted(record: Record) -> Outcomes:
    response, resource = record.facts.response, requested(record.facts).get("resource")
    if response is None or not resource:
        return
    if response.get("error") == "invalid_target":
        chosen = record.facts.target.resource is not None
        place = in_response("error")
        yield failed(
            f"The resource {resource} is refused: invalid_target.",
            place,
            party="client" if chosen else None,
        )
    elif response.get("code"):
        yield passed()


@check(
    "AZ-17",
    "authorize",
    "authorization-server",
    "warn",
    "the page that asks for consent cannot be framed by other sites",
    "RFC 9700 §4.16",
    "Send Content-Security-Policy: frame-ancestors 'none' with login and consent pages.",
)
def pages_are_not_framed(record: Record) -> Outcomes:
    pages = [
        exchange
        for exchange in _hops(record)
        if exchange.response
        and exchange.response.status == 200
        and media_type(exchange.response.headers) == "text/html"
        and not edge_page(exchange.response)
    ]
    for exchange in pages[-1:]:
        assert exchange.response
        headers = exchange.response.headers
        policies = [text for name, text in headers if name.lower() == "content-security-policy"]
        if any("frame-ancestors" in policy.lower() for policy in policies):
            yield passed(at(exchange, "header Content-Security-Policy"))
        elif header(headers, "x-frame-options"):
            yield passed(at(exchange, "header X-Frame-Options"))
        else:
            words = (
                "The page has neither frame-ancestors nor X-Frame-Options: another site may show "
                "it in a frame and lead the click."
            )
            yield failed(words, at(exchange))


@check(
    PUSHED,
    "authorize",
    "authorization-server",
    "error",
    "a pushed authorization request is answered with 201, request_uri and expires_in",
    "RFC 9126 §2.2",
    "Answer with 201 and a JSON object of request_uri and expires_in, a positive integer.",
)
def the_push_is_answered(record: Record) -> Outcomes:
    if broken := record.facts.failed.get("authorize"):
        if not failing_check(broken.exchange):
            field = "status" if (broken.exchange.status or 0) >= 300 else ""
            words = f"The authorization request was not accepted: {broken.reason}."
            place = at(broken.exchange, field)
            party = failing_party(broken.exchange, "authorization-server")
            yield failed(words, place, party=party, standard="RFC 9126 §2.2, §2.3")
        return
    for event in record.exchanges("authorize")[-1:]:
        yield from _pushed(event.exchange)


def _pushed(exchange: Exchange) -> Outcomes:
    if exchange.response is None:
        return
    document, _ = read_object(exchange.response)
    if document is None or not text_member(document, "request_uri"):
        return
    if exchange.status != 201:
        words = f"{exchange.status} where 201 belongs."
        yield failed(words, at(exchange, "status"), severity="warn")
    lifetime = document.get("expires_in")
    if isinstance(lifetime, int) and not isinstance(lifetime, bool) and lifetime > 0:
        says = f"the request URI works once, within {lifetime} s"
        yield passed(at(exchange, "/expires_in"), says)
    else:
        there = "expires_in" in document
        found = f"{lifetime!r:.40}" if there else "missing"
        words = f"expires_in is {found}; a positive JSON integer belongs there."
        yield failed(words, at(exchange, "/expires_in" if there else ""))
