"""TOK: the token response as a message (RFC 6749 section 5.1)."""

from __future__ import annotations

from urllib.parse import quote_plus

from flows.acceptance import refusals
from flows.checks.kernel import Outcomes, at, check, failed, passed
from flows.checks.record import Record
from flows.checks.token_rules import Answer, answers, refused, rule
from flows.documents import read_form, read_json
from flows.exchange import header_values, media_type
from flows.steps.refusal import refusal_of
from flows.token_text import bearer_problem

CONTENT_TYPE = "header Content-Type"


@rule(
    "TOK-01",
    "error",
    "the grant is exchanged for a token with status 200",
    "RFC 6749 §5.1",
    "Answer a token request that is granted with status 200.",
)
def status_is_200(answer: Answer) -> Outcomes:
    place = at(answer.exchange, "status")
    if answer.response.status == 200:
        yield passed(place)
    else:
        words = f"{answer.response.status} where exactly 200 belongs: strict clients refuse it."
        yield failed(words, place)


@rule(
    "TOK-02",
    "error",
    "the token response is application/json",
    "RFC 6749 §5.1",
    "Send Content-Type: application/json.",
)
def it_is_json_by_name(answer: Answer) -> Outcomes:
    kind = media_type(answer.response.headers)
    if kind == "application/json":
        yield passed(at(answer.exchange, CONTENT_TYPE))
    else:
        words = f"The media type is {kind or 'missing'}; application/json belongs there."
        yield failed(words, at(answer.exchange, CONTENT_TYPE if kind else ""))


@rule(
    "TOK-03",
    "warn",
    "the token response must not be stored",
    "RFC 6749 §5.1",
    "Send Cache-Control: no-store.",
)
def it_is_not_stored(answer: Answer) -> Outcomes:
    if "access_token" not in (answer.members or {}):
        return
    fields = header_values(answer.response.headers, "cache-control")
    place = at(answer.exchange, "header Cache-Control" if fields else "")
    directives = {part.partition("=")[0].strip().lower() for part in ",".join(fields).split(",")}
    if "no-store" in directives:
        yield passed(place)
    else:
        found = f"Cache-Control is {', '.join(fields)}" if fields else "There is no Cache-Control"
        yield failed(f"{found}: no-store keeps tokens out of caches.", place)


@rule(
    "TOK-05",
    "error",
    "the token response is one JSON object",
    "RFC 6749 §5.1; RFC 8259 §8.1",
    "Send one JSON object in UTF-8 without a byte order mark, its members at the top level.",
)
def it_is_one_object(answer: Answer) -> Outcomes:
    _, problem = read_json(answer.response.body)
    if answer.members is not None:
        yield passed(at(answer.exchange))
    else:
        yield failed(f"No JSON object: {problem or 'another type of JSON'}.", at(answer.exchange))


@rule(
    "TOK-06",
    "error",
    "access_token is a string that can be sent as a Bearer token",
    "RFC 6749 §5.1, A.12; RFC 6750 §2.1",
    "Send access_token, a string of letters, digits and -._~+/ that is not empty.",
)
def there_is_a_token(answer: Answer) -> Outcomes:
    token = (answer.members or {}).get("access_token")
    if not isinstance(token, str) or not token:
        return
    if problem := bearer_problem(token):
        yield failed(f"access_token {problem.text}.", answer.at("access_token"))
    else:
        yield passed(answer.at("access_token"))


@check(
    "TOK-17",
    "token",
    "authorization-server",
    "error",
    "the client is let in by the method it is registered with",
    "RFC 6749 §2.3, §5.2",
    "Authenticate the client by the method and the credentials it is registered with.",
)
def the_client_is_known(record: Record) -> Outcomes:
    yield from refused(record, "TOK-17")
    client = record.facts.client
    for answer in answers(record, "token"):
        if answer.members and "access_token" in answer.members and client:
            says = f"{client.token_endpoint_auth_method} is accepted"
            yield passed(at(answer.exchange, "status"), says)


@check(
    "TOK-18",
    "token",
    "authorization-server",
    "info",
    "credentials in Basic are decoded as a form before they are compared",
    "RFC 6749 §2.3.1, Appendix B",
    "Undo the form encoding of both parts of the Basic credentials.",
)
def basic_is_form_encoded(record: Record) -> Outcomes:
    client, broken = record.facts.client, record.facts.failed.get("token")
    if client is None or client.token_endpoint_auth_method != "client_secret_basic":
        return
    parts = (client.client_id, client.client_secret or "")
    if all(quote_plus(part) == part for part in parts):
        return
    if broken is None and record.facts.tokens:
        yield passed()
    elif broken and refusal_of("token", broken, record.facts).check == "TOK-17":
        words = (
            "The credentials have characters that the standard has encoded before Base64: a "
            "server that does not decode them refuses the client."
        )
        yield failed(words, at(broken.exchange, "header Authorization", "request"))


@check(
    "TOK-19",
    "token",
    "authorization-server",
    "error",
    "the token request may name the resource",
    "RFC 6749 §3.2; RFC 8707 §2.2",
    "Accept the MCP server's URI as resource; ignore the parameter if it is unknown.",
)
def the_resource_is_accepted(record: Record) -> Outcomes:
    yield from refused(record, "TOK-19")
    for answer in answers(record, "token"):
        sent = "resource" in dict(read_form(answer.exchange.request.body))
        if sent and answer.members and "access_token" in answer.members:
            yield passed(at(answer.exchange, "form resource", "request"))


@check(
    "TOK-21",
    "token",
    "authorization-server",
    "info",
    "common parsers take the token response",
    "none: parsers of clients, as they were measured or read",
    "Send the token response as RFC 6749 §5.1 has it, and leave out what has no value.",
)
def parsers_take_it(record: Record) -> Outcomes:
    for answer in answers(record, "token"):
        told = refusals(answer.response)
        if not told:
            yield passed(at(answer.exchange))
        else:
            by_reason: dict[str, list[str]] = {}
            for one in told:
                by_reason.setdefault(one.reason, []).append(f"{one.version} ({one.how})")
            causes = "; ".join(f"{reason}: {', '.join(who)}" for reason, who in by_reason.items())
            yield failed(f"Refused by parsers. {causes}.", at(answer.exchange))
