"""RT: refreshing (RFC 6749 section 6, RFC 9700 section 4.14)."""

from __future__ import annotations

from dataclasses import replace

from flows.audience import audiences
from flows.checks import token_members, token_response
from flows.checks.kernel import Outcomes, at, check, failed, passed, registered
from flows.checks.record import Record
from flows.checks.token_rules import Answer, TokenCheck, answers
from flows.jwt import read_token
from flows.steps.refusal import refusal_of
from flows.steps.scope import requested

AFTER_A_CODE = ("TOK-13", "TOK-14")
"""Rules that hold for the first token response alone."""


def _refreshed(record: Record) -> Answer | None:
    """The answer to the last refresh, where it has a token."""
    found = [one for one in answers(record, "refresh") if one.members]
    return next((one for one in found if (one.members or {}).get("access_token")), None)


def _refused(record: Record, id: str) -> Outcomes:
    if broken := record.facts.failed.get("refresh"):
        refusal = refusal_of("refresh", broken, record.facts)
        if refusal.check == id:
            yield failed(
                refusal.text,
                at(broken.exchange, refusal.field),
                severity="error",
                party=refusal.party,
                standard=refusal.standard or None,
                fix=refusal.fix or None,
            )


@check(
    "RT-01",
    "refresh",
    "authorization-server",
    "error",
    "a refresh token gets a new access token",
    "RFC 6749 §6",
    "Accept refresh tokens until they expire, are revoked or are used.",
)
def refreshing_works(record: Record) -> Outcomes:
    yield from _refused(record, "RT-01")
    if answer := _refreshed(record):
        yield passed(at(answer.exchange, "status"))


@check(
    "RT-02",
    "refresh",
    "authorization-server",
    "warn",
    "a public client gets a new refresh token with every refresh",
    "RFC 9700 §2.2.2, §4.14.2; MCP Authorization Security, Token Theft",
    "Rotate the refresh tokens of public clients, or bind them to a key.",
)
def it_is_rotated(record: Record) -> Outcomes:
    answer, client = _refreshed(record), record.facts.client
    if answer is None or client is None or client.token_endpoint_auth_method != "none":
        return
    given = (answer.members or {}).get("refresh_token")
    if answer.proven:
        yield passed(at(answer.exchange, "header DPoP", "request"), "it is bound to a key")
    elif not given:
        words = "No new refresh token comes, and the client has no secret: the old one must last."
        yield failed(words, at(answer.exchange))
    elif given == answer.asked.get("refresh_token"):
        words = "The same refresh token comes again, and the client has no secret."
        yield failed(words, answer.at("refresh_token"))
    else:
        yield passed(answer.at("refresh_token"))


@check(
    "RT-04",
    "refresh",
    "authorization-server",
    "error",
    "a refresh keeps the scope that was granted",
    "RFC 6749 §6",
    "Grant the scope of the refresh token: no more, and no less unless the client asks for less.",
)
def scope_is_kept(record: Record) -> Outcomes:
    answer, first = _refreshed(record), record.facts.tokens
    scope = (answer.members or {}).get("scope") if answer else None
    granted = (first.scope if first else None) or requested(record.facts).get("scope")
    if answer is None or not isinstance(scope, str) or not granted or "scope" in answer.asked:
        return
    now, before = scope.split(), granted.split()
    if more := [name for name in now if name not in before]:
        words = f"The refresh grants more than the person approved: {' '.join(more)}."
        yield failed(words, answer.at("scope"))
    elif less := [name for name in before if name not in now]:
        words = f"The refresh grants less than before: {' '.join(less)} is gone."
        yield failed(words, answer.at("scope"), severity="warn")
    else:
        yield passed(answer.at("scope"))


@check(
    "RT-05",
    "refresh",
    "authorization-server",
    "warn",
    "a refresh may name the resource, and keeps the audience",
    "RFC 8707 §2.2",
    "Accept the resource of the grant, and issue the token for the same audience.",
)
def the_audience_is_kept(record: Record) -> Outcomes:
    yield from _refused(record, "RT-05")
    answer, first = _refreshed(record), record.facts.tokens
    if answer is None or first is None:
        return
    before, now = (
        audiences((read_token(text).claims or {}).get("aud"))
        for text in (first.access_token, str((answer.members or {}).get("access_token")))
    )
    if before and now and set(before) != set(now):
        words = f"aud was {', '.join(before)}, and is {', '.join(now)} now."
        yield failed(words, answer.at("access_token"))
    elif "resource" in answer.asked:
        yield passed(at(answer.exchange, "form resource", "request"))


@check(
    "RT-07",
    "refresh",
    "client",
    "info",
    "without a new refresh token the old one stays in use",
    "RFC 6749 §6",
)
def the_old_one_stays(record: Record) -> Outcomes:
    answer, client = _refreshed(record), record.facts.client
    if answer is None or client is None or client.token_endpoint_auth_method == "none":
        return  # of a public client RT-02 says more
    if not (answer.members or {}).get("refresh_token"):
        words = "No new refresh token comes: the old one stays in use."
        yield failed(words, at(answer.exchange))
    else:
        yield passed(answer.at("refresh_token"))


@check(
    "RT-08",
    "refresh",
    "authorization-server",
    "error",
    "the answer to a refresh keeps the rules of a token response",
    "RFC 6749 §5.1, §6",
    "Answer a refresh as the exchange of a code is answered.",
)
def it_is_a_token_response(record: Record) -> Outcomes:
    answer, wrong = _refreshed(record), False
    if answer is None:
        return
    for made in (*registered(token_response), *registered(token_members)):
        if not isinstance(made, TokenCheck) or made.id in AFTER_A_CODE:
            continue
        for outcome in made.rule(answer):
            severity = outcome.severity or made.severity
            if outcome.result == "fail" and severity != "info":
                wrong = True
                standard, fix = outcome.standard or made.standard, outcome.fix or made.fix
                yield replace(outcome, severity=severity, standard=standard, fix=fix)
    if not wrong:
        yield passed(at(answer.exchange))
