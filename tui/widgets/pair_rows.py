"""Names and values in rows, each with a mark for what was done to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester, SuggestFromList
from textual.widgets import Input, Static

from flows.session import Pairs
from flows.text import visible
from tui.drafts import Change, Edit
from tui.widgets.value_input import ValueInput

MARKS: dict[Change, str] = {"same": " ", "changed": "~", "added": "+", "removed": "✗"}


class PairRow(Horizontal):
    """A pair. With `fixed`, its name is a label and the row cannot be removed. A row without an
    `original` is new; while it is blank it stands for nothing. `now` is what was made of it before.
    `names` completes a name that is typed, once → is pressed."""

    DEFAULT_CSS = """
    PairRow {
        height: 1;
        & > .row--mark { width: 2; color: $text-warning; text-style: bold; }
        & > .row--name, & > .row--label { width: 1fr; max-width: 26; margin-right: 1; }
        & > .row--name, & > .row--label { min-width: 24; }  /* code_challenge_method whole */
        & > .row--label { padding: 0 1; color: $text-muted; }
        & > .row--value { width: 2fr; }
        & > .row--word { width: 9; padding-left: 1; color: $text-warning; }
        &.-removed > Input { text-style: strike; color: $text-muted; }
        &.-removed > .row--mark, &.-removed > .row--word { color: $text-error; }
        &.-added > .row--mark, &.-added > .row--word { color: $text-success; }
    }
    """

    class Changed(Message):
        pass

    def __init__(
        self,
        original: tuple[str, str] | None = None,
        *,
        now: Edit | None = None,
        source: int | None = None,
        fixed: bool = False,
        names: Suggester | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.original, self.source, self.fixed = original, source, fixed
        self.removed = now is not None and now.change == "removed"
        name, value = (now.name, now.value) if now else original or ("", "")
        self.name_input = (
            None if fixed else ValueInput(name, placeholder="name", classes="row--name")
        )
        if self.name_input:
            self.name_input.suggester = names
        self.value_input = ValueInput(value, placeholder="value", classes="row--value")
        self._mark = Static("", classes="row--mark", markup=False)
        self._word = Static("", classes="row--word", markup=False)
        self._known = self.pair

    def compose(self) -> ComposeResult:
        yield self._mark
        if self.name_input:
            yield self.name_input
        elif self.original:
            yield Static(Content(visible(self.original[0])), classes="row--label")
        yield self.value_input
        yield self._word

    def on_mount(self) -> None:
        self._draw()

    @property
    def fields(self) -> tuple[ValueInput, ...]:
        return (self.name_input, self.value_input) if self.name_input else (self.value_input,)

    @property
    def pair(self) -> tuple[str, str]:
        if self.name_input is None:
            assert self.original
            return self.original[0], self.value_input.text
        return self.name_input.text, self.value_input.text

    @property
    def change(self) -> Change | None:
        """None for a new row that is blank."""
        if self.original is None:
            return "added" if any(self.pair) and not self.removed else None
        if self.removed:
            return "removed"
        return "same" if self.pair == self.original else "changed"

    @property
    def edit(self) -> Edit | None:
        change = self.change
        if change is None:
            return None
        name, value = self.original if change == "removed" and self.original else self.pair
        return Edit(name, value, change, self.source)

    @property
    def problem(self) -> str:
        """Why what was typed is no text, or ""."""
        if self.change in (None, "removed"):
            return ""
        return " ".join(filter(None, (field.problem for field in self.fields)))

    def reset(self) -> None:
        """Back to the original; a new row becomes blank."""
        name, value = self.original or ("", "")
        if self.name_input:
            self.name_input.text = name
        self.value_input.text = value
        self.set_removed(False)

    def set_removed(self, removed: bool) -> None:
        self.removed = removed and self.original is not None
        self._draw()
        self.post_message(self.Changed())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._draw()
        if self.pair != self._known:  # not so when an Input tells of the value it began with
            self._known = self.pair
            self.post_message(self.Changed())

    def _draw(self) -> None:
        change = self.change or "same"
        self.set_class(change == "removed", "-removed")
        self.set_class(change == "added", "-added")
        self._mark.update(MARKS[change])
        word: str = "" if change == "same" else change
        if self.problem:
            word = "unclear"
        elif not word and any(field.escaped for field in self.fields):
            word = "escaped"
        self._word.update(word)


class PairRows(Vertical):
    """A titled list of rows. One that is empty has a blank row, so that it can be filled."""

    DEFAULT_CSS = """
    PairRows {
        height: auto;
        & > .rows--title { color: $text-primary; text-style: bold; margin-top: 1; }
        &:first-child > .rows--title { margin-top: 0; }
    }
    """
    BINDING_GROUP_TITLE = "Row"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.move(-1)", "Row above", show=False, id="row.up", tooltip="Row above"),
        Binding(
            "down", "screen.move(1)", "Row below", show=False, id="row.down", tooltip="Row below"
        ),
    ]

    def __init__(
        self,
        title: str,
        pairs: Pairs,
        edits: Sequence[Edit],
        *,
        names: Sequence[str] = (),
        id: str | None = None,
    ) -> None:
        """`edits` are what was made of the pairs before; `names` are those that a typed one may
        become."""
        super().__init__(id=id)
        self.title, self.pairs = title, pairs
        self._begun = edits
        self._names = SuggestFromList(names, case_sensitive=False) if names else None

    def compose(self) -> ComposeResult:
        yield Static(Content(self.title), classes="rows--title")
        for now in self._begun:
            pair = None if now.source is None else self.pairs[now.source]
            yield PairRow(pair, now=now, source=now.source, names=self._names)
        if not self._begun:
            yield PairRow(names=self._names)

    @property
    def rows(self) -> Iterator[PairRow]:
        return (child for child in self.children if isinstance(child, PairRow))

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Every pair in order, removed ones too."""
        return tuple(edit for row in self.rows if (edit := row.edit))

    async def add(self, after: PairRow | None = None) -> None:
        """A blank row, below `after` or at the end, ready to be typed in."""
        row = PairRow(names=self._names)
        await self.mount(row, after=after or -1)
        if row.name_input:
            row.name_input.focus()

    async def strike(self, row: PairRow) -> None:
        """Strike a row out, or take that back. A new row goes for good, unless it is the last."""
        if row.original is not None:
            row.set_removed(not row.removed)
        elif sum(1 for _ in self.rows) > 1:
            self.screen.focus_previous()
            await row.remove()
            self.post_message(PairRow.Changed())
        else:
            row.reset()
