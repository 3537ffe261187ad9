"""What the checks of token responses share. Each rule judges one answer of the token endpoint;
those of step `token` are checks of their own, and RT-08 holds the answer to a refresh to them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flows.checks.kernel import Check, Outcomes, Place, Severity, at, failed
from flows.checks.record import Record
from flows.documents import read_form, read_object
from flows.dpop import HEADER
from flows.exchange import Exchange, Response, header
from flows.facts import Facts
from flows.frozen import frozen
from flows.session import Party, StepId
from flows.steps.grants import TOKEN_EXCHANGE
from flows.steps.refusal import refusal_of


@frozen
class Answer:
    """A success of the token endpoint. `members` is None where it holds no JSON object."""

    exchange: Exchange
    response: Response
    members: Mapping[str, Any] | None
    facts: Facts

    @property
    def proven(self) -> bool:
        """Whether the request held a DPoP proof, and so asked for a bound token."""
        return header(self.exchange.request.headers, HEADER) is not None

    @property
    def asked(self) -> Mapping[str, str]:
        """The parameters of the request."""
        return dict(read_form(self.exchange.request.body))

    def at(self, name: str) -> Place:
        """A member, or the message where it is missing."""
        there = self.members is not None and name in self.members
        return at(self.exchange, pointer(name) if there else "")


Rule = Callable[[Answer], Outcomes]


@frozen
class TokenCheck(Check):
    """A check whose rule holds for every answer of the token endpoint."""

    rule: Rule


def pointer(name: str) -> str:
    """A JSON Pointer to a member at the top level (RFC 6901)."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def is_token_exchange(exchange: Exchange) -> bool:
    """A request to the identity provider, not to the MCP server's issuer (RFC 8693)."""
    return dict(read_form(exchange.request.body)).get("grant_type") == TOKEN_EXCHANGE


def answers(record: Record, step: StepId) -> tuple[Answer, ...]:
    """The last answer of `step` that may hold a token: neither an error nor a redirect."""
    found = [
        Answer(exchange, exchange.response, read_object(exchange.response)[0], record.facts)
        for event in record.exchanges(step)
        if (exchange := event.exchange).response
        and exchange.response.status < 300
        and not exchange.error
        and not is_token_exchange(exchange)
    ]
    return tuple(found[-1:])


AUTHORIZE_AGAIN = "A code works once: go back to the step Response, and approve again."


def _is_spent(record: Record, exchange: Exchange) -> bool:
    """Whether a code is refused that had brought a token before."""
    document = read_object(exchange.response)[0] if exchange.response else None
    code, error = _code(exchange), (document or {}).get("error")
    return bool(error == "invalid_grant" and code) and any(
        one.exchange.status == 200 and _code(one.exchange) == code
        for one in record.session.exchanges
        if one.step == "token" and not one.probe and one.exchange is not exchange
    )


def _code(exchange: Exchange) -> str | None:
    return dict(read_form(exchange.request.body)).get("code")


def refused(record: Record, check: str) -> Outcomes:
    """The failure of the token request, where it is this check's to tell."""
    broken = record.facts.failed.get("token")
    if broken is None:
        return
    refusal = refusal_of("token", broken, record.facts)
    if refusal.check == check and _is_spent(record, broken.exchange):
        refusal = replace(refusal, party="person", fix=AUTHORIZE_AGAIN)
    if refusal.check == check:
        yield failed(
            refusal.text,
            at(broken.exchange, refusal.field),
            severity="error",
            party=refusal.party,
            standard=refusal.standard or None,
            fix=refusal.fix or None,
        )


def rule(
    id: str, severity: Severity, asserts: str, standard: str, fix: str = ""
) -> Callable[[Rule], TokenCheck]:
    """Makes a check of a rule: of the answer to step `token`, or of its failure."""

    def make(judge: Rule) -> TokenCheck:
        def judge_record(record: Record) -> Outcomes:
            told = list(refused(record, id))
            yield from told
            for answer in () if told else answers(record, "token"):
                yield from judge(answer)

        party: Party = "authorization-server"
        return TokenCheck(id, "token", party, severity, asserts, standard, fix, judge_record, judge)

    return make
