"""A recorded walk made again: the same moves, with fresh values in the places of the old ones.

    Replay(recorded, walk).run()  ->  Comparison

The steps say anew what comes next; the record says what the person did: what they edited,
answered, overrode and ran again. Each answer is compared with the recorded one as it comes.
`flows.rehearsal` does the same without any network.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from flows.align import align, comparable
from flows.compare import (
    Compared,
    Comparison,
    Pairing,
    compare_findings,
    compare_outcomes,
    pair,
)
from flows.counterparts import Counterparts
from flows.documents import read_json
from flows.edits import Edits
from flows.exchange import Request
from flows.frozen import frozen
from flows.mcp.opening import sent as message_of
from flows.mcp.rpc import CANCELLED, METHOD_NOT_FOUND, RpcError
from flows.moves import Act, Ask, Blocked, Compose, Listen, Make, Move, Send, Validate
from flows.replies import Reply
from flows.session import (
    Answered,
    Event,
    Exchanged,
    Made,
    Overrode,
    Pairs,
    Reran,
    Session,
    StepId,
    value,
)
from flows.spans import PLACEHOLDER
from flows.steps import STEP_ORDER, STEPS
from flows.walk import Walk
from flows.wire import Wire

MOST_EXTRA = 60
"""Moves that a walk may make on its own before the next recorded one comes up."""
END = "end of the session"
_REPLY = "response to "


class Unsaved(Exception):
    """A request would hold the mark of a secret that the session was saved without."""


@frozen
class Person:
    """Who does what only a person can: `response` has the authorization response recorded and
    returns "", or why there is none; `credentials` has a client identifier recorded."""

    response: Callable[[Walk], Awaitable[str]]
    credentials: Callable[[Walk, Ask], Awaitable[bool]]


class Replay:
    """`on_pairing` is told of each pairing as it comes, `stopped` is why not all was made again."""

    def __init__(
        self,
        recorded: Session,
        walk: Walk,
        person: Person,
        *,
        only: StepId | None = None,
        on_pairing: Callable[[Pairing], None] = lambda pairing: None,
    ) -> None:
        self.recorded = Walk(recorded, Wire())
        self.walk = walk
        self.stopped = ""
        self.notes: list[str] = []
        self._person = person
        self._only = only
        self._on_pairing = on_pairing
        self._counterparts = Counterparts()
        self._pairings: list[Pairing] = []
        self._elsewhere = recorded.target.url != walk.session.target.url
        if self._elsewhere:
            self._counterparts.learn_server(recorded.target.url, walk.session.target.url)
        self._streams = _streams(recorded.events)
        walk.replies.responder = _Recorded(recorded.events).answer

    async def run(self) -> Comparison:
        """Make everything again, end the session at the server if that was done, and compare.
        Closes the walk. Raises Unsaved."""
        since = len(self.walk.session.events)
        try:
            if self._only:
                self.walk.rerun(self._only)
            script = self._script()
            while script and not self.stopped:
                await self._next(script)
            self._pairings += (Pairing(event.step, event, None) for event in comparable(script))
            if isinstance(move := self.walk.current, Blocked) and not self._ended_there():
                self.stopped = self.stopped or move.reason
            if any(_label(event) == END for event in self.recorded.session.events):
                await self.walk.end_session()
        finally:
            await self.walk.close()
        self._pair_asides(self.walk.session.events[since:])
        return self.comparison()

    def comparison(self) -> Comparison:
        """What has come of it so far."""
        one, other = self.recorded, self.walk
        steps = []
        for step in (found.id for found in STEPS if self._only in (None, found.id)):
            pairings = tuple(found for found in self._pairings if found.step == step)
            findings = compare_findings(step, one.findings, other.findings)
            outcome = compare_outcomes(one.moves.get(step), other.moves.get(step))
            steps.append(Compared(step, pairings, findings, outcome))
        return Comparison(tuple(one for one in steps if one.pairings or one.matters))

    # The record as a script

    def _script(self) -> list[Event]:
        """The events that somebody made happen, in order; of one step alone, its last attempt."""
        events: Iterable[Event] = self.recorded.session.events
        if self._only:
            tries = self.recorded.attempts.get(self._only, ())
            events = tries[-1].events if tries else ()
        return [event for event in events if self._made(event)]

    def _made(self, event: Event) -> bool:
        match event:
            case Exchanged():
                return not event.probe and not self._aside(event)
            case Made(values=values):
                return value(values, "problems") is None
            case Answered() | Overrode() | Reran():
                return True
            case _:
                return False

    def _aside(self, event: Event) -> bool:
        """Whether it comes by itself: an answer to the server, the end of a stream."""
        if not isinstance(event, Exchanged):
            return False
        label = event.label
        by_itself = label in (CANCELLED, END) or label.startswith(_REPLY)
        return by_itself or event.exchange.id in self._streams

    # Making it again

    async def _next(self, script: list[Event]) -> None:
        event = script[0]
        move = self._move(event)
        if move is None and (own := self._own_move(script)):
            await self._made_again([], lambda: self._perform(own, None))
            return
        group = _group(script)
        del script[: len(group)]
        if isinstance(event, Reran):
            self._rerun(event)
        elif isinstance(event, Overrode) and isinstance(move, Blocked):
            since = len(self.walk.session.events)
            self.walk.override(move)
            self._pair(group, self.walk.session.events[since:])
        elif event.step == "callback" and isinstance(move, Ask):
            await self._made_again(group, self._respond)
        elif isinstance(event, Answered) and (move or event.step in ("tools", "call")):
            await self._made_again(group, lambda: self._answer(event, move))
        elif isinstance(move, Send | Make | Compose | Listen):
            made = move
            await self._made_again(group, lambda: self._perform(made, event))
        else:
            self._pair(group, ())

    def _move(self, event: Event) -> Move | None:
        """The move of the walk that is what the event was; None where it makes none such now."""
        move = self._wanted(event.step)
        match event, move:
            case Exchanged(step="callback"), Ask():
                return move
            case Exchanged(), Send() if _alike(event, move):
                return move
            case Made(values=values), Send(background=True) if value(values, "stream"):
                return move
            case Made(values=values), Make() | Compose() | Listen() if not value(values, "stream"):
                return move
            case Answered(), Ask():
                return move
            case Overrode(), Blocked(can_override=True):
                return move
            case _:
                return None

    def _wanted(self, step: StepId) -> Move | None:
        return self.walk.moves.get(step)

    def _own_move(self, script: Sequence[Event]) -> Act | None:
        """A move that the walk wants before the next recorded one, and that the record lacks."""
        move = self.walk.current
        if not isinstance(move, Send | Make | Compose | Listen | Validate):
            return None
        extra = sum(1 for one in self._pairings if one.a is None)
        if extra >= MOST_EXTRA or isinstance(script[0], Reran | Overrode):
            return None
        if STEP_ORDER[move.step] > STEP_ORDER[script[0].step]:
            return None
        comes = any(self._move(event) is move for event in script if event.step == move.step)
        return None if comes else move

    async def _made_again(self, group: Sequence[Event], act: Callable[[], Awaitable[None]]) -> None:
        since = len(self.walk.session.events)
        await act()
        self._pair(group, self.walk.session.events[since:])

    def _pair(self, group: Sequence[Event], made: Sequence[Event]) -> None:
        own = [event for event in comparable(made) if not self._live_aside(event)]
        for one, other in align(comparable(group), own):
            step = (other or one or group[0]).step
            found = pair(step, one, other, self._counterparts, elsewhere=self._elsewhere)
            self._pairings.append(found)
            self._on_pairing(found)

    def _live_aside(self, event: Event) -> bool:
        streams = self.walk.facts.streams
        return self._aside(event) or (isinstance(event, Exchanged) and event.exchange.id in streams)

    def _pair_asides(self, made: Sequence[Event]) -> None:
        """What came by itself came in any order."""
        events = self.recorded.session.events
        for step in (found.id for found in STEPS if self._only is None):
            ours = [one for one in events if one.step == step and self._aside(one)]
            theirs = [one for one in made if one.step == step and self._live_aside(one)]
            for one, other in align(*(sorted(side, key=_label) for side in (ours, theirs))):
                self._pairings.append(
                    pair(step, one, other, self._counterparts, elsewhere=self._elsewhere)
                )

    def _ended_there(self) -> bool:
        """Whether the recorded walk stopped where this one did."""
        move, recorded = self.walk.current, self.recorded.current
        return bool(move and recorded and move.step == recorded.step)

    def _rerun(self, event: Reran) -> None:
        move = self.walk.current
        if event.through and not (isinstance(move, Blocked) and move.remedy):
            self.notes.append(f"no new authorization was needed at {event.step}")
        elif event.through and isinstance(move, Blocked) and move.remedy:
            self.walk.remedy(move.remedy)
        else:
            self.walk.rerun(event.step)

    async def _respond(self) -> None:
        self.stopped = await self._person.response(self.walk)

    async def _answer(self, event: Answered, move: Move | None) -> None:
        values = {name: self._counterparts.text(text) for name, text in event.values}
        if not any(PLACEHOLDER.search(text) for text in values.values()):
            self.walk.answer(event.step, **values)
        elif isinstance(move, Ask) and move.kind == "client":
            if not await self._person.credentials(self.walk, move):
                self.stopped = move.prompt
        else:
            raise Unsaved(f"what was given at {event.step}")

    async def _perform(self, move: Act, event: Event | None) -> None:
        edit = self._edit(move, event)
        match move:
            case Send(request=request):
                chosen = edit if isinstance(edit, Request) else request
                _check_saved(chosen, move.label)
                await self.walk.perform(move, edit=edit)
            case Make() | Compose() | Listen() | Validate():
                await self.walk.perform(move, edit=edit)

    def _edit(self, move: Act, event: Event | None) -> Request | Pairs | None:
        """What the person had made of the move, made of this one; None where they left it."""
        edits = Edits(self._counterparts.text)
        edit: Request | Pairs | None = None
        if isinstance(event, Made) and (id := value(event.values, "stream")):
            event = self._streams[id]
        match move, event:
            case Send(request=fresh), Exchanged(exchange=exchange, draft=Request() as draft):
                edit = edits.request(draft, exchange.request, fresh)
            case Make(values=fresh), Made(values=values, draft=tuple() as draft):
                edit = edits.pairs(draft, values, fresh)
            case Compose(request=fresh), Made(values=values, draft=tuple() as draft):
                was, became = (value(one, "authorization_url") or "" for one in (draft, values))
                edit = replace(fresh, url=edits.url(was, became, fresh.url))
        for name in edits.lost:
            step = event.step if event else ""
            self.notes.append(f"the edit of {name} at {step} was not saved, and not made again")
        return edit


class _Recorded:
    """The answers that the client gave to the server's requests, by method and in order."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._replies: dict[str, list[Reply]] = {}
        for event in events:
            if isinstance(event, Exchanged) and event.label.startswith(_REPLY):
                message, _ = read_json(event.exchange.request.body)
                method = event.label.removeprefix(_REPLY)
                self._replies.setdefault(method, []).append(_reply(message))

    async def answer(self, method: str, params: Mapping[str, object]) -> Reply:
        replies = self._replies.get(method)
        if not replies:
            return RpcError(METHOD_NOT_FOUND, f"this client has no {method}")
        return replies.pop(0)


def _reply(message: object) -> Reply:
    found = message if isinstance(message, dict) else {}
    if isinstance(result := found.get("result"), dict):
        return result
    error = found.get("error")
    code, says = (error.get("code"), error.get("message")) if isinstance(error, dict) else (0, "")
    return RpcError(code if isinstance(code, int) else METHOD_NOT_FOUND, str(says))


def _streams(events: Iterable[Event]) -> dict[str, Exchanged | None]:
    """The streams that stayed open, by the exchange that they ended as."""
    events = tuple(events)
    ids = [value(event.values, "stream") for event in events if isinstance(event, Made)]
    ended = {event.exchange.id: event for event in events if isinstance(event, Exchanged)}
    return {id: ended.get(id) for id in ids if id}


def _group(script: Sequence[Event]) -> list[Event]:
    """The next event; of an authorization response all that led to it."""
    first = script[0]
    if first.step != "callback" or not isinstance(first, Exchanged):
        return [first]
    group: list[Event] = []
    for event in script:
        if event.step != "callback" or isinstance(event, Reran | Overrode):
            break
        group.append(event)
        if isinstance(event, Answered):
            break
    return group


def _alike(event: Exchanged, move: Send) -> bool:
    """Whether a move sends what was sent: the same by its label, or else by what it asks where."""
    ours, theirs = event.draft or event.exchange.request, move.request
    if event.label == move.label:
        return True
    one, other = ((r.method, message_of(r)[0], _path(r.url)) for r in (ours, theirs))
    return one == other


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return url


def _label(event: Event) -> str:
    return event.label if isinstance(event, Exchanged) else ""


def _check_saved(request: Request, label: str) -> None:
    """Raises Unsaved."""
    headers = (text for _, text in request.headers)
    body = request.body.decode("utf-8", "replace")
    if any(PLACEHOLDER.search(text) for text in (request.url, *headers, body)):
        raise Unsaved(label)
