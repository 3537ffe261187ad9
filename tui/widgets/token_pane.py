"""A token taken apart, live: the walk's own tokens, and any that is typed or pasted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Hide, Paste, Resize, Show
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from flows.claims import Expected, describe
from flows.facts import Facts, Json
from flows.jwk import verify
from flows.jwt import Token
from flows.steps.inspection import Inspection, inspect
from tui.widgets.list_view import LineList, Row
from tui.widgets.paste_field import PasteField
from tui.widgets.tab_line import TabLine
from tui.widgets.token_rows import (
    Shown,
    Signature,
    TokenRow,
    counts_down,
    expected_for,
    held,
    most_telling,
    signature_of,
    token_rows,
)
from tui.widgets.token_text import detail, kind_line, list_rows, signature_line
from tui.widgets.words import Words

HINT = (
    "No token yet. Once the walk holds one, its claims,",
    "signature and audience are read and judged here.",
)
LOW = 26
"""Rows of the pane below which the detail is cut short."""


def local_now() -> datetime:
    return datetime.now().astimezone()


class Subject(NamedTuple):
    """What is read and what it is held against: as long as these are the same, so is the rest."""

    use: Shown
    text: str
    expected: Expected
    jwks: Json | None


class TokenPane(Vertical):
    """Shows the tokens that `Facts` hold, and what is pasted into its field.

    `clock` tells the time, aware, while a countdown runs.
    """

    DEFAULT_CSS = """
    TokenPane {
        & > #token-tabs, & > #token-kind, & > #token-signature { height: auto; padding: 0 1; }
        & > #token-hint { height: 1fr; padding: 0 1; color: $text-muted; }
        & > #token-rows { height: 1fr; min-height: 3; }
        & > #token-detail {
            height: 10;
            padding: 0 0 0 1;
            border-top: solid $foreground 25%;
            scrollbar-gutter: stable;
            scrollbar-size-vertical: 1;
            & > Static { width: 1fr; height: auto; }
        }
        &.-low > #token-detail { height: 7; }
        & > #token-paste { height: 1; padding: 0 1; background: $boost; }
    }
    """
    BINDING_GROUP_TITLE = "Token"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "turn(1)", "Next token", False, id="token.next", tooltip="Next token"),
        Binding(
            "left", "turn(-1)", "Previous token", False, id="token.previous", tooltip="Token before"
        ),
        Binding("y", "copy_value", "Copy value", id="token.copy", tooltip="Copy the whole value"),
        Binding(
            "Y", "copy_token", "Copy token", False, id="token.copy-all", tooltip="Copy the token"
        ),
        Binding(
            "t", "focus_paste", "Paste token", False, id="token.paste", tooltip="Read any token"
        ),
    ]

    @dataclass
    class Copy(Message):
        """Put `text`, raw as it came, into the clipboard."""

        text: str

    @dataclass
    class Changed(Message):
        """Another token is on show, or none."""

        inspection: Inspection | None

    def __init__(self, *, clock: Callable[[], datetime] = local_now, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._facts: Facts | None = None
        self._now = clock()
        self._use: Shown = "access"
        self._subject: Subject | None = None
        self._inspection: Inspection | None = None
        self._verifying = False
        self._head: tuple[Token | None, Signature | None] = (None, None)
        self._rows: tuple[TokenRow, ...] = ()
        self._timer: Timer | None = None
        self._fresh = True
        self._seen = False
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        yield TabLine(id="token-tabs")
        yield Words(id="token-kind")
        yield Words(id="token-signature")
        yield Static(Content(" ".join(HINT)), id="token-hint", markup=False)
        yield LineList(id="token-rows", on_highlight=self._draw_detail)
        with VerticalScroll(id="token-detail", can_focus=False):
            yield Words()
        yield PasteField(id="token-paste")

    def on_mount(self) -> None:
        self.border_title = Content("Token")
        if self.children:  # none are made for a screen that was left meanwhile
            self._draw_head()
            self._tell()

    # What is given and asked for.

    def show(self, facts: Facts, *, now: datetime | None = None, use: Shown | None = None) -> None:
        """Show what the walk holds now. The token on show stays on show while it is held, unless
        another `use` is asked for. `now` is aware; without it the clock is asked."""
        self._facts = facts
        self._now = now or self._clock()
        self._use = use or self._use
        self._read()

    def paste(self, text: str) -> None:
        """Read any text as a token, as if it had been pasted."""
        self._field.paste(text)

    @property
    def use(self) -> Shown:
        """Which token is on show."""
        return self._use

    @property
    def pasted(self) -> str:
        """What was pasted or typed; "" when nothing was."""
        return self._field.text

    def focus_token(self) -> None:
        """Put the cursor on what there is to read; on the field where there is nothing."""
        if self._inspection:
            self._list.focus()
        else:
            self.focus_paste()

    def focus_paste(self) -> None:
        """Put the cursor where any token can be pasted; leaving it returns the focus."""
        if self.screen.focused is not self._field:
            self._before = self.screen.focused
            self._field.focus()

    @property
    def inspection(self) -> Inspection | None:
        """What is on show, taken apart."""
        return self._inspection

    @property
    def _field(self) -> PasteField:
        return self.query_one(PasteField)

    @property
    def _held(self) -> dict[Shown, str]:
        return held(self._facts) if self._facts else {}

    def _texts(self) -> dict[Shown, str]:
        text = self._field.text
        return self._held | {"pasted": text} if text else self._held

    # Reading and verifying.

    @on(Input.Changed)
    @on(PasteField.Pasted)
    def _typed(self, event: Message) -> None:
        """Words typed by mistake do not take the walk's token off the screen; a paste is read at
        once, and so is what may be a JWT."""
        event.stop()
        text = self._field.text
        if text and (isinstance(event, PasteField.Pasted) or "." in text or not self._held):
            self._use = "pasted"
        self._now = self._clock()
        self._read()

    @on(PasteField.Left)
    def _left(self, event: PasteField.Left) -> None:
        event.stop()
        self._read()
        before, self._before = self._before, None
        if before and before.is_attached and before.focusable:
            before.focus()
        else:
            self._list.focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._field.text:
            self._use = "pasted"
            self._read()
        self._list.focus()

    def _read(self) -> None:
        """Take apart the token on show, if it or what it is held against is another than before."""
        texts = self._texts()
        if self._use not in texts:
            self._use = next(iter(texts), "access")
        before, self._subject = self._subject, None
        if self._use in texts:
            facts = self._facts
            expected = expected_for(facts, self._use) if facts else Expected()
            jwks = facts.jwks if facts else None
            self._subject = Subject(self._use, texts[self._use], expected, jwks)
        if self._subject != before:
            if not (before and self._subject and before.use == self._subject.use):
                self._fresh = True
            self._inspect(before)
            self.post_message(self.Changed(self._inspection))
        self._tell()

    def _inspect(self, before: Subject | None) -> None:
        subject, old = self._subject, self._inspection
        self._inspection, self._verifying = None, False
        if subject is None:
            return
        made = inspect(subject.text, subject.expected, None, self._now)
        self._inspection = made
        known = old.verification if old else None
        if known and before and (before.text, before.jwks) == (subject.text, subject.jwks):
            self._inspection = replace(made, verification=known)
        elif subject.jwks is not None and made.token.kind == "jwt":
            self._verifying = True
            self._verify(made.token, subject.jwks)

    @work(exclusive=True, group="verify")
    async def _verify(self, token: Token, jwks: Json) -> None:
        # In a thread: the first time it imports cryptography, and a key set may hold 100 keys.
        verification = await asyncio.to_thread(verify, token, jwks)
        if self._inspection and self._inspection.token is token:
            self._inspection = replace(self._inspection, verification=verification)
            self._verifying = False
            self._tell()
            self.post_message(self.Changed(self._inspection))

    # Telling.

    def _tell(self) -> None:
        """Draw what is known now; rows only if they say something else than before."""
        subject, inspection = self._subject, self._inspection
        self.query_one(TabLine).show(tuple(self._texts()), self._use)
        appears = self._list.display != (inspection is not None)
        for part in ("#token-tabs", "#token-kind", "#token-rows", "#token-detail"):
            self.query_one(part).display = inspection is not None
        self.query_one("#token-hint").display = inspection is None
        signature: Signature | None = None
        rows: tuple[TokenRow, ...] = ()
        if subject and inspection:
            claims = describe(inspection.token, now=self._now, expected=subject.expected)
            inspection = self._inspection = replace(inspection, claims=claims)
            keys = subject.jwks is not None
            signature = signature_of(inspection, keys=keys, verifying=self._verifying)
            own = self._facts if subject.use == "access" else None
            tokens = own.current_tokens if own else None
            rows = token_rows(inspection, subject.expected, tokens, self._now)
        head = inspection.token if inspection else None, signature
        if head != self._head:
            self._head = head
            self._draw_head()
        if rows != self._rows:
            self._rows = rows
            self._draw_rows()
        if appears:  # it has no width until it is laid out
            self.call_after_refresh(self._draw_rows)
        self._wait()

    def _draw_head(self) -> None:
        token, signature = self._head
        if token:
            self.query_one("#token-kind", Words).say(kind_line(token))
        line = self.query_one("#token-signature", Words)
        line.display = signature is not None
        line.say(signature_line(signature))

    @property
    def next_look(self) -> float | None:
        """Seconds after which a countdown on show says something else; None when none runs."""
        return counts_down(self._rows) if self._seen else None

    def _wait(self) -> None:
        if self._timer:
            self._timer.stop()
        seconds = self.next_look
        self._timer = self.set_timer(seconds, self.look_again) if seconds else None

    def look_again(self) -> None:
        """Tell the same by the clock as it stands now."""
        self._now = self._clock()
        self._tell()

    def on_show(self, event: Show) -> None:
        self._seen = True
        self.look_again()
        self.call_after_refresh(self._draw_rows)

    def on_hide(self, event: Hide) -> None:
        self._seen = False
        self._wait()

    @property
    def _list(self) -> LineList:
        return self.query_one("#token-rows", LineList)

    @property
    def _row(self) -> TokenRow | None:
        current = self._list.current
        rows = (row for row in self._rows if current and row.key == current.id)
        return next(rows, None)

    def _draw_rows(self) -> None:
        width = self._list.text_size.width
        if width:
            self._list.set_rows(list_rows(self._rows, width))
            if self._fresh and self._rows:
                self._fresh = False
                self._list.highlight(most_telling(self._rows).key)
            self._draw_detail()

    def _draw_detail(self, row: Row | None = None) -> None:
        area = self.query_one("#token-detail > Words", Words)
        area.say(detail(self._row, area.content_size.width))

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.height < LOW, "-low")
        self.call_after_refresh(self._draw_rows)

    # What the person does.

    def on_paste(self, event: Paste) -> None:
        event.stop()
        self.focus_paste()
        self.paste(event.text)

    @on(TabLine.Chosen)
    def _chosen(self, event: TabLine.Chosen) -> None:
        event.stop()
        self._use = next(use for use in self._texts() if use == event.name)
        self._read()

    def action_turn(self, by: int) -> None:
        uses = tuple(self._texts())
        if uses:
            self._use = uses[(uses.index(self._use) + by) % len(uses)]
            self._read()

    def action_copy_value(self) -> None:
        row = self._row
        if row:
            self.post_message(self.Copy(row.value or row.words))

    def action_copy_token(self) -> None:
        if self._inspection and self._inspection.token.text:
            self.post_message(self.Copy(self._inspection.token.text))

    def action_focus_paste(self) -> None:
        self.focus_paste()
