"""CHAL: how the MCP server asks for authorization (RFC 9110 section 11, RFC 6750 section 3,
RFC 9728 section 5.1)."""

from __future__ import annotations

from flows.authenticate import grammar_problem, read_challenges
from flows.checks.documents import illegal_scopes
from flows.checks.kernel import Outcomes, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.documents import text_list
from flows.exchange import Exchange, header_values, media_type
from flows.facts import AuthChallenge
from flows.mcp.rpc import read_answer
from flows.network import edge_page, leads_inside
from flows.steps.challenge import (
    ANSWER_401,
    at_wrong_url,
    challenge_in,
    refusal,
    unanswered,
    wrong_url,
)
from flows.steps.resource_metadata import resource_metadata
from flows.wellknown import inserted, is_web_url, same_origin, url_problem

WWW_AUTHENTICATE = "header WWW-Authenticate"
RESOURCE = "oauth-protected-resource"


def _refused(record: Record) -> Exchange | None:
    """The answer that asked for authorization, where the walk has one of the server's own."""
    if not record.is_mcp or record.facts.target.bearer:
        return None
    exchange = refusal(record.facts)
    edge = exchange and exchange.response and edge_page(exchange.response)
    return None if edge else exchange


def _challenge(record: Record) -> tuple[Exchange, AuthChallenge] | None:
    exchange = _refused(record)
    challenge = challenge_in(exchange) if exchange else None
    return (exchange, challenge) if exchange and challenge else None


def endpoint_elsewhere(record: Record) -> str:
    """The URL at which the probe `elsewhere` met an MCP server; "" where it met none."""
    for event in record.probes("elsewhere"):
        exchange = event.exchange
        answer = read_answer(exchange, None)
        if (exchange.status == 401 and challenge_in(exchange)) or answer.result or answer.error:
            return exchange.request.url
    return ""


@check(
    "CHAL-01",
    "challenge",
    "resource-server",
    "error",
    "a request without a token is answered with 401",
    "RFC 6750 §3.1; MCP Authorization, Error Handling",
    ANSWER_401,
)
def status_is_401(record: Record) -> Outcomes:
    if exchange := _refused(record):
        if exchange.status == 401:
            yield passed(at(exchange, "status"))
        else:
            words = f"{exchange.status} where 401 belongs: clients start authorizing on 401."
            yield failed(words, at(exchange, "status"))
    elif (exchange := unanswered(record.facts)) and exchange.response:
        if edge_page(exchange.response):
            yield skipped("a proxy answered in the server's place")
            return
        words = f"{exchange.status} where 401 or an MCP answer belongs"
        if url := endpoint_elsewhere(record):
            found = at_wrong_url(exchange)
            also = "" if found.endswith(url) else f", and an MCP server at {url}"
            yield failed(
                f"{words}: {found} is at this URL{also}.",
                at(exchange, "status"),
                party="person",
                fix=f"Walk {url} instead.",
                standard="MCP Streamable HTTP",
            )
            return
        found, fix = wrong_url(exchange)
        yield failed(f"{words}{found}.", at(exchange, "status"), fix=fix or None)


@check(
    "CHAL-02",
    "challenge",
    "resource-server",
    "error",
    "the 401 carries a Bearer challenge",
    "RFC 9110 §11.6.1; RFC 6750 §3",
    'Send WWW-Authenticate: Bearer resource_metadata="...".',
)
def challenge_is_there(record: Record) -> Outcomes:
    exchange = _refused(record)
    if exchange is None or exchange.response is None:
        return
    if challenge_in(exchange):
        yield passed(at(exchange, WWW_AUTHENTICATE))
        return
    fields = header_values(exchange.response.headers, "www-authenticate")
    schemes = ", ".join(one.scheme for one in read_challenges(exchange.response.headers))
    found = f"WWW-Authenticate offers {schemes or 'no scheme'}" if fields else "no WWW-Authenticate"
    words = f"{exchange.status} with {found}: clients look for a Bearer challenge there."
    yield failed(words, at(exchange, WWW_AUTHENTICATE if fields else ""))


@check(
    "CHAL-03",
    "challenge",
    "resource-server",
    "info",
    "the challenge names the resource metadata",
    "RFC 9728 §5.1",
    "Add resource_metadata, an absolute URL, to the challenge.",
)
def metadata_is_named(record: Record) -> Outcomes:
    if found := _challenge(record):
        exchange, challenge = found
        place = at(exchange, WWW_AUTHENTICATE)
        named = challenge.get("resource_metadata")
        if not named:
            words = "The challenge names no resource_metadata: clients try the well-known URLs."
            yield failed(words, place)
        elif problem := url_problem(named):
            words = f"resource_metadata of the challenge is {named}: {problem}."
            yield failed(words, place, severity="error")
        else:
            yield passed(place)


@check(
    "CHAL-04",
    "challenge",
    "resource-server",
    "info",
    "resource_metadata is the well-known URL of this resource",
    "RFC 9728 §3.1",
    "Serve the metadata at the well-known URL with the resource's path inserted.",
)
def metadata_is_where_it_belongs(record: Record) -> Outcomes:
    if found := _challenge(record):
        exchange, challenge = found
        named = challenge.get("resource_metadata")
        if not named or not is_web_url(named):
            return
        url = record.facts.target.url
        wanted = inserted(url.partition("?")[0].partition("#")[0], RESOURCE)
        place = at(exchange, WWW_AUTHENTICATE)
        if named == wanted:
            yield passed(place)
        elif leads_inside(named, url):
            words = f"The metadata is at {named}, which only the server's own network can reach."
            fix = "Put the public host name in its place: the configuration has a local one."
            yield failed(words, place, severity="error", fix=fix)
        elif same_origin(named, url):
            words = f"The metadata is at {named}; clients that look by themselves try {wanted}."
            yield failed(words, place)
        else:
            words = f"The metadata is at {named}, of another origin than the MCP server."
            yield failed(words, place, standard="RFC 9728 §3.1, §7.3")


@check(
    "CHAL-05",
    "challenge",
    "resource-server",
    "error",
    "WWW-Authenticate keeps its grammar",
    "RFC 9110 §11.2, §11.6.1",
    "Put values into quotation marks and commas between parameters.",
)
def header_keeps_its_grammar(record: Record) -> Outcomes:
    exchange = _refused(record)
    if exchange is None or exchange.response is None:
        return
    challenge = challenge_in(exchange)
    for line in header_values(exchange.response.headers, "www-authenticate"):
        place = at(exchange, WWW_AUTHENTICATE)
        if problem := grammar_problem(line):
            # What lenient readers understand stops the strict ones alone.
            lost = "resource_metadata" in line and not (
                challenge and is_web_url(challenge.get("resource_metadata") or "")
            )
            words = f"WWW-Authenticate breaks its grammar: {problem}."
            yield failed(words, place, severity="error" if lost else "warn")
        else:
            yield passed(place)


@check(
    "CHAL-06",
    "challenge",
    "resource-server",
    "info",
    "the challenge says which scope is needed",
    "RFC 6750 §3; MCP Scope Selection Strategy",
    "Add scope to the challenge: the least that a client needs to begin.",
)
def scope_is_named(record: Record) -> Outcomes:
    if found := _challenge(record):
        exchange, challenge = found
        place = at(exchange, WWW_AUTHENTICATE)
        scope = challenge.get("scope")
        if scope is not None and (not scope.strip() or illegal_scopes(scope.split())):
            wrong = next(iter(illegal_scopes(scope.split())), scope)
            words = f"The challenge's scope holds {wrong!r}: no scope token."
            yield failed(words, place, severity="warn", standard="RFC 6750 §3; RFC 6749 §3.3")
        elif scope is not None:
            yield passed(place)
        elif text_list(resource_metadata(record.facts) or {}, "scopes_supported"):
            yield passed(place, "the resource metadata lists the scopes instead")
        elif resource_metadata(record.facts) is not None:
            yield failed("Nothing says which scope to ask for: clients ask for none.", place)


@check(
    "CHAL-07",
    "challenge",
    "resource-server",
    "warn",
    "no error code where no credentials were sent",
    "RFC 6750 §3.1",
    "Leave `error` out of the challenge when the request had no token.",
)
def no_error_without_credentials(record: Record) -> Outcomes:
    if found := _challenge(record):
        exchange, challenge = found
        place = at(exchange, WWW_AUTHENTICATE)
        if error := challenge.get("error"):
            words = (
                f"error={error} although no credentials were sent: clients take it for a refusal."
            )
            yield failed(words, place)
        else:
            yield passed(place)


@check(
    "CHAL-10",
    "challenge",
    "resource-server",
    "info",
    "the body of the refusal is no web page",
    "practice: clients read JSON there",
    "Answer with a small JSON document, or with no body at all.",
)
def body_is_no_page(record: Record) -> Outcomes:
    exchange = _refused(record)
    if exchange is None or exchange.response is None:
        return
    if media_type(exchange.response.headers) == "text/html" and exchange.response.body:
        words = "The refusal carries a web page, where clients that log it expect JSON."
        yield failed(words, at(exchange, "header Content-Type"))
    else:
        yield passed(at(exchange))
