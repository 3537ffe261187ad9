"""EMA: the identity provider's ID-JAG (MCP Enterprise-Managed Authorization)."""

from __future__ import annotations

from typing import Any

from flows.checks.kernel import Outcomes, at, check, failed, passed
from flows.checks.record import Record
from flows.checks.token_rules import is_token_exchange, refused
from flows.documents import read_object
from flows.exchange import Exchange
from flows.jwt import read_token
from flows.steps.scope import selected_resource
from flows.steps.server_metadata import issuer

JWT_TYPE = "oauth-id-jag+jwt"
_STANDARD = "MCP Enterprise-Managed Authorization"


def _issued(record: Record) -> Exchange | None:
    """The token exchange that gave the ID-JAG."""
    if record.facts.id_jag is None:
        return None
    found = [event.exchange for event in record.exchanges("token")]
    return next((one for one in reversed(found) if is_token_exchange(one)), None)


@check(
    "EMA-01",
    "token",
    "authorization-server",
    "error",
    "the identity provider issues an ID-JAG, of token_type N_A",
    f"{_STANDARD} §4.2; RFC 8693 §2.2.1",
    "Answer the token exchange with issued_token_type id-jag and token_type N_A.",
)
def an_id_jag_is_issued(record: Record) -> Outcomes:
    yield from refused(record, "EMA-01")
    exchange = _issued(record)
    if exchange is None or exchange.response is None:
        return
    document, _ = read_object(exchange.response)
    token_type = (document or {}).get("token_type")
    if isinstance(token_type, str) and token_type.lower() == "n_a":
        yield passed(at(exchange, "/token_type"))
    else:
        words = f"token_type of the ID-JAG is {_shown(token_type)}; N_A belongs there."
        yield failed(words, at(exchange, "/token_type" if token_type is not None else ""))


@check(
    "EMA-02",
    "token",
    "authorization-server",
    "error",
    f"the ID-JAG is a JWT of type {JWT_TYPE}",
    f"{_STANDARD} §4.3",
    f'Issue a JWT whose header has "typ": "{JWT_TYPE}".',
)
def it_is_a_jwt(record: Record) -> Outcomes:
    if (exchange := _issued(record)) and record.facts.id_jag:
        place = at(exchange, "/access_token")
        token = read_token(record.facts.id_jag.assertion)
        typ = (token.header or {}).get("typ")
        if token.claims is None:
            yield failed(f"The ID-JAG is {token.looks}; a JWT belongs there.", place)
        elif typ != JWT_TYPE:
            yield failed(f"typ of the ID-JAG is {_shown(typ)}, not {JWT_TYPE}.", place)
        else:
            yield passed(place)


@check(
    "EMA-03",
    "token",
    "authorization-server",
    "error",
    "the ID-JAG is for this issuer, this MCP server and this client",
    f"{_STANDARD} §4.3",
    "Set aud to the MCP server's issuer, resource to the MCP server, client_id to its client.",
)
def it_is_for_this_server(record: Record) -> Outcomes:
    facts, exchange = record.facts, _issued(record)
    claims = read_token(facts.id_jag.assertion).claims if facts.id_jag else None
    if exchange is None or claims is None:
        return
    expected = (
        ("aud", issuer(facts)),
        ("resource", selected_resource(facts)),
        ("client_id", facts.client.client_id if facts.client else None),
    )
    for name, wanted in expected:
        claim, place = claims.get(name), at(exchange, "/access_token")
        if wanted and claim != wanted and claim != [wanted]:
            yield failed(f"{name} of the ID-JAG is {_shown(claim)}, not {wanted}.", place)
        elif wanted:
            yield passed(place, f"{name} of the ID-JAG is {wanted}")


def _shown(value: Any) -> str:
    return "missing" if value is None else f"{value!s:.200}"
