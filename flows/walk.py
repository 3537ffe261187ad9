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
from typing import TYPE_CHECKING

from flows.exchange import Exchange, Request, Response, header, header_values, media_type
from flows.facts import Facts, Fold
from flows.flight import EventReceived, HeadReceived, Progress
from flows.mcp.rpc import answers, reply
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
from flows.replies import OpenStream, Replies, Reply, Responder
from flows.session import (
    REPEATABLE,
    Answered,
    Attempt,
    Event,
    Exchanged,
    Made,
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
from flows.wellknown import is_web_url, origin, resolve
from flows.wire import Wire

if TYPE_CHECKING:
    from http.cookies import SimpleCookie

    from flows.checks import Finding
    from flows.diagnosis import Diagnosis
    from flows.listener import Listener, Rejected

MAX_HOPS = 20
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
                sent = request or move.request
                await self._stream.open(
                    lambda closed: self._send(move, sent, observe, closed), cancel
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
        if move.delay and await _cancelled_within(move.delay, cancel):
            return
        exchange_id = self.wire.new_id()
        connection = self.facts.connection
        answers_requests = connection is not None and connection.era == "legacy"
        endless = move.background or (self._patient and move.step == "call")

        def watch(progress: Progress) -> None:
            if isinstance(progress, EventReceived):
                event = progress.event
                self.record(Received(self._clock(), move.step, exchange_id, event))
                if answers_requests:
                    self.replies.take(event, move.step, lasting=move.background)
            if move.background and isinstance(progress, HeadReceived):
                self._stream_began(move, exchange_id, progress.response)
            observe(progress)

        def until(event: ServerSentEvent) -> bool:
            return move.rpc_id is not None and answers(event, move.rpc_id)

        exchange = await self.wire.send(
            request,
            observe=watch,
            until=until,
            deadline=math.inf if endless else None,
            cancel=cancel,
            exchange_id=exchange_id,
        )
        if move.background and exchange.response and cancel and cancel.is_set():
            exchange = replace(exchange, error=None)  # to hang up on a stream is no failure
        draft = move.request if request != move.request else None
        self.record(Exchanged(self._clock(), move.step, exchange, move.label, draft))
        if self.facts.resuming is None and not move.background:
            await self.replies.settle()

    def _stream_began(self, move: Send, exchange_id: str, head: Response) -> None:
        if head.status == 200 and media_type(head.headers) == "text/event-stream":
            self.record(Made(self._clock(), move.step, (("stream", exchange_id),)))
            self._stream.began.set()

    async def _reply(self, step: StepId, method: str, rpc_id: str | int, answer: Reply) -> None:
        """Answer a request of the server, as part of the step whose stream it came on."""
        assert self.facts.connection
        request = reply(self.facts, self.facts.connection, rpc_id, answer)
        exchange = await self.wire.send(request)
        self.record(Exchanged(self._clock(), step, exchange, f"response to {method}"))

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
            uri = self.facts.target.redirect_uri or ""
        self.record(Made(self._clock(), move.step, (("redirect_uri", uri),)))

    def now(self) -> datetime:
        """The time as the record has it."""
        return self._clock()

    def answer(self, step: StepId, **values: str) -> None:
        """Record what the person, or the browser on their behalf, gave."""
        self.record(Answered(self._clock(), step, tuple(values.items())))

    def override(self, blocked: Blocked) -> None:
        """Go on where the standard says stop. The record keeps the reason."""
        self.record(Overrode(self._clock(), blocked.step, blocked.reason))

    def rerun(self, step: StepId) -> None:
        """Open a new attempt of `step`, with fresh entropy."""
        self.record(Reran(self._clock(), step, self._entropy(32)))

    def remedy(self, remedy: Remedy) -> None:
        """Take up what a blocked move offers: a new attempt with the connection left standing."""
        seed = self._entropy(32)
        self.record(Reran(self._clock(), remedy.step, seed, "refresh", remedy.scope))

    def step_back(self) -> StepId | None:
        """Open a new attempt of the last step that did something; its id, or None."""
        reached = list(self.moves)
        for step in reversed(reached):
            done = isinstance(self.moves[step], Done | Blocked)
            if done and step not in REPEATABLE and any(e.step == step for e in self.session.events):
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
            if remedies and isinstance(move, Blocked) and move.remedy:
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
        """Follow the authorization URL as a browser would, without a person: one GET, cookies,
        redirects. "" once the redirect URI was reached, else why it was not."""
        url, redirect_uri = self.facts.authorization_url, self.facts.redirect_uri
        if not url or not redirect_uri:
            return "there is no authorization URL yet"
        cookies: dict[str, SimpleCookie] = {}
        for hop in range(1, MAX_HOPS + 1):
            if not is_web_url(url):
                return f"redirected to {url}, which is no web URL"
            request = Request("GET", url, (("Accept", "*/*"), *_cookie(cookies, url)))
            exchange = await self.wire.send(request, cancel=cancel)
            label = f"as the browser, hop {hop}"
            self.record(Exchanged(self._clock(), "callback", exchange, label))
            if exchange.response is None:
                return exchange.error.text if exchange.error else "no answer"
            location = header(exchange.response.headers, "location")
            if not 300 <= exchange.response.status < 400 or not location:
                return f"{exchange.response.status}: the server wants a person"
            _keep_cookies(cookies, url, exchange)
            url = resolve(url, location)
            if url.partition("?")[0].partition("#")[0] == redirect_uri.partition("?")[0]:
                self.answer("callback", redirect=url, via="approved")
                return ""
        return f"more than {MAX_HOPS} redirects"

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


async def _cancelled_within(seconds: float, cancel: asyncio.Event | None) -> bool:
    """Wait for the time the server asked for; True when the person would not."""
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


def _cookie(cookies: Mapping[str, SimpleCookie], url: str) -> Pairs:
    jar = cookies.get(origin(url))
    if not jar:
        return ()
    return (("Cookie", "; ".join(f"{name}={morsel.coded_value}" for name, morsel in jar.items())),)


def _keep_cookies(cookies: dict[str, SimpleCookie], url: str, exchange: Exchange) -> None:
    from http.cookies import CookieError, SimpleCookie

    assert exchange.response
    jar = cookies.setdefault(origin(url), SimpleCookie())
    for line in header_values(exchange.response.headers, "set-cookie"):
        try:
            jar.load(line)
        except CookieError:
            continue
