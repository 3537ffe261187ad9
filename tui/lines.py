"""A walk as lines of text: what `run` prints as it goes, and `show` from a file.

9 ✓ Exchange code         200
      200    41 ms  POST http://127.0.0.1:8401/token  authorization code grant
      ! expires_in is "3600"; a positive JSON integer belongs there.
        RFC 6749 §5.1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from flows.exchange import Exchange
from flows.facts import Facts
from flows.mcp.notices import notice, notification
from flows.moves import Remark
from flows.session import Exchanged, Party, Received, Session, Target
from flows.steps import STEP
from flows.text import duration, visible
from tui.console import Console, Style, shortened, table
from tui.ending import Ending
from tui.record import Called, Moves, StepRow, rows, text_of
from tui.redaction import Redaction

_MARKS = {"blocked": "error", "ready": "waiting", "pending": "waiting"}
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
        """The step's line, its exchanges, and the remarks on it."""
        word = self._safe(row.word, 48)
        if row.attempt > 1:
            word += self.console.paint("dim", f"  attempt {row.attempt}")
        yield self._step_line(row, word)
        for exchanged in row.current:
            yield self.exchange(exchanged)
        yield from self._remarks(row.remarks)

    def call(self, row: StepRow, called: Called) -> Iterator[str]:
        """A tool call and what it gave. `row` is that of the step."""
        kind = "waiting" if called.asks_for_input else "error" if called.failed else "ok"
        yield self._line(row.number, kind, called.method, self._safe(called.name, 48))
        ours = {exchange.id for exchange in called.exchanges}
        for exchanged in row.exchanges:
            if exchanged.exchange.id in ours:
                yield self.exchange(exchanged)
        if called.error is not None:
            says = self._safe(called.error["message"])
            yield from self.console.wrapped(says, first=" " * _INDENT, rest=_INDENT)
        elif called.result is not None:
            yield from self._result(called)

    def notice(self, event: Received) -> Iterator[str]:
        """One line for what the server says without being asked."""
        if told := notification(event.event):
            kind, words = notice(*told)
            kind = self.console.paint("dim", f"{self._safe(kind, 40):<12}")
            yield f"{' ' * _INDENT}{kind}  {self._safe(words, 400)}".rstrip()

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

    def ending(self, session: Session, moves: Moves, ending: Ending) -> Iterator[str]:
        """The verdict: one line when sound, else who, why and what to change."""
        verdict = ending.verdict
        found = [remark for row in rows(session, moves) for remark in row.remarks]
        if not self.console.quiet:
            yield ""
        if ending.outcome == "completed" and not ending.code:
            mark = "warn" if any(r.level in ("warn", "error") for r in found) else "ok"
            yield f"{self.console.mark(mark)} {self._headline(mark, found)}"
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
        style: Style = "info" if waits else "error"
        yield f"{self.console.mark('waiting' if waits else 'error')} " + self.console.paint(
            style, head
        )
        if verdict.party and not waits:
            yield from self._labelled("party", PARTIES[verdict.party])
        yield from self._labelled("cause", verdict.cause)
        if verdict.evidence:
            yield from self._labelled("evidence", _summary(verdict.evidence, self.redaction))
        yield from self._labelled("fix", verdict.fix)
        yield from self._labelled("standard", verdict.standard)
        elsewhere = [found for found in verdict.alternatives if found[0] != verdict.step]
        for number, (step, remark) in enumerate(elsewhere[:3]):
            text = f"{STEP[step].title}: {remark.text}"
            yield from self._labelled("" if number else "see also", text)

    def _headline(self, mark: str, found: Iterable[Remark]) -> str:
        if mark == "ok":
            return self.console.paint("ok", "Sound")
        errors = sum(remark.level == "error" for remark in found)
        warnings = sum(remark.level == "warn" for remark in found)
        counts = [_count(errors, "error"), _count(warnings, "warning")]
        return (
            self.console.paint("warn", "Completed") + f", with {' and '.join(filter(None, counts))}"
        )

    def _step_line(self, row: StepRow, word: str) -> str:
        kind = _MARKS.get(row.state, row.state)
        if row.state != "skipped":
            return self._line(row.number, kind, row.step.title, word)
        title = self.console.paint("dim", f"{row.step.title:<{_TITLE}}  {word}")
        return f"{row.number:>3} {self.console.mark(kind)} {title}"

    def _line(self, number: int, kind: str, title: str, word: str) -> str:
        return f"{number:>3} {self.console.mark(kind)} {title:<{_TITLE}}  {word}".rstrip()

    def exchange(self, exchanged: Exchanged) -> str:
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

    def _remarks(self, remarks: Iterable[Remark]) -> Iterator[str]:
        for remark in remarks:
            if remark.level == "ok":
                continue
            first = f"{' ' * _INDENT}{self.console.mark(remark.level)} "
            text = self._safe(remark.text)
            yield from self.console.wrapped(text, first=first, rest=_INDENT + 2)
            if remark.standard and remark.level != "info":
                yield " " * (_INDENT + 2) + self.console.paint("dim", remark.standard)

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
