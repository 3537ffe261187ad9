"""Opening the MCP connection with the token (MCP Versioning; Lifecycle before 2026-07-28)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.authenticate import read_challenges
from flows.exchange import Exchange
from flows.facts import Connection, Facts
from flows.hosts import versions_of
from flows.mcp.opening import (
    foreign_endpoint,
    is_refusal,
    no_endpoint,
    opening_move,
    read_opening,
    sent,
    telling,
)
from flows.mcp.outcome import resume, take
from flows.mcp.rpc import UNSUPPORTED_VERSION, legacy_request, read_answer, stream
from flows.moves import Blocked, Done, Move, Send, Skipped
from flows.network import failing_check, failing_party
from flows.session import Event, Exchanged, Made, StepId
from flows.steps.claims import GIVE_ANOTHER, cause_to_refuse
from flows.steps.remedy import remedy_of

STEP: Final = "connect"
COMPARE: Final = "Compare the token's iss, aud, exp and scope with what the MCP server demands."
_SET_LEVEL = "logging/setLevel"
_INITIALIZED = "notifications/initialized"


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    if connection := facts.connection:
        if not connection.initialized:
            request = legacy_request(facts, _INITIALIZED, None, connection, notification=True)
            return Send(STEP, request, _INITIALIZED)
        asks = any(name != "tasks" for name in facts.target.declare) or facts.target.listen
        if connection.era == "legacy" and asks and not connection.listening:
            # What a client declares, servers may ask for on this stream.
            label = "stream of the server's messages"
            return Send(STEP, stream(facts, connection), label, background=True)
        if move := _level_move(connection, facts):
            return move
        return Done(STEP, connection.version)
    if move := opening_move(facts, STEP):
        return move
    return foreign_endpoint(STEP, facts) or refusal(STEP, telling(facts.openings), facts)


def read(event: Event, facts: Facts) -> Facts:
    if facts.connection and (
        isinstance(event, Made)
        or (isinstance(event, Exchanged) and event.exchange.request.method == "GET")
    ):
        return replace(facts, connection=replace(facts.connection, listening=True))
    if not isinstance(event, Exchanged):
        return facts
    method = sent(event.exchange.request)[0]
    if method == _SET_LEVEL and facts.connection:
        connection = replace(facts.connection, log_level_set=True)
        facts, answer = take(event.exchange, facts)
        return replace(facts, connection=connection) if answer else facts
    if method != _INITIALIZED:
        return read_opening(event.exchange, facts)
    if facts.connection is None:
        return facts
    # Its outcome is kept in the record; a server that answers badly here fails at tools/list.
    return replace(facts, connection=replace(facts.connection, initialized=True))


def _level_move(connection: Connection, facts: Facts) -> Send | None:
    """The request for log messages, where the server has any (MCP Logging). Since 2026-07-28 each
    request says so itself."""
    level = facts.target.log_level
    unset = connection.era == "legacy" and not connection.log_level_set
    if level is None or not unset or "logging" not in connection.capabilities:
        return None
    message = legacy_request(facts, _SET_LEVEL, {"level": level}, connection)
    return resume(STEP, facts) or Send(STEP, message, _SET_LEVEL, rpc_id=facts.rpc_sent + 1)


def refusal(step: StepId, exchange: Exchange, facts: Facts) -> Blocked:
    """The stop after an MCP request that gave no result, with the party its status points at."""
    failure = exchange.error
    if failure and failure.kind == "cancelled":
        return Blocked(
            step, f"{failure.text[:1].upper()}{failure.text[1:]}.", "person", failure.kind
        )
    if exchange.response is None:
        words = failure.text if failure else "no answer"
        return Blocked(
            step,
            words,
            failing_party(exchange, "resource-server"),
            failure.kind if failure else "failed",
        )
    response = exchange.response
    if is_refusal(exchange):
        return _unauthorized(step, exchange, facts)
    answer = read_answer(exchange, None)
    if answer.code == UNSUPPORTED_VERSION and facts.target.protocol == "auto":
        if spoken := versions_of(facts.target):  # those of the host: the server may have others
            words = f"The MCP server speaks none of the host's versions: {', '.join(spoken)}."
            fix = "Speak one of them too, or wait for the host to speak a newer one."
            standard = "MCP Versioning"
            return Blocked(step, words, "client", "version", fix, standard, check="HOST-16")
    said = exchange.error.text if exchange.error else no_endpoint(exchange)
    said = said or answer.message
    word = str(response.status) if response.status != 200 else "error"
    return Blocked(
        step,
        f"{response.status} {response.reason}: {said}.".replace("..", "."),
        "resource-server",
        word,
        standard="MCP Streamable HTTP",
        check=failing_check(exchange) or ("MCP-14" if response.status >= 500 else ""),
    )


def came(facts: Facts) -> str:
    return "was given" if facts.target.bearer else "was just issued"


def _unauthorized(step: StepId, exchange: Exchange, facts: Facts) -> Blocked:
    assert exchange.response
    status, said = exchange.response.status, ""
    for challenge in read_challenges(exchange.response.headers):
        if challenge.scheme.lower() in ("bearer", "dpop"):
            error, description = challenge.get("error"), challenge.get("error_description")
            scope = challenge.get("scope")
            said = ": ".join(part for part in (error, description) if part)
            if scope and error == "insufficient_scope":
                said += f" (it wants {scope})"
    does = "asks for authorization"
    if facts.current_tokens:
        does = f"refuses the token that {came(facts)}"
    refused = f"The MCP server {does} with {status}{': ' + said if said else ''}."
    standard = "MCP Token Handling; RFC 6750 §3.1"
    remedy = remedy_of(facts, exchange)
    if cause := cause_to_refuse(facts, status):
        # The token gives cause: whoever made it is at fault before whoever refuses it.
        has = "has" if cause.level == "error" else "may have"
        words = f"{refused} It {has} cause: {cause.text}"
        return Blocked(
            step,
            words,
            cause.party,
            str(status),
            cause.fix,
            cause.standard,
            remedy=remedy,
            check=cause.check,
        )
    return Blocked(
        step,
        refused,
        "person" if facts.target.bearer else "resource-server",
        str(status),
        GIVE_ANOTHER if facts.target.bearer else COMPARE,
        standard,
        remedy=remedy,
        check="MCP-04",
    )
