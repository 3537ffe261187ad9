"""The walk: the one place where moves happen.

    next(facts) -> Move -> perform -> Event -> record -> facts -> next(facts) ...

A `Walk` owns a session, its fold, the wire and, once bound, the loopback listener. It holds no
other state: what to do next is always asked of the steps.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from flows.approval import approve
from flows.exchange import Exchange, Request, Response, media_type
from flows.facts import Facts
from flows.flight import EventReceived, HeadReceived, Progress
from flows.fold import Fold
from flows.hosts import host_of
from flows.mcp.opening import sent
from flows.mcp.outcome import comes_later, giving_up
from flows.mcp.rpc import CANCELLED, answers, end_of_session, method_of, reply
from flows.moves import (
    Act,
    Ask,
    Blocked,
    Compose,
    Done,
    Listen,
    Make,
    Move,
    Remedy,
    Send,
    Skipped,
    Validate,
)
from flows.open_stream import OpenStream
from flows.replies import Replies, Reply, Responder
from flows.session import (
    REPEATABLE,
    Answered,
    Attempt,
    Event,
    Exchanged,
    Made,
    Noted,
    Overrode,
    Pairs,
    Received,
    Reran,
    Session,
    StepId,
    Target,
    attempts,
)
from flows.sse import ServerSentEvent
from flows.steps import READERS, STEPS
from flows.wire import Wire

if TYPE_CHECKING:
    from flows.checks import Finding
    from flows.diagnosis import Diagnosis
    from flows.listener import Listener, Rejected

LAST_WORDS = 5.0
"""Seconds for a request that nothing depends on any more."""
FRESH = timedelta(seconds=30)
"""How old a DPoP proof or a client assertion may get while a person looks at it."""
HOLD: frozenset[StepId] = frozenset({"token"})
"""Steps that wait for the person even when running on: the code leaves only with their leave."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_session(
    target: Target,
    *,
    clock: Callable[[], datetime] = utc_now,
    entropy: Callable[[int], bytes] = os.urandom,
) -> Session:
    return Session(target, clock(), entropy(32))


class Walk:
    """Drives a session. `on_event` is called with each event right after it was recorded.

    `patient`: a person watches, who may be asked something before a call is answered, and can
    cancel it; so no deadline ends it.
    """

    def __init__(
        self,
        session: Session,
        wire: Wire,
        *,
        clock: Callable[[], datetime] = utc_now,
        entropy: Callable[[int], bytes] = os.urandom,
        on_rejected: Callable[[Rejected], None] | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
        responder: Responder | None = None,
        patient: bool = False,
    ) -> None:
        # A session saved without secrets has no entropy left; values derived from none could be
        # guessed by anyone.
        self.session = session = session if session.seed else replace(session, seed=entropy(32))
        self.wire = wire
        if (host := host_of(session.target)) and host.user_agent:
            wire.options = replace(wire.options, user_agent=host.user_agent.value)
        self.on_event = on_event
        self.listener: Listener | None = None
        self._clock = clock
        self._entropy = entropy
        self._on_rejected = on_rejected
        self._patient = patient
        self._fold = Fold(session, READERS)
        self._moves: dict[StepId, Move] | None = None
        self._findings: tuple[Finding, ...] | None = None
        self._attempts: Mapping[StepId, tuple[Attempt, ...]] | None = None
        self._dated: datetime | None = None  # the time that the moves hold
        self.replies = Replies(responder, self._reply)
        self._stream = OpenStream()
        self._under_way: StepId | None = None

    @property
    def facts(self) -> Facts:
        return self._fold.facts

    @property
    def moves(self) -> Mapping[StepId, Move]:
        """What each step wants, in order, up to the first one that is open or blocked.

        A request that holds a time is made for now, and made anew once that was `FRESH` ago; what
        was shown before can still be performed as it is.
        """
        if self._moves is None or (self._dated and self._clock() - self._dated > FRESH):
            self._moves, self._dated = {}, None
            for step in STEPS:
                move = step.next(self.facts)
                if isinstance(move, Send) and move.dated:
                    self._dated = self._dated or self._clock()
                    move = step.next(replace(self.facts, at=self._dated))
                self._moves[step.id] = move
                if _is_open(move):
                    break
        return self._moves

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks say of the record as it stands."""
        if self._findings is None:
            if not self.session.events:
                return ()
            from flows.checks import Record, findings

            self._findings = findings(Record(self.session, self.facts))
        return self._findings

    @property
    def diagnosis(self) -> Diagnosis:
        """The verdict on the walk as it stands."""
        from flows.diagnosis import diagnose

        return diagnose(self.session, self.moves, self.findings)

    @property
    def attempts(self) -> Mapping[StepId, tuple[Attempt, ...]]:
        """Every attempt of every step that has one, oldest first."""
        if self._attempts is None:
            self._attempts = attempts(self.session.events)
        return self._attempts

    @property
    def current(self) -> Act | Blocked | None:
        """The move the walk stands at; None when every step is done."""
        *_, last = self.moves.values()
        return last if _is_open(last) and not isinstance(last, Done | Skipped) else None

    async def perform(
        self,
        move: Send | Listen | Make | Compose | Validate,
        *,
        edit: Request | Pairs | None = None,
        observe: Callable[[Progress], None] = lambda progress: None,
        cancel: asyncio.Event | None = None,
    ) -> None:
        """Make a move happen and record it. `edit`, a request or values as the move has them,
        stands in for the move's own; the record then keeps both."""
        request = edit if isinstance(edit, Request) else None
        values = None if isinstance(edit, Request) else edit
        match move:
            case Send(background=True):
                opening = request or move.request
                await self._stream.open(
                    lambda closed: self._send(move, opening, observe, closed),
                    cancel,
                    self.wire.options.limits.deadline,
                )
            case Send():
                await self._send(move, request or move.request, observe, cancel)
                if isinstance(check := self.current, Validate):
                    await self._validate(check)
            case Validate():
                await self._validate(move)
            case Listen():
                await self._bind(move)
            case Make():
                draft = move.values if values is not None and values != move.values else None
                self.record(Made(self._clock(), move.step, values or move.values, draft))
            case Compose():
                url = (request or move.request).url
                draft = None if url == move.request.url else _url_pair(move.request.url)
                self.record(Made(self._clock(), move.step, _url_pair(url), draft))

    async def _send(
        self,
        move: Send,
        request: Request,
        observe: Callable[[Progress], None],
        cancel: asyncio.Event | None,
    ) -> None:
        if move.delay and await cancelled_within(move.delay, cancel):
            return
        exchange_id = self.wire.new_id()
        endless = move.background or (self._patient and move.step == "call")
        rpc_id = sent(request)[2] if request.method == "POST" else move.rpc_id
        if not move.background:
            self._under_way = move.step

        def watch(progress: Progress) -> None:
            if isinstance(progress, EventReceived):
                self._received(move, exchange_id, progress.event)
            if move.background and isinstance(progress, HeadReceived):
                self._stream_began(move, exchange_id, progress.response)
            observe(progress)

        def until(event: ServerSentEvent) -> bool:
            return rpc_id is not None and answers(event, rpc_id)

        exchange = await self.wire.send(
            request,
            observe=watch,
            until=until,
            endless=endless,
            cancel=cancel,
            exchange_id=exchange_id,
        )
        if move.background and exchange.response and cancel and cancel.is_set():
            # To hang up on a stream is no failure.
            exchange = replace(exchange, error=self._stream.failure)
        elif rpc_id is not None and comes_later(exchange, rpc_id, self.facts):
            idle = math.inf if endless else self.wire.options.limits.idle
            failure = await self._stream.response(rpc_id, idle, cancel)
            exchange = replace(exchange, error=failure)
        draft = move.request if request != move.request else None
        self.record(Exchanged(self._clock(), move.step, exchange, move.label, draft))
        if move.background:
            return
        self._under_way = None
        if word := giving_up(exchange, rpc_id, self.facts):
            await self._tell(move.step, word, CANCELLED)
        if self.facts.resuming is None:
            await self.replies.settle()

    def _received(self, move: Send, exchange_id: str, event: ServerSentEvent) -> None:
        """Record one event of a stream, on that of HTTP+SSE as part of the step it is for."""
        stream, step = self.facts.stream, move.step
        if stream and stream.exchange_id == exchange_id:
            step = self._under_way or step
        self.record(Received(self._clock(), step, exchange_id, event))
        connection = self.facts.connection
        if connection and connection.era == "legacy":
            self.replies.take(event, step, lasting=move.background and step == move.step)
        if move.background:
            self._stream.hear(event)
            if move.first and move.first in (event.event, method_of(event)):
                self._stream.began.set()

    def _stream_began(self, move: Send, exchange_id: str, head: Response) -> None:
        if head.status == 200 and media_type(head.headers) == "text/event-stream":
            first = (("first", move.first),) if move.first else ()
            self.record(Made(self._clock(), move.step, (("stream", exchange_id), *first)))
            if not move.first:
                self._stream.began.set()

    async def listen(self, seconds: float) -> None:
        """Wait for what the server says of its own accord, as long as its stream is open."""
        await self._stream.ended(seconds)

    async def end_session(self) -> None:
        """End the session at the server, if there is one."""
        if request := end_of_session(self.facts):
            await self._tell("connect", request, "end of the session")

    async def ask(
        self,
        step: StepId,
        request: Request,
        label: str,
        *,
        probe: str = "",
        deadline: float | None = None,
        cancel: asyncio.Event | None = None,
    ) -> Exchange:
        """Send a request that is no move of its step, and record it; `probe` names the one that
        it is of."""
        exchange = await self.wire.send(request, deadline=deadline, cancel=cancel)
        self.record(Exchanged(self._clock(), step, exchange, label, probe=probe))
        return exchange

    async def _tell(self, step: StepId, request: Request, label: str) -> None:
        """Send what nothing depends on any more."""
        await self.ask(step, request, label, deadline=LAST_WORDS)

    async def _reply(self, step: StepId, method: str, rpc_id: str | int, answer: Reply) -> None:
        """Answer a request of the server, as part of the step whose stream it came on."""
        assert self.facts.connection
        request = reply(self.facts, self.facts.connection, rpc_id, answer)
        await self.ask(step, request, f"response to {method}")

    async def _validate(self, move: Validate) -> None:
        from flows.schema_check import check

        problems = await check(move.schema, move.value, name=move.name)
        text = json.dumps([[p.path, p.text, p.checked] for p in problems])
        self.record(Made(self._clock(), move.step, (("problems", text),)))

    async def _bind(self, move: Listen) -> None:
        from flows.listener import Listener

        if self.listener:
            await self.listener.close()
            self.listener = None
        try:
            self.listener = await Listener.bind(
                move.host, move.port, move.path, on_rejected=self._on_rejected
            )
            uri = self.listener.redirect_uri
        except OSError:
            if not move.port:
                raise
            # Somebody else has the port, maybe the person's own client: pasting still works.
            uri = self.facts.target.redirect_uri or f"http://{move.host}:{move.port}{move.path}"
        self.record(Made(self._clock(), move.step, (("redirect_uri", uri),)))

    def answer(self, step: StepId, **values: str) -> None:
        """Record what the person, or the browser on their behalf, gave."""
        self.record(Answered(self._clock(), step, tuple(values.items())))

    def override(self, blocked: Blocked) -> None:
        """Go on where the standard says stop. The record keeps the reason."""
        self.record(Overrode(self._clock(), blocked.step, blocked.reason))

    def note(self, step: StepId, text: str) -> None:
        """Write something down about a step, in place of what was written before."""
        self.record(Noted(self._clock(), step, text))

    def rerun(self, step: StepId) -> None:
        """Open a new attempt of `step`, with fresh entropy."""
        self.record(Reran(self._clock(), step, self._entropy(32)))

    def remedy(self, remedy: Remedy) -> None:
        """Take up what a blocked move offers: a new attempt, as a rule with the connection left
        standing."""
        through: StepId | None = None if remedy.anew else "refresh"
        seed = self._entropy(32)
        self.record(Reran(self._clock(), remedy.step, seed, through, remedy.scope))

    def step_back(self) -> StepId | None:
        """Open a new attempt of the last step that did something; its id, or None."""
        reached = list(self.moves)
        for step in reversed(reached):
            done = isinstance(self.moves[step], Done | Blocked)
            if done and step not in REPEATABLE and step in self.attempts:
                self.rerun(step)
                return step
        return None

    async def run(
        self,
        *,
        hold: frozenset[StepId] = HOLD,
        remedies: bool = False,
        observe: Callable[[Progress], None] = lambda progress: None,
        cancel: asyncio.Event | None = None,
    ) -> Ask | Blocked | Act | None:
        """Perform move after move until a person must act, the walk is blocked, a step of
        `hold` comes up, or all is done. What it stands at is returned. With `remedies` a refused
        token is mended where that can be, as a client would by itself."""
        first = True
        while True:
            move = self.current
            if remedies and isinstance(move, Blocked) and move.remedy and not move.remedy.anew:
                self.remedy(move.remedy)
                continue
            if move is None or isinstance(move, Ask | Blocked):
                return move
            if move.step in hold and not first:
                return move
            await self.perform(move, observe=observe, cancel=cancel)
            first = False
            if cancel and cancel.is_set():
                return self.current

    async def approve(self, cancel: asyncio.Event | None = None) -> str:
        """Follow the authorization URL as a browser would, without a person. "" once the redirect
        URI was reached, else why it was not."""
        url, redirect_uri = self.facts.authorization_url, self.facts.redirect_uri
        if not url or not redirect_uri:
            return "there is no authorization URL yet"

        ask = partial(self.ask, "callback", cancel=cancel)
        reached, why = await approve(ask, url, redirect_uri)
        if reached:
            self.answer("callback", redirect=reached, via="approved")
        return why

    async def wait_for_response(self) -> None:
        """Wait for the loopback listener; record its response unless a pasted one came first."""
        if self.listener is None:
            return
        pkce = self.facts.pkce
        received = await self.listener.wait(pkce.state if pkce else None)
        if isinstance(self.current, Ask) and self.current.step == "callback":
            self.answer("callback", redirect=received.url, via="listener")

    def record(self, event: Event) -> None:
        """Append an event; the facts follow."""
        self.session = self.session.append(event)
        self._fold.add(event)
        self._moves = self._attempts = None
        if not isinstance(event, Received):  # the exchange that closes the stream is judged
            self._findings = None
        self.on_event(event)

    async def close(self) -> None:
        await self.replies.settle(lasting=True)
        await self._stream.close()
        if self.listener:
            await self.listener.close()
        await self.wire.close()


async def cancelled_within(seconds: float, cancel: asyncio.Event | None) -> bool:
    """Wait that long; True when the person would not."""
    try:
        await asyncio.wait_for((cancel or asyncio.Event()).wait(), seconds)
    except TimeoutError:
        return False
    return True


def _is_open(move: Move) -> bool:
    match move:
        case Done() | Skipped():
            return False
        case Send(optional=optional):
            return not optional
        case _:
            return True


def _url_pair(url: str) -> Pairs:
    return (("authorization_url", url),)
