"""A comparison of two walks as lines of text and as a JSON document.

9 ! Exchange code
      authorization code grant                       38 equal, 6 as they must
        response /access_token, claim aud
          A  https://mcp.example.com/mcp
          B  not there
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from flows.compare import UNREACHED, Compared, Comparison, Difference, Pairing
from flows.frozen import frozen
from flows.session import Event, Exchanged, Session
from flows.spans import marked, pair_spans
from flows.steps import STEP, STEP_ORDER, numbered
from flows.text import visible
from tui.console import Console
from tui.report import milliseconds

MISSING = "not there"
MOST = 12
"""Differences told of one event; the document has all."""
LONG = 120
"""Characters of a value from which on it is shown from shortly before where the two part."""
_BEFORE = 24
_SHOWN = 400


@frozen
class Walked:
    """One of the two: the name it goes by, and its session."""

    name: str
    session: Session


def excerpts(a: str | None, b: str | None, missing: str = MISSING) -> tuple[str, str]:
    """Both values safe to show in a line each, cut to where they part; `missing` stands for one
    that is not there."""
    start = 0
    if a and b and max(len(a), len(b)) > LONG:
        same = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
        same = min(len(a), len(b)) if same is None else same
        start = max(0, same - _BEFORE)
    return _excerpt(a, start, missing), _excerpt(b, start, missing)


def _excerpt(value: str | None, start: int, missing: str) -> str:
    if value is None:
        return missing
    return f"{'…' if start else ''}{visible(value[start:], limit=_SHOWN)}" or '""'


def counted(pairing: Pairing) -> str:
    """How much of two events is equal, in words."""
    if pairing.a is None or pairing.b is None:
        return f"only in {'A' if pairing.a else 'B'}"
    must = sum(1 for one in pairing.differences if one.must)
    return f"{pairing.equal} equal, {must} as they must" if must else f"{pairing.equal} equal"


def summary(comparison: Comparison, waits: str = "") -> str:
    """The verdict in a sentence. `waits` is where both wait for a person, if they do."""
    # A browser's record may lack the first steps.
    both = (step for step in comparison.steps if step.matters and not unreached(step))
    first = next(both, comparison.first)
    if first is None:
        return f"Nothing differs but what must{f', up to {waits}' if waits else ''}."
    number = sum(1 for step in comparison.steps if step.matters and not unreached(step))
    where = numbered(first.step)
    told = next((one for one in first.differences if one.side != "outcome"), None)
    what = f": {named(told)}" if told else _alone(first)
    more = f", and at {number - 1} more step{'s' * (number > 2)}" if number > 1 else ""
    return f"They differ at {where}{what}{more}.{_end(comparison)}"


def _end(comparison: Comparison) -> str:
    """Which of the two ended first, and where: what follows from that is no difference."""
    for number, (last, step) in enumerate(pairwise(comparison.steps), 1):
        letter = unreached(step)
        # A browser's record may lack the first steps and have later ones.
        if letter and all(unreached(later) == letter for later in comparison.steps[number:]):
            return f" {letter} ends at {numbered(last.step)}."
    return ""


def _alone(step: Compared) -> str:
    lone = next((one for one in step.pairings if one.matters and not (one.a and one.b)), None)
    return f": {visible(lone.title, limit=80)} is {counted(lone)}" if lone else ": how it ended"


def named(difference: Difference) -> str:
    """What differs, by its place."""
    side = {"values": "", "finding": "check ", "outcome": ""}.get(
        difference.side, f"{difference.side} "
    )
    return f"{side}{visible(difference.field, limit=160)}"


def unreached(step: Compared) -> str:
    """Which of the two never came to the step: "A", "B" or ""."""
    if step.outcome is None:
        return ""
    return "A" if step.outcome.a == UNREACHED else "B" if step.outcome.b == UNREACHED else ""


def missing_of(difference: Difference) -> str:
    return "nothing to say" if difference.side == "finding" else MISSING


class Comparing:
    """Shows a comparison. `text` is what may leave of a text: everything, or all but secrets."""

    def __init__(self, console: Console, text: Callable[[str], str] = lambda text: text) -> None:
        self.console = console
        self._text = text

    def lines(self, head: str, comparison: Comparison, a: Walked, b: Walked) -> Iterator[str]:
        yield self.console.paint("bold", head)
        for letter, walked in (("A", a), ("B", b)):
            when = walked.session.created.astimezone()
            url = visible(self._text(walked.session.target.url), limit=200)
            yield f"  {letter}  {url}  {when:%Y-%m-%d %H:%M}  {visible(walked.name, limit=200)}"
        yield ""
        for step in comparison.steps:
            yield from self._step(step)

    def verdict(self, comparison: Comparison, waits: str = "") -> str:
        kind = "warn" if not comparison.same else "waiting" if waits else "ok"
        return f"{self.console.mark(kind)} {self._text(summary(comparison, waits))}"

    def _step(self, step: Compared) -> Iterator[str]:
        mark = self.console.mark("warn" if step.matters else "ok")
        line = f"{STEP_ORDER[step.step] + 1:>3} {mark} {STEP[step.step].title}"
        if missing := unreached(step):
            yield f"{line:<26}  {self.console.paint('dim', f'{UNREACHED} in {missing}')}"
            return
        yield line
        for pairing in step.pairings:
            if pairing.matters:
                title = visible(self._text(pairing.title), limit=60)
                yield f"      {title:<44}  {self.console.paint('dim', counted(pairing))}"
                for one in pairing.telling[:MOST]:
                    yield from self._difference(one)
                if (more := len(pairing.telling) - MOST) > 0:
                    yield f"        {self.console.paint('dim', f'… and {more} more')}"
        for one in (*step.findings, *((step.outcome,) if step.outcome else ())):
            yield from self._difference(one)

    def _difference(self, one: Difference) -> Iterator[str]:
        yield f"        {self.console.paint('bold', named(one))}"
        values = excerpts(*self._values(one), missing_of(one))
        for letter, value in zip("AB", values, strict=True):
            yield from self.console.wrapped(value, first=f"          {letter}  ", rest=13)

    def _values(self, one: Difference) -> tuple[str | None, str | None]:
        return self._value(one, one.a), self._value(one, one.b)

    def _value(self, one: Difference, value: str | None) -> str | None:
        """The value as it may be shown: by its name too, as it stands here without what was
        around it."""
        if value is None:
            return None
        text = self._text(value)
        if text is value or one.side in ("finding", "outcome"):
            return text
        return marked(text, pair_spans(_last(one.field), text, "value"))

    def document(
        self, comparison: Comparison, a: Walked, b: Walked, waits: str = ""
    ) -> dict[str, Any]:
        first = comparison.first
        return {
            "same": comparison.same,
            "first": first.step if first else None,
            "says": self._text(summary(comparison, waits)),
            **{name: self._walked(one) for name, one in (("a", a), ("b", b))},
            "steps": [self._step_of(step) for step in comparison.steps],
        }

    def _walked(self, walked: Walked) -> dict[str, Any]:
        return {
            "name": walked.name,
            "url": self._text(walked.session.target.url),
            "created": walked.session.created.isoformat(timespec="seconds"),
        }

    def _step_of(self, step: Compared) -> dict[str, Any]:
        return {
            "id": step.step,
            "title": STEP[step.step].title,
            "same": not step.matters,
            "outcome": self._difference_of(step.outcome) if step.outcome else None,
            "events": [
                {
                    "label": self._text(pairing.title),
                    "same": not pairing.matters,
                    "equal": pairing.equal,
                    "a": self._evidence(pairing.a),
                    "b": self._evidence(pairing.b),
                    "differences": [self._difference_of(one) for one in pairing.differences],
                }
                for pairing in step.pairings
            ],
            "findings": [self._difference_of(one) for one in step.findings],
        }

    def _difference_of(self, one: Difference) -> dict[str, Any]:
        a, b = self._values(one)
        return {"side": one.side, "field": one.field, "a": a, "b": b, "must": one.must}

    def _evidence(self, event: Event | None) -> dict[str, Any] | None:
        match event:
            case None:
                return None
            case Exchanged(exchange=exchange):
                return {
                    "id": exchange.id,
                    "at": event.at.isoformat(timespec="milliseconds"),
                    "method": exchange.request.method,
                    "url": self._text(exchange.request.url),
                    "status": exchange.status,
                    "ms": milliseconds(exchange),
                }
            case _:
                return {"at": event.at.isoformat(timespec="milliseconds")}


def _last(field: str) -> str:
    """The name that a value goes by: the last word of its place."""
    return field.rpartition("/")[2].rpartition(" ")[2]
