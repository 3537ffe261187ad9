"""CHAL: how the MCP server asks for authorization (RFC 9110 section 11, RFC 6750 section 3,
RFC 9728 section 5.1)."""

from __future__ import annotations

from flows.authenticate import read_challenges
from flows.checks.kernel import Outcomes, at, check, failed, passed
from flows.checks.record import Record
from flows.exchange import Exchange, header_values
from flows.facts import AuthChallenge
from flows.steps.challenge import challenge_in, refusal
from flows.wellknown import inserted, is_web_url, same_origin

WWW_AUTHENTICATE = "header WWW-Authenticate"
RESOURCE = "oauth-protected-resource"


def _refused(record: Record) -> Exchange | None:
    """The answer that asked for authorization, where the walk has one."""
    return refusal(record.facts) if record.is_mcp and not record.facts.target.bearer else None


def _challenge(record: Record) -> tuple[Exchange, AuthChallenge] | None:
    exchange = _refused(record)
    challenge = challenge_in(exchange) if exchange else None
    return (exchange, challenge) if exchange and challenge else None


@check(
    "CHAL-01",
    "challenge",
    "resource-server",
    "warn",
    "a request without a token is answered with 401",
    "RFC 6750 §3.1; MCP Authorization, Error Handling",
    "Answer requests without a valid token with 401.",
)
def status_is_401(record: Record) -> Outcomes:
    if exchange := _refused(record):
        if exchange.status == 401:
            yield passed(at(exchange, "status"))
        else:
            words = f"{exchange.status} where 401 belongs: clients start authorizing on 401."
            yield failed(words, at(exchange, "status"))


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
        elif not is_web_url(named):
            words = f"resource_metadata of the challenge is {named}: no absolute URL."
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
        elif same_origin(named, url):
            words = f"The metadata is at {named}; clients that look by themselves try {wanted}."
            yield failed(words, place)
        else:
            words = f"The metadata is at {named}, of another origin than the MCP server."
            yield failed(words, place, standard="RFC 9728 §3.1, §7.3")


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
