"""Refreshing (RFC 6749 section 6): the person's choice, since it may rotate what they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flows.facts import Facts, fail
from flows.moves import Blocked, Done, Move, Skipped
from flows.session import Event, Exchanged
from flows.steps.applies import no_authorization
from flows.steps.refusal import refused
from flows.steps.remedy import again
from flows.steps.scope import selected_resource
from flows.steps.server_metadata import endpoint
from flows.steps.token_endpoint import read_tokens, send

STEP: Final = "refresh"


def next(facts: Facts) -> Move:
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    if failed := facts.failed.get(STEP):
        blocked = refused(STEP, failed, facts)
        if facts.refresh_wanted and STEP not in facts.overridden:
            # Whatever the reason, a client authorizes again when refreshing fails.
            return replace(blocked, remedy=again(facts), can_override=True)
        return Done(STEP, blocked.word)  # the access token is as good as it was
    if facts.refreshed:
        return Done(STEP, "200")
    url = endpoint(facts, "token_endpoint")
    token = facts.current_tokens.refresh_token if facts.current_tokens else None
    if not token or not url or not facts.client:
        return Skipped(STEP, "no refresh token was issued")
    pairs = [("grant_type", "refresh_token"), ("refresh_token", token)]
    if resource := selected_resource(facts):
        pairs.append(("resource", resource))
    move = send(STEP, facts, url, tuple(pairs), "refresh token grant")
    if isinstance(move, Blocked):
        return Skipped(STEP, move.reason)
    return replace(move, optional=not facts.refresh_wanted)


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Exchanged):
        return facts
    tokens, reason = read_tokens(event.exchange, event.at)
    if tokens is None:
        return fail(facts, STEP, event.exchange, reason, edited=event.draft is not None)
    if tokens.refresh_token is None and facts.current_tokens:
        # Without a new refresh token the old one stays (RFC 6749 section 6).
        tokens = replace(tokens, refresh_token=facts.current_tokens.refresh_token)
    return replace(facts, refreshed=tokens, refresh_wanted=False)
