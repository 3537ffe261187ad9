"""A walk as lines of text: what `run` prints as it goes, and `show` from a file.

9 ✓ Exchange code         200
      200    41 ms  POST http://127.0.0.1:8401/token  authorization code grant
      ! expires_in is "3600"; a positive JSON integer belongs there.
        RFC 6749 §5.1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from flows.exchange import Exchange
from flows.facts import Facts
from flows.session import Exchanged, Party, Target
from flows.steps import STEP
from flows.text import duration, visible
from flows.walk import Walk
from tui.console import Console, Style, shortened, table
from tui.ending import Ending
from tui.record import Called, StepRow, text_of
from tui.redaction import Redaction

if TYPE_CHECKING:
    from flows.checks import Finding

_MARKS = {
    "blocked": "error",
    "optional": "skipped",
    "ready": "waiting",
    "pending": "waiting",
}
_FINDINGS = {"fail": "error", "warn": "warn", "info": "info"}
_INDENT = 6
_TITLE = 20
_MOST_RESULT_LINES = 20

PARTIES: Final[dict[Party, str]] = {
    "person": "the person",
    "client": "the client",
    "authorization-server": "the authorization server",
    "resource-server": "the MCP server",
    "network": "the network",
}


class Lines:
    """Turns parts of a walk into lines; every text of a server is redacted and made visible."""

    def __init__(self, console: Console, redaction: Redaction) -> None:
        self.console = console
        self.redaction = redaction

    def head(self, target: Target) -> list[str]:
        what = "issuer " if target.kind == "authorization-server" else ""
        url = self._safe(self.redaction.url(target.url))
        return [f"{self.console.paint('bold', 'authwalk')}  {what}{url}"]

    def phase(self, name: str) -> list[str]:
        return ["", self.console.paint("bold", name)]

    def step(self, row: StepRow) -> Iterator[str]:
        """The step's line, its exchanges, and what was found in it."""
        word = self._safe(row.word, 48)
        if row.attempt > 1:
            word += self.console.paint("dim", f"  attempt {row.attempt}")
        yield self._step_line(row, word)
        for exchanged in row.current:
            yield self._exchange(exchanged)
        yield from self._findings(row.findings)

    def call(self, row: StepRow, called: Called) -> Iterator[str]:
        """A tool call and what it gave. `row` is that of the step."""
        kind = "waiting" if called.asks_for_input else "error" if called.failed else "ok"
        yield self._line(row.number, kind, called.method, self._safe(called.name, 48))
        for exchanged in row.exchanges:
            if exchanged.exchange in called.exchanges:
                yield self._exchange(exchanged)
        if called.error is not None:
            says = self._safe(called.error["message"])
            yield from self.console.wrapped(says, first=" " * _INDENT, rest=_INDENT)
        elif called.result is not None:
            yield from self._result(called)

    def tools(self, facts: Facts) -> list[str]:
        pairs = []
        for tool in facts.tool_list.tools:
            name, description = str(tool.get("name")), tool.get("description")
            first = description.strip().partition("\n")[0] if isinstance(description, str) else ""
            pairs.append((self.redaction.text(name), self._safe(first)))
        if self.console.tty:
            width = min(24, max((len(visible(name)) for name, _ in pairs), default=0))
            room = max(20, self.console.width - _INDENT - width - 2)
            pairs = [(name, _cut(text, room)) for name, text in pairs]
        return table(pairs, indent=_INDENT)

    def ending(self, walk: Walk, ending: Ending) -> Iterator[str]:
        """The verdict: one line when sound, else who, why and what to change."""
        verdict = ending.verdict
        if not self.console.quiet:
            yield ""
        done = ending.outcome == "completed" and not ending.code
        if done and verdict.step is None:
            yield f"{self.console.mark('ok')} {self.console.paint('ok', 'Sound')}"
            yield f"  {self._safe(verdict.cause)}"
            return
        waits = ending.outcome == "needs-person"
        title = f" at {STEP[verdict.step].title}" if verdict.step else ""
        head = {
            "needs-person": f"A person is needed{title}",
            "unreachable": f"Unreachable{title}",
            "completed": f"Failed{title}",
            "stopped": f"Stopped{title}",
        }[ending.outcome]
        if done:
            yield self._completed(walk.findings)
            yield from self._labelled("step", STEP[verdict.step].title if verdict.step else "")
        else:
            style: Style = "info" if waits else "error"
            mark = self.console.mark("waiting" if waits else "error")
            yield f"{mark} {self.console.paint(style, head)}"
        if verdict.party and not waits:
            yield from self._labelled("party", PARTIES[verdict.party])
        yield from self._labelled("cause", verdict.cause)
        if verdict.evidence:
            summary = _summary(verdict.evidence, self.redaction)
            yield from self._labelled("evidence", " ".join((summary, verdict.field)).strip())
        yield from self._labelled("fix", verdict.fix)
        yield from self._labelled("standard", verdict.standard)
        for number, other in enumerate(verdict.alternatives[:3]):
            text = f"{STEP[other.step].title}: {other.says}"
            yield from self._labelled("" if number else "see also", text)

    def _completed(self, findings: Iterable[Finding]) -> str:
        results = [finding.result for finding in findings]
        failures, warnings = results.count("fail"), results.count("warn")
        counted = (_count(failures, "error"), _count(warnings, "warning"))
        mark: Style = "error" if failures else "warn"
        head = f"{self.console.mark(mark)} {self.console.paint(mark, 'Completed')}"
        return f"{head}, with {' and '.join(filter(None, counted))}"

    def _step_line(self, row: StepRow, word: str) -> str:
        kind = _MARKS.get(row.state, row.state)
        if kind != "skipped":
            return self._line(row.number, kind, row.step.title, word)
        title = self.console.paint("dim", f"{row.step.title:<{_TITLE}}  {word}")
        return f"{row.number:>3} {self.console.mark(kind)} {title}"

    def _line(self, number: int, kind: str, title: str, word: str) -> str:
        return f"{number:>3} {self.console.mark(kind)} {title:<{_TITLE}}  {word}".rstrip()

    def _exchange(self, exchanged: Exchanged) -> str:
        """Status, time, method and URL; the label where there is room for it."""
        exchange = exchanged.exchange
        status = str(exchange.status or (exchange.error.kind if exchange.error else "none"))
        took = duration(exchange.timing.total)
        start = f"{' ' * _INDENT}{status:>3} {took:>8}  "
        bare, question, _ = exchange.request.url.partition("?")
        url = self._safe(self.redaction.url(bare)) + ("?…" if question else "")
        method = f"{self._safe(exchange.request.method, 20):<4}"
        label = self._safe(exchanged.label, 60)
        room = self.console.width - len(start) - len(method) - 1
        if self.console.tty:
            url = shortened(url, max(24, room))
            shorter = (label, label.partition(",")[0], "")
            label = next(one for one in shorter if not one or len(url) + len(one) + 2 <= room)
        tail = f"  {self.console.paint('dim', label)}" if label else ""
        return f"{self._colour_of(exchange, start)}{method} {url}{tail}"

    def _colour_of(self, exchange: Exchange, start: str) -> str:
        bad = exchange.status is None or exchange.error or exchange.status >= 500
        return self.console.paint("error", start) if bad else self.console.paint("dim", start)

    def _findings(self, findings: Iterable[Finding]) -> Iterator[str]:
        for finding in findings:
            mark = self.console.mark(_FINDINGS[finding.result])
            text = self._safe(finding.says)
            first = f"{' ' * _INDENT}{mark} "
            yield from self.console.wrapped(text, first=first, rest=_INDENT + 2)
            if finding.standard and finding.result != "info":
                yield " " * (_INDENT + 2) + self.console.paint("dim", finding.standard)

    def _result(self, called: Called) -> Iterator[str]:
        assert called.result is not None
        text = visible(self.redaction.text(text_of(called.result)), lines=True, limit=4000)
        lines = text.splitlines()
        for line in lines[:_MOST_RESULT_LINES]:
            yield " " * _INDENT + line
        if more := len(lines) - _MOST_RESULT_LINES:
            if more > 0:
                yield " " * _INDENT + self.console.paint("dim", f"… {_count(more, 'more line')}")

    def _labelled(self, label: str, text: str) -> list[str]:
        if not text:
            return []
        first = f"  {self.console.paint('dim', f'{label:<9}')} "
        return self.console.wrapped(self._safe(text), first=first, rest=12)

    def _safe(self, text: str, limit: int | None = 2000) -> str:
        return visible(self.redaction.text(text), limit=limit)


def _summary(exchange: Exchange, redaction: Redaction) -> str:
    request = exchange.request
    came = exchange.status or (exchange.error.kind if exchange.error else "no answer")
    return f"{request.method} {redaction.url(request.url)} {came}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}" if number else ""


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
