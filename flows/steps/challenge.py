"""The challenge: an MCP request without a token (MCP Authorization, RFC 9728 section 5.1)."""

from __future__ import annotations

import builtins
from typing import Final

from flows.authenticate import read_challenges
from flows.exchange import Exchange, header, media_type
from flows.facts import AuthChallenge, Facts
from flows.mcp.opening import (
    foreign_endpoint,
    no_endpoint,
    opening_move,
    read_opening,
    sent,
    telling,
)
from flows.mcp.rpc import read_answer
from flows.moves import Blocked, Done, Move, Skipped
from flows.network import edge_page, failing_check, failing_party
from flows.session import Event, Exchanged
from flows.wellknown import resolve

STEP: Final = "challenge"
ANSWER_401: Final = "Answer requests without a token with 401 and a Bearer challenge."
CHECK_URL: Final = (
    "Look at the URL: MCP endpoints are often at /mcp. If it is right, pass POST requests there on "
    "to the MCP server."
)


def next(facts: Facts) -> Move:
    if facts.target.kind == "authorization-server":
        return Skipped(STEP, "no MCP server in this walk")
    if facts.target.bearer:
        return Skipped(STEP, "a bearer token was given")
    if exchange := _first_refusal(facts):
        return Done(STEP, str(exchange.status))
    if facts.connection:
        return Done(STEP, "open")
    # A token appears later in the walk; the challenge is what happened without one.
    if not facts.current_tokens and (move := opening_move(facts, STEP)):
        return move
    if blocked := foreign_endpoint(STEP, facts):
        return blocked
    exchange = telling(facts.openings)
    if STEP in facts.overridden:
        return Done(STEP, str(exchange.status or "no answer"))
    return _blocked(exchange)


def read(event: Event, facts: Facts) -> Facts:
    return read_opening(event.exchange, facts) if isinstance(event, Exchanged) else facts


def refusal(facts: Facts) -> Exchange | None:
    """The exchange in which the server asked for authorization: at the start, or the later one
    that a new authorization answers."""
    return facts.refusal or _first_refusal(facts)


def _first_refusal(facts: Facts) -> Exchange | None:
    for opening in facts.openings:
        exchange = opening.exchange
        if opening.authorized or not exchange.response:
            continue
        if exchange.status == 401 or (exchange.status == 403 and challenge_in(exchange)):
            return exchange
    return None


def unanswered(facts: Facts) -> Exchange | None:
    """The last answer to a request without a token, when no try is left and none was refused as
    it should be or answered in MCP."""
    tries = [opening for opening in facts.openings if not opening.authorized]
    if not tries or _first_refusal(facts):
        return None
    last = tries[-1].exchange
    answered = last.status == 200 and read_answer(last, sent(last.request)[2]).result is not None
    pending = not facts.current_tokens and opening_move(facts, STEP)
    return None if answered or pending else telling(tries)


def at_wrong_url(exchange: Exchange) -> str:
    """What is at the URL where the answer shows that it is no MCP endpoint; "" where it may be."""
    response = exchange.response
    if response is None or exchange.error or read_answer(exchange, None).error:
        return ""
    if read_challenges(response.headers):
        return ""
    if 300 <= response.status < 400 and (location := header(response.headers, "location")):
        return f"a redirect to {resolve(exchange.request.url, location)}"
    if media_type(response.headers) == "text/html" and response.status < 500:
        from flows.page import page_words  # it takes a parser of HTML, which few walks need

        return f"a web page {page_words(response)}".rstrip()
    takes_none = f"nothing that takes {exchange.request.method}"
    return {404: "nothing", 405: takes_none}.get(response.status, "")


def wrong_url(exchange: Exchange) -> tuple[str, str]:
    """`(what to add to the words of a stop, what mends it)`, both "" where this may be the URL."""
    found = at_wrong_url(exchange)
    if not found:
        return "", ""
    if 300 <= (exchange.status or 0) < 400:
        return f": {found} is at this URL, and bearer tokens never follow one", ANSWER_401
    return f": {found} is at this URL", CHECK_URL


def challenge_of(facts: Facts) -> AuthChallenge | None:
    """The challenge of the server's refusal that says most of where to go."""
    exchange = refusal(facts)
    return challenge_in(exchange) if exchange else None


def schemes_of(facts: Facts) -> frozenset[str]:
    """Which of `bearer` and `dpop` the server's refusal offers."""
    exchange = refusal(facts)
    return frozenset(one.scheme.lower() for one in _challenges(exchange))


def _challenges(exchange: Exchange | None) -> list[AuthChallenge]:
    headers = exchange.response.headers if exchange and exchange.response else ()
    return [one for one in read_challenges(headers) if one.scheme.lower() in ("bearer", "dpop")]


def challenge_in(exchange: Exchange) -> AuthChallenge | None:
    """The Bearer or DPoP challenge. Of both, as RFC 9449 section 7.2 has them, the first that
    names the resource metadata."""
    found = _challenges(exchange)
    named = [one for one in found if one.get("resource_metadata")]
    return builtins.next(iter(named or found), None)


def _blocked(exchange: Exchange) -> Blocked:
    if exchange.response is None:
        failure = exchange.error
        return Blocked(
            STEP,
            failure.text if failure else "no answer",
            failing_party(exchange, "resource-server"),
            failure.kind if failure else "failed",
            fix="Check the URL, that the server runs, and what stands between.",
            check=failing_check(exchange),
        )
    status = exchange.response.status
    if page := edge_page(exchange.response):
        return Blocked(
            STEP,
            f"{status}: {page}.",
            "network",
            str(status),
            fix="Let requests without a browser through to the MCP server and its metadata.",
            can_override=True,
            check="NET-10",
        )
    answer = read_answer(exchange, None)
    why = no_endpoint(exchange) or (answer.message if answer.error or status == 200 else "")
    why = exchange.error.text if exchange.error else why
    found, fix = wrong_url(exchange)
    said = found or (f"; {why}" if why else "")
    return Blocked(
        STEP,
        f"{status} {exchange.response.reason} where 401 or an MCP answer belongs{said}.",
        "resource-server",
        str(status),
        fix=fix or ANSWER_401,
        standard="MCP Authorization, Error Handling",
        can_override=True,
        check="CHAL-01",
    )
