"""A walk as lines of text: what `run` prints as it goes, and `show` from a file.

9 ✓ Exchange code         200
      200    41 ms  POST http://127.0.0.1:8401/token  authorization code grant
      ! expires_in is "3600"; a positive JSON integer belongs there.
        RFC 6749 §5.1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING

from flows.catalogue import KINDS, Json, Listing
from flows.exchange import Exchange
from flows.facts import Facts
from flows.hosts import host_of
from flows.mcp.content import words
from flows.mcp.notices import notice, notification
from flows.session import PARTIES, Exchanged, Received, Session, Target
from flows.steps import STEP, STEP_ORDER
from flows.steps.imitation import substitutes
from flows.text import duration, visible
from flows.walk import Walk
from tui.console import Console, Style, shortened, table
from tui.ending import Ending
from tui.evidence import summary
from tui.record import Called, StepRow
from tui.redaction import Redaction

if TYPE_CHECKING:
    from flows.checks import Finding
    from flows.diagnosis import Diagnosis
    from flows.health import Component

_MARKS = {
    "blocked": "error",
    "optional": "skipped",
    "ready": "waiting",
    "pending": "waiting",
}
_FINDINGS = {"fail": "error", "warn": "warn", "info": "info", "pass": "ok"}
_INDENT = 6
_TITLE = 20
_DETAIL = 34
"""Columns before the detail of the health table."""
_WIDE = 72
"""Columns from which the detail stands beside the component."""
_MOST_RESULT_LINES = 20


class Lines:
    """Turns parts of a walk into lines; every text of a server is redacted and made visible."""

    def __init__(self, console: Console, redaction: Redaction) -> None:
        self.console = console
        self.redaction = redaction

    def head(self, target: Target) -> list[str]:
        what = "issuer " if target.kind == "authorization-server" else ""
        url = self.shown_url(target.url)
        host = host_of(target)
        role = f"  as {self._safe(host.title, 40)}" if host else ""
        return [f"{self.console.paint('bold', 'authwalk')}  {what}{url}{role}"]

    def declared(self, facts: Facts) -> Iterator[str]:
        """How the walk differs from that of the host it was made as."""
        if told := substitutes(facts):
            yield ""
            for words in told:
                yield from self.console.wrapped(self._safe(words), first="  · ", rest=4)

    def phase(self, name: str) -> list[str]:
        return ["", self.console.paint("bold", name)]

    def step(self, row: StepRow) -> Iterator[str]:
        """The step's line, its exchanges, and what was found in it."""
        word = self._safe(row.word, 48)
        if row.attempt > 1:
            word += self.console.paint("dim", f"  attempt {row.attempt}")
        yield self._step_line(row, word)
        for exchanged in row.current:
            yield self.exchange(exchanged)
        yield from self._noticed(row.findings)

    def exchanges(self, session: Session) -> Iterator[str]:
        """Every exchange of a record, below the step that it belongs to."""
        for step, group in groupby(session.exchanges, key=lambda event: event.step):
            yield f"  {STEP[step].title}"
            for event in group:
                yield self.exchange(event)

    def call(self, row: StepRow, called: Called) -> Iterator[str]:
        """A tool call, what it gave and what is to be said of it. `row` is that of the step."""
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
        yield from self._noticed(called.findings)

    def catalogue(self, facts: Facts) -> Iterator[str]:
        """The tools, and below their own headings the lists that were asked for as well."""
        yield from self._entries("name", facts.tool_list)
        for method, pages in facts.listings.items():
            if pages.items:
                heading = _count(len(pages.items), KINDS[method].noun)
                yield " " * _INDENT + self.console.paint("bold", heading)
                yield from self._entries(KINDS[method].key, pages)

    def notice(self, event: Received) -> Iterator[str]:
        """One line for what the server says without being asked."""
        if told := notification(event.event):
            kind, words = notice(*told)
            kind = self.console.paint("dim", f"{self._safe(kind, 40):<12}")
            yield f"{' ' * _INDENT}{kind}  {self._safe(words, 400)}".rstrip()

    def _entries(self, key: str, pages: Listing) -> list[str]:
        pairs = []
        for entry in pages.items:
            description = entry.get("description") or entry.get("title")
            first = description.strip().partition("\n")[0] if isinstance(description, str) else ""
            name = f"{entry[key]}{_arguments(entry)}"
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
        done = ending.outcome == "completed" and ending.code in ("", "host-refuses")
        if done and verdict.step is None:
            yield f"{self.console.mark('ok')} {self.console.paint('ok', 'Sound')}"
            yield f"  {self._safe(verdict.cause)}"
            return
        waits = ending.outcome == "needs-person"
        if done:
            yield self._completed(walk)
            yield from self._labelled("step", STEP[verdict.step].title if verdict.step else "")
        else:
            title = f" at {STEP[verdict.step].title}" if verdict.step else ""
            if verdict.stopped:
                title = f" at {STEP[verdict.stopped].title} for what is wrong{title}"
            head = {
                "needs-person": f"A person is needed{title}",
                "unreachable": f"Unreachable{title}",
                "completed": f"Failed{title}",
                "stopped": f"Stopped{title}",
            }[ending.outcome]
            style: Style = "info" if waits else "error"
            mark = self.console.mark("waiting" if waits else "error")
            yield f"{mark} {self.console.paint(style, head)}"
        if verdict.party and not waits:
            yield from self._labelled("party", PARTIES[verdict.party])
        yield from self._labelled("cause", verdict.cause)
        yield from self._evidence(verdict.evidence, verdict.field)
        yield from self._labelled("fix", verdict.fix)
        yield from self._labelled("source" if verdict.host else "standard", verdict.standard)
        yield from self._host(walk.diagnosis)
        yield from self._see_also(verdict.alternatives, walk.diagnosis)

    def diagnosis(
        self, walk: Walk, diagnosis: Diagnosis, hosts: str = "", *, lacks: str = ""
    ) -> Iterator[str]:
        """The verdict of a check: what is wrong first, or that nothing is; `hosts` says which would
        refuse all the same, `lacks` what a record of another's walk does not hold."""
        cause = diagnosis.cause
        if cause is None and (but := hosts or lacks):
            text = self._safe(f"No rule is broken, and {but}.")
            yield from self.console.wrapped(text, first=f"{self.console.mark('warn')} ", rest=2)
            return
        if cause is None:
            yield f"{self.console.mark('ok')} {self.console.paint('ok', 'Sound')}"
            return
        yield self._counted("Verdict", (cause, *diagnosis.alternatives))
        yield from self._labelled("step", STEP[cause.step].title)
        yield from self._labelled("party", PARTIES[cause.party] if cause.party else "")
        yield from self._labelled("cause", cause.says)
        if cause.place:
            exchange = walk.session.exchange(cause.place.exchange)
            yield from self._evidence(exchange, cause.place.field)
        yield from self._labelled("fix", cause.fix)
        yield from self._labelled("source" if cause.host else "standard", cause.standard)
        yield from self._host(diagnosis)
        yield from self._labelled("hosts", hosts)
        yield from self._see_also(diagnosis.alternatives, diagnosis)

    def health(self, components: Iterable[Component]) -> Iterator[str]:
        """The health table: mark, component, status, detail, endpoint; in a narrow terminal the
        last two below the others."""
        kinds = {"fail": "error", "unknown": "skipped"}
        wide = self.console.width >= _WIDE
        for one in components:
            mark = self.console.mark(kinds.get(one.state, one.state))
            status, detail = self._safe(one.status, 12), self._safe(one.detail, 200)
            head = f"  {mark} {one.name:<18} {status:<10}"
            if wide and detail:
                yield from self.console.wrapped(detail, first=f"{head} ", rest=_DETAIL)
            else:
                yield head.rstrip()
                yield from self.console.wrapped(detail, first=" " * 4, rest=4) if detail else ()
            if one.endpoint:
                url = self.shown_url(one.endpoint)
                fits = wide and _DETAIL + len(url) <= self.console.width
                yield " " * (_DETAIL if fits else 4) + self.console.paint("dim", url)

    def findings(self, findings: Iterable[Finding]) -> Iterator[str]:
        """Findings in the order of the walk, each with its check, party, standard and fix."""
        for step, group in groupby(
            sorted(findings, key=lambda one: STEP_ORDER[one.step]), key=lambda one: one.step
        ):
            yield self.console.paint("bold", STEP[step].title)
            for line, _ in groupby("\n".join(self._finding(finding)) for finding in group):
                yield from line.split("\n")  # what holds several times is told once

    def _finding(self, finding: Finding) -> Iterator[str]:
        mark = self.console.mark(_FINDINGS.get(finding.result, "skipped"))
        first = f"  {mark} {finding.check or 'stop':<8} "
        yield from self.console.wrapped(self._safe(finding.says), first=first, rest=13)
        if finding.result in ("fail", "warn"):
            party = PARTIES[finding.party] if finding.party else ""
            words = self._safe(" · ".join(filter(None, (party, finding.standard))))
            yield from self.console.wrapped(words, first=" " * 13, rest=13, style="dim")

    def _evidence(self, exchange: Exchange | None, field: str) -> Iterator[str]:
        if exchange:
            words = filter(None, (summary(exchange, self.redaction), field))
            yield from self._labelled("evidence", " ".join(words))

    def _host(self, diagnosis: Diagnosis) -> Iterator[str]:
        """The host's verdict beside that of the standards, and the other way round."""
        told = diagnosis.host
        if told and told is diagnosis.cause:
            yield from self._labelled("standard", "sound: no rule is found broken")
        elif told:
            yield from self._labelled("host", told.says)
            yield from self._labelled("source", told.standard)

    def _see_also(self, alternatives: Iterable[Finding], diagnosis: Diagnosis) -> Iterator[str]:
        """What may be the cause too, but for what `_host` says."""
        others = (one for one in alternatives if one is not diagnosis.host)
        for number, other in enumerate(islice(others, 3)):
            text = f"{STEP[other.step].title}: {other.says}"
            yield from self._labelled("" if number else "see also", text)

    def _completed(self, walk: Walk) -> str:
        """The end of a walk that had findings: what its host makes of them, or how many."""
        told, host = walk.diagnosis.host, host_of(walk.session.target)
        if told is None or host is None:
            return self._counted("Completed", walk.findings)
        kind: Style = "error" if told.result == "fail" else "warn"
        words = f"{self._safe(host.title, 40)} {'would' if kind == 'error' else 'may'} refuse this"
        return f"{self.console.mark(kind)} {self.console.paint(kind, words)}"

    def _counted(self, word: str, findings: Iterable[Finding]) -> str:
        results = [finding.result for finding in findings]
        failures, warnings = results.count("fail"), results.count("warn")
        counted = (_count(failures, "error"), _count(warnings, "warning"))
        mark: Style = "error" if failures else "warn"
        head = f"{self.console.mark(mark)} {self.console.paint(mark, word)}"
        return f"{head}, with {' and '.join(filter(None, counted))}"

    def _step_line(self, row: StepRow, word: str) -> str:
        kind = _MARKS.get(row.state, row.state)
        if kind != "skipped":
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

    def _noticed(self, findings: Iterable[Finding]) -> Iterator[str]:
        """Findings below the line of their step."""
        for finding in findings:
            mark = self.console.mark(_FINDINGS[finding.result])
            text = self._safe(finding.says)
            first = f"{' ' * _INDENT}{mark} "
            yield from self.console.wrapped(text, first=first, rest=_INDENT + 2)
            if finding.standard and finding.result != "info":
                first = " " * (_INDENT + 2)
                yield from self.console.wrapped(
                    finding.standard, first=first, rest=_INDENT + 2, style="dim"
                )

    def _result(self, called: Called) -> Iterator[str]:
        assert called.result is not None
        text = visible(self.redaction.text(words(called.result)), lines=True, limit=4000)
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

    def shown_url(self, url: str) -> str:
        """A URL that a server named, fit to be shown."""
        return self._safe(self.redaction.url(url))

    def _safe(self, text: str, limit: int | None = 2000) -> str:
        return visible(self.redaction.text(text), limit=limit)


def _arguments(entry: Json) -> str:
    """The arguments of a prompt behind its name; "?" marks those that may be left out."""
    found = entry.get("arguments")
    arguments = [a for a in found if isinstance(a, dict)] if isinstance(found, list) else []
    names = [f"{a.get('name')}{'' if a.get('required') is True else '?'}" for a in arguments]
    return f"({', '.join(names)})" if names else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}" if number else ""


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
