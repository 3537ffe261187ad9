"""The issuer's signing keys (RFC 7517 section 5): for authwalk's own verification."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.documents import read_object
from flows.exchange import Request
from flows.facts import Facts, fail
from flows.moves import Done, Move, Send, Skipped
from flows.session import Event, Exchanged
from flows.steps.applies import no_authorization
from flows.steps.server_metadata import endpoint, endpoint_problem

STEP: Final = "keys"


def next(facts: Facts) -> Move:
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    url = endpoint(facts, "jwks_uri")
    if url is None:
        if endpoint_problem(facts, "jwks_uri"):
            return Done(STEP, "no URL")
        return Skipped(STEP, "no jwks_uri in the metadata")
    if facts.jwks is not None:
        keys = facts.jwks.get("keys")
        number = len(keys) if isinstance(keys, list) else 0
        return Done(STEP, f"{number or 'no'} key{'s' if number != 1 else ''}")
    if failed := facts.failed.get(STEP):
        # A client needs no keys, so this stops nothing; a resource server would be stuck.
        return Done(STEP, str(failed.exchange.status or "failed"))
    return Send(STEP, Request("GET", url, (("Accept", "application/json"),)), "jwks_uri")


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Exchanged):
        return facts
    response = event.exchange.response
    if response is None or event.exchange.error:
        reason = event.exchange.error.text if event.exchange.error else "no answer"
        return fail(facts, STEP, event.exchange, reason)
    if response.status != 200:
        return fail(facts, STEP, event.exchange, f"jwks_uri answers {response.status}")
    document, problem = read_object(response)
    if document is None:
        return fail(facts, STEP, event.exchange, f"jwks_uri: {problem}")
    return replace(facts, jwks=document)
