"""What the checks found: the words, then where, who and by which rule, and what to change."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from flows.checks import Finding, Result, all_checks
from flows.session import PARTIES
from flows.steps import STEP_ORDER
from flows.text import visible
from tui.view import MARKS
from tui.widgets.lines import SLICE, rest
from tui.widgets.list_view import LineList, Look, Row
from tui.widgets.token_rows import cut

LOOKS: Mapping[Result, Look] = {"fail": "error", "warn": "warn", "info": "muted"}
MAX_LINES = 3
"""Lines of a finding's own words, and of its remedy; the report has all of them."""
TEXT_LIMIT = 600
FIRST = 60
"""Findings that are laid out at once; no screen has more lines."""


class FindingsList(LineList):
    """A finding takes several lines, which the cursor holds together; headers draw all but the
    first. Enter posts `Chosen` with the finding."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "i",
            "explain",
            "Explain",
            show=False,
            id="findings.explain",
            tooltip="All that the check says: its rule, the standard, and what to change",
        ),
    ]

    _findings: tuple[Finding, ...] = ()
    _seeking: int | None = None
    """The finding that the cursor goes to once it is laid out."""
    _width = -1

    @dataclass
    class Chosen(Message):
        finding: Finding

    def __init__(self, *, id: str | None = None) -> None:
        # Before the list is made, which looks for its cursor.
        self._tops = [0]
        """The first line of each finding that was laid out, and the one behind the last."""
        super().__init__(empty="nothing found", id=id)

    def show(self, findings: tuple[Finding, ...]) -> None:
        """Show findings in the order given. The cursor stays on its finding."""
        if findings != self._findings:
            held = self._findings[int(self.current.id)] if self.current else None
            self._findings = findings
            self._lay_out(findings.index(held) if held in findings else None)

    def _lay_out(self, held: int | None) -> None:
        """Lay out as many findings as a screen can hold, the others between keys; the cursor goes
        to the finding `held`."""
        self._width = self.text_size.width
        self._tops = [0]
        self.set_rows(self._next_rows(FIRST))
        self._seeking = held
        self._sought()
        if self._laid_out < len(self._findings) and self.is_running:
            self.run_worker(self._lay_on(), name="findings", group="findings", exclusive=True)

    async def _lay_on(self) -> None:
        while self._laid_out < len(self._findings):
            await rest()
            until = perf_counter() + SLICE
            rows = []
            while perf_counter() < until and self._laid_out < len(self._findings):
                rows += self._next_rows(1)
            self.add_rows(rows)
            self._sought()

    @property
    def _laid_out(self) -> int:
        return len(self._tops) - 1

    def _next_rows(self, most: int) -> list[Row]:
        """The lines of the next findings."""
        rows: list[Row] = []
        first, at = self._tops[-1], self._laid_out
        for number, finding in enumerate(self._findings[at : at + most], at):
            rows += _rows(number, finding, self._width)
            self._tops.append(first + len(rows))
        return rows

    def _sought(self) -> None:
        at = self._seeking
        if at is not None and at < self._laid_out:
            self.highlight(str(at))
            self._seeking = None

    def action_last(self) -> None:
        super().action_last()
        self._seeking = len(self._findings) - 1
        self._sought()

    def _span(self, row: int) -> range:
        """The lines of the finding that line `row` is of."""
        at = bisect_right(self._tops, row)
        known = 0 < at < len(self._tops)
        return range(self._tops[at - 1], self._tops[at]) if known else range(row, row + 1)

    def said(self, row: int) -> Hashable:
        return super().said(row), self.cursor in self._span(row) and (self.has_focus, "cursor")

    def draw_row(self, row: int, width: int) -> Strip:
        strip = super().draw_row(row, width)
        if row == self.cursor or self.cursor not in self._span(row):
            return strip
        style = self.under_cursor(Style())
        return Strip(Segment.apply_style(strip, post_style=style), strip.cell_length)

    def watch_cursor(self, before: int, after: int) -> None:
        self._seeking = None  # whoever moves it has the last word
        for row in (*self._span(before), *self._span(after)):
            self.refresh_line(row)
        super().watch_cursor(before, after)

    def show_cursor(self) -> None:
        span = self._span(self.cursor)
        if span[-1] >= self.scroll_offset.y + self.page_height:
            self.scroll_to(y=min(span[0], span[-1] - self.page_height + 1), animate=False)
        else:
            super().show_cursor()

    def on_resize(self) -> None:
        if self.text_size.width == self._width:
            self.show_cursor()
        else:
            held = int(self.current.id) if self.current else None
            self._lay_out(held if self._seeking is None else self._seeking)

    def on_click(self, event: Click) -> None:
        row = self.row_under(event)
        if row is not None:
            self.cursor = self._span(row)[0]

    def action_explain(self) -> None:
        if self.current:
            finding = self._findings[int(self.current.id)]
            self.post_message(self.Explain(finding.check or "Stop", finding_text(finding)))

    @on(LineList.Selected)
    def _selected(self, event: LineList.Selected) -> None:
        event.stop()
        at = int(event.row.id)
        self.post_message(self.Chosen(self._findings[at]))


def finding_text(finding: Finding) -> str:
    """All there is to say of a finding."""
    parts = [finding.says]
    if rule := next((check.asserts for check in all_checks() if check.id == finding.check), ""):
        parts.append(f"The rule: {rule}")
    if finding.standard:
        parts.append(finding.standard)
    if finding.party:
        parts.append(f"At fault: {PARTIES[finding.party]}.")
    if finding.fix:
        parts.append(f"To change: {finding.fix}")
    if finding.place and finding.place.field:
        parts.append(f"Evidence: {finding.place.part} {finding.place.field}")
    return "\n\n".join(visible(part, lines=True) for part in parts)


def _rows(at: int, finding: Finding, width: int) -> Iterator[Row]:
    """The lines of one finding; the first has its number in the list for its id."""
    room = max(10, width - 5)
    look = LOOKS[finding.result]
    words = _lines(finding.says, room)
    yield Row(str(at), ((f"{MARKS[finding.result][0]} ", look), (words[0], "strong")))
    for number, line in enumerate(words[1:]):
        yield Row(f"{at}:{number}", ((f"  {line}", "strong"),), kind="header")
    for number, line in enumerate(_source(finding, room)):
        yield Row(f"{at}:source:{number}", ((f"  {line}", "muted"),), kind="header")
    if finding.fix and finding.result != "info":
        for number, line in enumerate(_lines(finding.fix, room - 2)):
            text = f"  {'  ' if number else '→ '}{line}"
            yield Row(f"{at}:fix:{number}", ((text, "ok"),), kind="header")


def _lines(text: str, room: int) -> list[str]:
    """The first lines of a text, of which one ends in … if there is more."""
    text = visible(text, limit=TEXT_LIMIT)
    lines = _wrap(" ".join(_shorten(word, room) for word in text.split()), room)
    if len(lines) > MAX_LINES:
        lines[MAX_LINES - 1 :] = [cut(f"{lines[MAX_LINES - 1]} …", room)]
    return lines


def _source(finding: Finding, room: int) -> list[str]:
    """`step 9 · authorization server · RFC 9068 §2.2`, broken between its parts."""
    parts = [f"step {STEP_ORDER[finding.step] + 1}"]
    if finding.party:
        parts.append(PARTIES[finding.party])
    if finding.standard:
        parts.append(visible(finding.standard, limit=120))
    lines = parts[:1]
    for part in parts[1:]:
        longer = f"{lines[-1]} · {part}"
        if cell_len(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    return [piece for line in lines for piece in _wrap(line, room)]


def _wrap(text: str, room: int) -> list[str]:
    return [line.plain for line in Content(text).wrap(room)]


def _shorten(word: str, room: int) -> str:
    """A word without its middle when no line holds it: the ends of a URL tell the most."""
    if cell_len(word) <= room:
        return word
    third = room // 3
    return f"{cut(word, third)}{word[-third:]}"
