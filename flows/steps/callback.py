"""The authorization response, judged before its code goes anywhere (RFC 6749 section 4.1.2,
RFC 9207 section 2.4, MCP Authorization Response Validation)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.audience import difference
from flows.documents import text_member
from flows.facts import AuthorizationResponse, Facts
from flows.frozen import frozen
from flows.moves import Ask, Blocked, Done, Field, Move, Skipped
from flows.oauth import ERRORS
from flows.paste import read_pasted
from flows.session import Answered, Event, Party, value
from flows.steps.applies import no_browser
from flows.steps.refusal import EDITED
from flows.steps.resource_metadata import resource_metadata
from flows.steps.scope import requested
from flows.steps.server_metadata import issuer, server_metadata

STEP: Final = "callback"


def next(facts: Facts) -> Move:
    if reason := no_browser(facts):
        return Skipped(STEP, reason)
    if facts.response is None:
        return Ask(
            STEP,
            "authorization-response",
            "Open the authorization URL in a browser, approve, and come back. If the browser "
            "does not end up here by itself, paste the address it ends up at.",
            (Field("redirect", "redirect URL, query or code"),),
            open=facts.authorization_url,
        )
    refusal = refusal_of(facts, facts.response)
    if refusal is None or STEP in facts.overridden:
        return Done(STEP, facts.response.via)
    error = facts.response.get("error")
    return Blocked(
        STEP,
        refusal.text,
        refusal.party,
        error or "refused",
        EDITED if refusal.party == "person" and facts.authorization_edited else "",
        refusal.standard,
        can_override=not error and bool(facts.response.get("code")),
        check=refusal.check,
    )


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Answered):
        return facts
    pasted = read_pasted(value(event.values, "redirect") or "")
    if pasted.problem:
        return facts
    via = value(event.values, "via") or "pasted"
    return replace(
        facts, response=AuthorizationResponse(pasted.parameters, via, event.at, pasted.url)
    )


@frozen
class Refusal:
    """Why a client must not go on with a response, the check that says so, and the parameter."""

    check: str
    text: str
    parameter: str
    standard: str
    party: Party = "authorization-server"


def refusal_of(facts: Facts, response: AuthorizationResponse) -> Refusal | None:
    return (
        state_refusal(facts, response)  # first: of another flow's response the rest says nothing
        or issuer_refusal(facts, response)
        or code_refusal(response)
        or error_refusal(facts, response)
    )


def is_bare(response: AuthorizationResponse) -> bool:
    """A code or an error alone, as some pages show it and a person types it: that state and issuer
    are not there says nothing about the server."""
    return response.url is None and not {"state", "iss"} & {name for name, _ in response.parameters}


def issuer_refusal(facts: Facts, response: AuthorizationResponse) -> Refusal | None:
    """The four rows of MCP Authorization Response Validation; comparison by characters."""
    expected, named = issuer(facts), response.get("iss")
    if named is not None:
        if expected is None or named == expected:
            return None
        words = f"iss is {named}, not {expected}: {difference(named, expected)}."
    elif promises_issuer(facts) and not is_bare(response):
        words = "iss is missing, although the metadata promises it."
    else:
        return None
    return Refusal("AR-04", words, "iss", "RFC 9207 §2.4")


def promises_issuer(facts: Facts) -> bool:
    metadata = server_metadata(facts) or {}
    return metadata.get("authorization_response_iss_parameter_supported") is True


def state_refusal(facts: Facts, response: AuthorizationResponse) -> Refusal | None:
    state = response.get("state")
    if is_bare(response) or facts.pkce is None or state == facts.pkce.state:
        return None  # of a record that holds no authorization request, the state is not known
    words = "state is not the one sent: another flow's response, or one made up."
    if state is None:
        words = "state is missing."
    return Refusal("AR-03", words, "state", "RFC 6749 §4.1.2, §10.12")


def code_refusal(response: AuthorizationResponse) -> Refusal | None:
    """One code or one error, and no parameter twice."""
    names = [name for name, _ in response.parameters]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        words = f"{', '.join(doubled)} appears more than once."
        return Refusal("AR-02", words, doubled[0], "RFC 6749 §3.1")
    if response.get("error") is None and not response.get("code"):
        words = "The response carries neither a code nor an error."
        return Refusal("AR-02", words, "code", "RFC 6749 §4.1.2")
    return None


def error_refusal(facts: Facts, response: AuthorizationResponse) -> Refusal | None:
    error = response.get("error")
    if error is None:
        return None
    meaning = ERRORS.get(error, "an error code no standard names")
    description = response.get("error_description")
    words = f"{error}: {description} ({meaning})" if description else f"{error}: {meaning}"
    if error == "invalid_target" and (wrong := _misled(facts)):
        words = f"{words}. {wrong}"
        return Refusal("PRM-04", words, "error", "RFC 9728 §3.3", "resource-server")
    party = _at_fault(error, facts)
    return Refusal("AR-05", words, "error", "RFC 6749 §4.1.2.1", party)


def _misled(facts: Facts) -> str:
    """That the refused resource is not the MCP server's URL, but what its metadata says."""
    named = text_member(resource_metadata(facts) or {}, "resource")
    url = facts.target.url
    if named is None or named == url or named != requested(facts).get("resource"):
        return ""
    return f"The resource is what the MCP server's metadata says, {difference(named, url)}"


def _at_fault(error: str, facts: Facts) -> Party:
    if error in ("access_denied", "login_required", "consent_required"):
        return "person"
    if facts.authorization_edited:
        return "person"
    if error == "invalid_target":
        # The MCP server's own URI is what MCP clients must name (MCP Resource Parameter).
        return "client" if facts.target.resource is not None else "authorization-server"
    ours = facts.client is not None and facts.client.source in ("pre-registered", "entered")
    if error == "unauthorized_client" and ours:
        return "client"
    # What the walk asks for is what RFC 6749, RFC 7636 and RFC 8707 have, and the scope is the
    # servers' own, unless the person named one.
    if error == "invalid_scope" and facts.target.scope is not None:
        return "client"
    return "authorization-server"
