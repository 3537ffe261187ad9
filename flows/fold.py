"""From the record to the facts, by each step's `read`.

    fold(session) = read(e_n, ... read(e_2, read(e_1, Facts(target))))

`Reran(step)` takes the facts back to what they were before that step's first event, so a new
attempt never sees what the old one led to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from flows.catalogue import Listing, ToolList
from flows.dpop import with_nonce
from flows.exchange import Exchange
from flows.facts import Client, Facts, Tokens
from flows.frozen import frozen
from flows.mcp.http_sse import follow
from flows.session import (
    REPEATABLE,
    Event,
    Exchanged,
    Made,
    Noted,
    Overrode,
    Reran,
    Session,
    StepId,
    fallen_steps,
    value,
)

Read = Callable[[Event, Facts], Facts]


def start(session: Session) -> Facts:
    """What is known before anything happened: the target, and the token it may bring."""
    bearer = session.target.bearer
    tokens = Tokens(bearer, "Bearer", session.created) if bearer else None
    return Facts(
        session.target,
        session.created,
        session.seed,
        session.seed,
        tokens=tokens,
    )


@frozen
class _Carry:
    """What a new authorization takes over from the one before, in place of its `Reran`."""

    step: StepId
    at: datetime
    seed: bytes
    scope: str | None
    redirect_uri: str | None
    clients: Mapping[str, Client]
    remedies: int
    refusal: Exchange | None


class Fold:
    """Folds events one by one. `facts` is always the fold of everything added so far."""

    def __init__(self, session: Session, readers: Mapping[StepId, Read]) -> None:
        self._readers = readers
        self._start = start(session)
        self._live: list[Event | _Carry] = []  # what the facts rest on
        self.facts = self._start
        for event in session.events:
            self.add(event)

    def add(self, event: Event) -> None:
        if isinstance(event, Noted) or (isinstance(event, Exchanged) and event.probe):
            return
        if not isinstance(event, Reran) or event.step in REPEATABLE:
            self._apply(event)
            return
        fallen = fallen_steps(event)
        kept = [past for past in self._live if past.step not in fallen]
        carry = self._carry(event) if event.through else None
        self._live, self.facts = [], self._start
        for past in kept:
            self._apply(past)
        if carry:
            self._apply(carry)
        else:
            self.facts = replace(self.facts, at=event.at, seed=self._seed(event))

    def _apply(self, event: Event | _Carry) -> None:
        self._live.append(event)
        facts = replace(self.facts, at=event.at)
        if not isinstance(event, _Carry):
            stream, event = follow(facts.stream, event)
            facts = replace(facts, stream=stream)
        match event:
            case _Carry():
                self.facts = replace(
                    _tried_anew(facts),
                    seed=event.seed,
                    scope_asked=event.scope,
                    redirect_uri=event.redirect_uri,
                    known_clients=event.clients,
                    remedies=event.remedies,
                    refusal=event.refusal,
                )
            case Reran():
                facts = forget(facts, event.step)
                if event.through:
                    facts = replace(_tried_anew(facts), remedies=facts.remedies + 1)
                self.facts = replace(facts, seed=self._seed(event))
            case Overrode():
                self.facts = replace(facts, overridden=facts.overridden | {event.step})
            case Exchanged(exchange=exchange):
                facts, again = with_nonce(facts, exchange)
                silent = again or facts.is_over(exchange)
                self.facts = facts if silent else self._readers[event.step](event, facts)
            case Made(values=values) if id := value(values, "stream"):
                facts = replace(facts, streams=facts.streams | {id})
                self.facts = self._readers[event.step](event, facts)
            case _:
                self.facts = self._readers[event.step](event, facts)

    def _carry(self, event: Reran) -> _Carry:
        facts, clients = self.facts, dict(self.facts.known_clients)
        if facts.client and facts.client.issuer and _saved(facts.client):
            clients[facts.client.issuer] = facts.client
        return _Carry(
            event.step,
            event.at,
            self._seed(event),
            event.scope or facts.scope_asked,
            facts.redirect_uri,
            clients,
            facts.remedies + 1,
            next((failed.exchange for failed in facts.failed.values()), facts.refusal),
        )

    def _seed(self, event: Reran) -> bytes:
        """A session saved without secrets has lost the seeds of its attempts."""
        return event.seed or self._start.seed


def _saved(client: Client) -> bool:
    """Whether the client's secret, if it has one, is still known."""
    from flows.spans import PLACEHOLDER

    return not PLACEHOLDER.search(client.client_secret or "")


def _tried_anew(facts: Facts) -> Facts:
    """The facts without what failed for want of a better token: it is tried again."""
    openings = tuple(opening for opening in facts.openings if not opening.authorized)
    return replace(facts, failed={}, openings=openings)


def forget(facts: Facts, step: StepId) -> Facts:
    """The facts without the failure or override of one step, for its next attempt."""
    failed = {key: value for key, value in facts.failed.items() if key != step}
    facts = replace(facts, failed=failed, overridden=facts.overridden - {step})
    match step:
        case "refresh":
            before = facts.refreshed or facts.refreshed_before
            return replace(facts, refreshed=None, refreshed_before=before, refresh_wanted=True)
        case "tools":
            listings = dict.fromkeys(facts.listings, Listing())
            return replace(facts, tool_list=ToolList(), listings=listings, resuming=None)
        case "call":
            past = (*facts.past_calls, facts.call) if facts.call else facts.past_calls
            return replace(facts, call=None, past_calls=past, resuming=None)
        case _:
            return facts
