"""The authorization response, judged before its code goes anywhere (RFC 6749 section 4.1.2,
RFC 9207 section 2.4, MCP Authorization Response Validation)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.audience import difference
from flows.facts import AuthorizationResponse, Facts
from flows.moves import Ask, Blocked, Done, Field, Move, Remark, Skipped
from flows.oauth import ERRORS
from flows.paste import read_pasted
from flows.session import Answered, Event, Party, value
from flows.steps.applies import no_browser
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
    remarks = judge(facts, facts.response)
    error = facts.response.get("error")
    refused = _worst(remarks)
    if refused and STEP not in facts.overridden:
        return Blocked(
            STEP,
            refused.text,
            refused.party or "authorization-server",
            error or "refused",
            standard=refused.standard,
            can_override=not error and bool(facts.response.get("code")),
            remarks=remarks,
        )
    return Done(STEP, facts.response.via, remarks)


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


def judge(facts: Facts, response: AuthorizationResponse) -> tuple[Remark, ...]:
    """Every verdict on the response. One of level error means: the client must not go on."""
    names = [name for name, _ in response.parameters]
    bare = names == ["code"] and response.url is None
    remarks = [_judge_issuer(facts, response, bare), _judge_state(facts, response, bare)]
    if response.url and facts.redirect_uri:
        landed = response.url.partition("?")[0].partition("#")[0]
        wanted = facts.redirect_uri.partition("?")[0]
        if landed != wanted:
            words = f"The browser landed on {landed}, asked for was {wanted}."
            remarks.append(Remark("warn", words, "authorization-server", "RFC 6749 §4.1.2"))
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        words = f"{', '.join(doubled)} appears more than once."
        remarks.append(Remark("error", words, "authorization-server", "RFC 6749 §3.1"))
    remarks.append(_judge_outcome(response))
    return tuple(remark for remark in remarks if remark)


def _judge_outcome(response: AuthorizationResponse) -> Remark | None:
    error = response.get("error")
    if error is None:
        if response.get("code"):
            return None
        words = "The response carries neither a code nor an error."
        return Remark("error", words, "authorization-server", "RFC 6749 §4.1.2")
    meaning = ERRORS.get(error, "an error code no standard names")
    description = response.get("error_description")
    party: Party = "authorization-server"
    if error in ("access_denied", "login_required", "consent_required"):
        party = "person"
    elif error in ("invalid_request", "unauthorized_client", "invalid_scope", "invalid_target"):
        party = "client"
    words = f"{error}: {description} ({meaning})" if description else f"{error}: {meaning}"
    return Remark("error", words, party, "RFC 6749 §4.1.2.1")


def _judge_state(facts: Facts, response: AuthorizationResponse, bare: bool) -> Remark | None:
    sent = facts.pkce.state if facts.pkce else ""
    state = response.get("state")
    if bare:
        return Remark("warn", "A bare code: state cannot be judged.", "person", "RFC 6749 §10.12")
    standard = "RFC 6749 §4.1.2, §10.12"
    if state is None:
        return Remark("error", "state is missing.", "authorization-server", standard)
    if state != sent:
        words = "state is not the one sent: another flow's response, or one made up."
        return Remark("error", words, "authorization-server", standard)
    return Remark("ok", "state matches.", None, standard)


def _judge_issuer(facts: Facts, response: AuthorizationResponse, bare: bool) -> Remark | None:
    """The four rows of MCP Authorization Response Validation; comparison by characters."""
    metadata = server_metadata(facts) or {}
    advertised = metadata.get("authorization_response_iss_parameter_supported") is True
    expected, named = issuer(facts), response.get("iss")
    standard = "RFC 9207 §2.4"
    if named is not None and expected is not None:
        if named == expected:
            return Remark("ok", "iss is the issuer.", None, standard)
        words = f"iss is {named}, not {expected}: {difference(named, expected)}."
        return Remark("error", words, "authorization-server", standard)
    if not advertised or named is not None:
        return None
    if bare:
        return Remark("warn", "A bare code: iss cannot be judged.", "person", standard)
    words = "iss is missing, although the metadata promises it."
    return Remark("error", words, "authorization-server", standard)


def _worst(remarks: tuple[Remark, ...]) -> Remark | None:
    errors = [remark for remark in remarks if remark.level == "error"]
    return errors[0] if errors else None
