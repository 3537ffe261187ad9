"""Which event of one walk stands beside which of another: by what each is, whatever came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from flows.counterparts import split
from flows.documents import read_form
from flows.mcp.opening import sent
from flows.recorded import BROWSER as RECORDED
from flows.session import Answered, Event, Exchanged, Made, Overrode, value

BROWSER = "as the browser"
"""How the labels begin of what an approval sends; a person's browser leaves none."""
_NAMING = frozenset({"redirect_uri", "client_id", "code_verifier", "authorization_url", "stream"})


def comparable(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events that say something; those of a stream stand in the exchange's body again."""
    return tuple(
        event
        for event in events
        if isinstance(event, Exchanged | Answered | Overrode)
        or (isinstance(event, Made) and value(event.values, "problems") is None)
    )


def align(
    a: Sequence[Event], b: Sequence[Event], *, titled: bool = True
) -> tuple[tuple[Event | None, Event | None], ...]:
    """The events of two attempts side by side, by what each is. Where the order is another, those
    of the first come before those of the second. `titled`: a request is what its label says."""
    shared = {"", *({_browsing(one) for one in a} & {_browsing(one) for one in b})}
    a, b = ([one for one in side if _browsing(one) in shared] for side in (a, b))
    ours, theirs = ([_identity(one, titled) for one in side] for side in (a, b))
    found: list[tuple[Event | None, Event | None]] = []
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for word, first, last, start, end in matcher.get_opcodes():
        if word == "equal":
            found += zip(a[first:last], b[start:end], strict=True)
        else:
            found += ((one, None) for one in a[first:last])
            found += ((None, one) for one in b[start:end])
    return tuple(found)


def _browsing(event: Event) -> str:
    """Who did in an event what a person's browser does; "" where that is not what it is."""
    if isinstance(event, Exchanged) and event.label.startswith(BROWSER):
        return BROWSER
    return RECORDED if isinstance(event, Exchanged) and event.probe == RECORDED else ""


def _identity(event: Event, titled: bool) -> tuple[str, ...]:
    """What an event is, whatever came of it."""
    match event:
        case Exchanged(exchange=exchange, label=label, probe=probe):
            request = exchange.request
            what = label if titled or probe else _purpose(event)
            return "exchanged", probe, what, request.method, sent(request)[0]
        case Made(values=values):
            return "made", *sorted({name for name, _ in values} & _NAMING)
        case _:
            return (type(event).__name__,)


def _purpose(event: Exchanged) -> str:
    """What a request asks for beside its method: a grant, or one of the places where a document
    may be. Other endpoints have whatever path their server gave them."""
    request = event.exchange.request
    if event.step in ("resource-metadata", "server-metadata"):
        return split(request.url)[1].partition("?")[0]
    try:
        return value(read_form(request.body), "grant_type") or ""
    except ValueError:  # more fields than anybody means
        return ""
