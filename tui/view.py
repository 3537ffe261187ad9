"""What the panes show, as plain data made from a walk: no widget, no state.

items       what there is to look at in one step: its exchanges, values, and the move to come
head_lines  request line or status line with the header fields, safe to show
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, urlsplit

from flows.exchange import Exchange, Request, Response, Timing
from flows.frozen import frozen
from flows.mcp.http_sse import response_id
from flows.mcp.notices import notice, notification
from flows.mcp.opening import sent
from flows.mcp.rpc import method_of
from flows.moves import Act, Ask, Blocked, Compose, Done, Make, Send, Skipped
from flows.reindent import reindent
from flows.session import (
    PARTIES,
    Answered,
    Attempt,
    Event,
    Exchanged,
    Made,
    Pairs,
    Received,
    StepId,
    value,
)
from flows.steps import numbered
from flows.text import duration, size, visible
from flows.walk import Walk
from tui.record import State

if TYPE_CHECKING:
    from flows.checks import Finding, Result
    from flows.diagnosis import Diagnosis

TITLE = 60
"""Characters of what a server says in a title."""
NAMES = 40
"""Columns that the names of values may push the values to the right."""


@frozen
class Item:
    """One thing to look at: an event of the record, or the move to come (`move`)."""

    title: str
    event: Event | None = None
    move: Act | Blocked | Skipped | Done | None = None

    @property
    def pending(self) -> bool:
        return self.event is None and isinstance(self.move, Act)


def where(walk: Walk, exchange_id: str) -> tuple[StepId, int] | None:
    """The step and the place among its newest items at which an exchange stands."""
    for event in walk.session.exchanges:
        if event.exchange.id == exchange_id:
            for number, item in enumerate(items(walk, event.step)):
                if item.event is event:
                    return event.step, number
    return None


def verdict_line(diagnosis: Diagnosis) -> str:
    """The verdict in a sentence; "" while there is nothing to say."""
    cause = diagnosis.cause
    if cause is None:
        return ""
    who = f", at fault {PARTIES[cause.party]}" if cause.party else ""
    head, where = "Stopped at" if diagnosis.stopped else "Wrong at", numbered(cause.step)
    if stop := diagnosis.elsewhere:
        where = f"{numbered(stop)} for {where}"
    if cause.host:
        head = (
            f"No rule is broken; as {visible(cause.host, limit=40)}: {head[:1].lower()}{head[1:]}"
        )
    return f"{head} {where}{who}: {visible(cause.says, limit=400)}"


def step_attempts(walk: Walk, step: StepId) -> tuple[Attempt, ...]:
    """The attempts of a step, oldest first. The newest is empty when nothing has happened in it
    yet: at the start, and once the step or one before it was run anew."""
    tries = walk.attempts.get(step, ())
    return tries if tries and tries[-1].current else (*tries, Attempt(step))


def items(walk: Walk, step: StepId, attempt: int = -1) -> tuple[Item, ...]:
    """What there is to look at in an attempt of a step; the newest also has the move to come."""
    return with_move(walk, step, attempt, recorded(walk, step, attempt))


def recorded(walk: Walk, step: StepId, attempt: int = -1) -> tuple[Item, ...]:
    """The items that the record gives; they stay as they are until something is recorded."""
    streams = background_streams(walk)
    found: list[Item] = []
    responses: dict[str | int, Item] = {}
    for event in step_attempts(walk, step)[attempt].events:
        if _worth_a_row(event):
            found.insert(_place(event, found, responses), Item(_title(event), event))
        elif isinstance(event, Received) and event.exchange_id in streams:
            found.append(Item(_title(event), event))
            if (rpc_id := response_id(event.event)) is not None:
                responses.setdefault(rpc_id, found[-1])
    return tuple(found)


def with_move(walk: Walk, step: StepId, attempt: int, found: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items with the move to come, which may change with time."""
    move, tries = walk.moves.get(step), step_attempts(walk, step)
    newest = attempt % len(tries) == len(tries) - 1
    if isinstance(move, Blocked):
        move = _as_found(walk, move)
    if newest and move is not None and (isinstance(move, Act | Blocked) or not found):
        return (*found, Item(_move_title(move), move=move))
    return found


def _as_found(walk: Walk, stop: Blocked) -> Blocked:
    """The stop with what its check found, which knows the whole record: who named an address
    where nobody answers, what a probe met elsewhere."""
    found = (one for one in walk.findings if one.check == stop.check and one.result == "fail")
    finding = next(found, None) if stop.check else None
    if finding is None or finding.party == stop.party:
        return stop
    return replace(
        stop,
        reason=finding.says,
        party=finding.party or stop.party,
        fix=finding.fix,
        standard=finding.standard,
    )


def _worth_a_row(event: Event) -> bool:
    if isinstance(event, Made) and value(event.values, "problems") is not None:
        return False  # the outcome of a check, which the findings tell
    return isinstance(event, Exchanged | Made | Answered)


def background_streams(walk: Walk) -> frozenset[str]:
    """The exchanges that stay open while the walk goes on, whose events are told one by one."""
    made = [event for event in walk.session.events if isinstance(event, Made)]
    return frozenset(filter(None, (value(event.values, "stream") for event in made)))


def _place(event: Event, found: Sequence[Item], responses: Mapping[str | int, Item]) -> int:
    """Where an event belongs: a request before the response that came on another stream."""
    if responses and isinstance(event, Exchanged):
        rpc_id = sent(event.exchange.request)[2]
        response = responses.get(rpc_id) if rpc_id else None
        return next((at for at, item in enumerate(found) if item is response), len(found))
    return len(found)


def responds_to(item: Item, rpc_id: int) -> bool:
    """Whether an item is the JSON-RPC response to a request, come on the stream of HTTP+SSE."""
    return isinstance(item.event, Received) and response_id(item.event.event) == rpc_id


def _told(event: Received) -> str:
    sent = event.event
    if told := notification(sent):
        return visible(" ".join(notice(*told)), limit=TITLE)
    if response_id(sent) is not None:
        return "its response"
    return visible(method_of(sent) or sent.event, limit=TITLE)


ASKED = {
    "authorization-response": "the answer to come",
    "client": "the client to use",
    "tool": "what to call",
    "input": "the server asks",
}
"""What is asked for, by the kind of `Ask`."""


def _title(event: Event) -> str:
    match event:
        case Exchanged(label=label):
            return label
        case Made():
            return "computed here"
        case Received():
            return _told(event)
        case Answered():
            return "what came back" if event.step == "callback" else "what you chose"
        case _:
            return ""


def _move_title(move: object) -> str:
    match move:
        case Send(label=label) | Make(label=label) | Compose(label=label):
            return label
        case Skipped():
            return "not part of this walk"
        case Blocked():
            return "stopped here"
        case Ask(kind=kind):
            return ASKED[kind]
        case _:
            return ""


def status_word(exchange: Exchange) -> str:
    """ "200", or the kind of failure where no status came or the answer was cut short."""
    if exchange.error:
        status = f"{exchange.status} " if exchange.status else ""
        return f"{status}{exchange.error.kind}"
    return str(exchange.status)


def status_state(exchange: Exchange) -> State:
    if exchange.error or exchange.status is None or exchange.status >= 500:
        return "error"
    return "ok" if exchange.status < 400 else "warn"


def headline(exchange: Exchange) -> tuple[str, str]:
    """`(method and URL, status, time and size)` of an exchange, in one line each."""
    request = exchange.request
    words = [status_word(exchange)]
    if exchange.response and exchange.response.reason and not exchange.error:
        words[0] += f" {visible(exchange.response.reason, limit=40)}"
    words.append(duration(exchange.timing.total))
    if exchange.response:
        words.append(size(len(exchange.response.body)))
    return f"{visible(request.method)} {visible(request.url)}", "  ".join(words)


def request_head(request: Request) -> tuple[str, ...]:
    """Request line and header fields, each safe to show. A query that is spread out below, as
    it is where there is no body, is not told twice."""
    parts = _split(request.url)
    target = (parts.path or "/") + ("?…" if parts.query and not request.body else "")
    if parts.query and request.body:
        target += f"?{parts.query}"
    return (f"{visible(request.method)} {visible(target)}", *_fields(request.headers))


def response_head(response: Response) -> tuple[str, ...]:
    """Status line and header fields, each safe to show."""
    line = f"{response.http_version} {response.status} {response.reason}".rstrip()
    return (visible(line), *_fields(response.headers))


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # "http://[": what no client can send is shown all the same
        path, _, query = url.partition("?")
        return SplitResult("", "", path, query, "")


def _fields(headers: Pairs) -> Iterator[str]:
    return (f"{visible(name)}: {visible(text)}" for name, text in headers)


def query_text(url: str) -> str:
    """A URL taken apart for reading: the endpoint, then a parameter a line."""
    pairs = parse_qsl(_split(url).query, keep_blank_values=True)
    return "\n".join((visible(url.partition("?")[0]), "", *_aligned(pairs)))


def pairs_text(pairs: Pairs) -> str:
    """Named values, a line each, aligned; JSON values spread out below their name."""
    return "\n".join(_aligned(pairs))


def _aligned(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    shown = [(visible(name), text) for name, text in pairs]
    width = min(NAMES, max((len(name) for name, _ in shown), default=0))
    for name, text in shown:
        if text.startswith(("{", "[")):
            laid_out = b"".join(reindent(text.encode("utf-8", "backslashreplace")))
            yield f"{name}\n{visible(laid_out.decode(), lines=True)}"
        else:
            yield f"{name:<{width}}  {visible(text)}"


def answered_pairs(event: Answered) -> Pairs:
    """What the person gave, an authorization response taken apart into its parameters."""
    if event.step != "callback":
        return event.values
    from flows.paste import read_pasted

    pasted = read_pasted(value(event.values, "redirect") or "")
    return (*pasted.parameters, ("", ""), ("came", value(event.values, "via") or ""))


MARKS: Mapping[Result, tuple[str, str]] = {
    "fail": ("✗", "$text-error"),
    "warn": ("!", "$text-warning"),
    "info": ("·", "$text-muted"),
    "pass": ("✓", "$text-success"),
}
"""The mark of a result that is told, and how that looks; the gravest first."""


def findings_text(findings: Iterable[Finding]) -> str:
    """Findings as lines: mark, words, section of the standard."""
    return "\n".join(
        f"{MARKS[one.result][0]} {visible(one.says)}  {visible(one.standard)}".rstrip()
        for one in findings
        if one.result in MARKS
    )


def timing_text(exchange: Exchange) -> str:
    """The phases of an exchange as bars on one scale, then who answered."""
    timing = exchange.timing
    rows = _phases(timing)
    total = timing.total or 1e-9
    lines, start = [], 0.0
    for name, seconds in rows:
        if seconds is None:
            continue
        left = round(start / total * 40)
        bar = max(1, round(seconds / total * 40))
        lines.append(f"{name:<12}{duration(seconds):>9}  {' ' * left}{'━' * bar}")
        start += seconds
    lines += [f"{'total':<12}{duration(timing.total):>9}", ""]
    lines.append(f"{'started':<12}{exchange.started:%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC")
    lines.append(f"{'exchange':<12}{exchange.id}")
    if exchange.peer:
        lines.append(f"{'peer':<12}{visible(exchange.peer)}")
    if exchange.response:
        response = exchange.response
        body = f"{size(response.wire_size)} received, {size(len(response.body))} inflated"
        lines += [f"{'protocol':<12}{response.http_version}", f"{'body':<12}{body}"]
    if tls := exchange.tls:
        checked = "verified" if tls.verified else "NOT verified (--insecure)"
        lines += [
            f"{'TLS':<12}{checked}  {visible(tls.version)}  {visible(tls.cipher)}",
            f"{'certificate':<12}{visible(tls.subject)}",
            f"{'issued by':<12}{visible(tls.issuer)}",
        ]
        if tls.not_after:
            lines.append(f"{'valid until':<12}{tls.not_after:%Y-%m-%d %H:%M} UTC")
    return "\n".join(lines)


def _phases(timing: Timing) -> tuple[tuple[str, float | None], ...]:
    return (
        ("connect", timing.connect),
        ("TLS", timing.tls),
        ("send", timing.send),
        ("first byte", timing.first_byte),
        ("body", timing.body),
    )


def findings(walk: Walk, diagnosis: Diagnosis) -> tuple[Finding, ...]:
    """What a person is told without asking: the verdict's cause, the other things that are
    wrong, then what is worth knowing."""
    first = (diagnosis.cause,) if diagnosis.cause else ()
    info = (one for one in walk.findings if one.result == "info")
    return (*first, *diagnosis.alternatives, *info)


def verdict(diagnosis: Diagnosis) -> str:
    """The verdict in the fewest words: whose fault it is."""
    party = diagnosis.cause.party if diagnosis.cause else None
    return f"at fault: {PARTIES[party]}" if party else ""
