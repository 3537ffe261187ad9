"""A body as its reader wants it: laid out, as it was sent, or byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.content import Content
from textual.events import Click, Key, Paste
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from flows.bodies import Rendered, render, render_text, views
from flows.collapse import CollapsibleRows
from flows.frozen import frozen
from flows.slices import Sliced
from flows.text import visible
from tui.widgets.body_keys import KEYS
from tui.widgets.find import Find
from tui.widgets.lines import Span, cut
from tui.widgets.rows_view import Place, RowsView

T = TypeVar("T")
Kind = Literal["pretty", "raw", "hex"]
COMPARED = 1 << 18
"""Bytes of a body up to which it is held against that of the attempt before."""


@frozen
class Doing:
    """What a key began that may take a while in a large body, in words and in slices."""

    words: str
    slices: Iterator[None]


class BodyView(RowsView):
    """Shows a body laid out, as it was sent, or byte by byte, and searches it.

    What is shown has passed `visible`; what is copied is the value as it was sent.
    """

    LOOKS: ClassVar[Mapping[str, str]] = {
        **RowsView.LOOKS,
        "match": "$text-warning on $warning-muted",
        "found": "bold reverse",
        "status": "$text-muted on $panel",
        "note": "$text-warning on $panel",
    }
    BINDING_GROUP_TITLE = "Body"
    BINDINGS = KEYS

    kind: reactive[Kind] = reactive("pretty", init=False)
    """The view that is asked for; a body that has no other is shown in the one it has."""

    @dataclass
    class Copy(Message):
        """The reader wants `text` on the clipboard. It is as it was sent: not to be shown."""

        view: BodyView
        text: str

        @property
        def control(self) -> BodyView:
            return self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._views: dict[Kind, Callable[[], Rendered]] = {"pretty": lambda: render_text("")}
        self._made: dict[Kind, Rendered] = {}
        self._shown: tuple[bytes | str, str] = ("", "")
        self._find = Find()
        self._doing: Doing | None = None

    def show(self, body: bytes, content_type: str = "", *, title: str | None = None) -> None:
        """Show a body in the view that suits it. A body that goes on where the one before ended,
        as a stream does, keeps the place; the same body again changes nothing."""
        if title is not None:
            self.border_title = Content(visible(title))
        before, language = self._shown
        if (before, language) == (body, content_type):
            return
        self._shown = (body, content_type)
        best = views(content_type, body)[0]
        self._views = {
            "hex" if best == "hex" else "pretty": lambda: render(
                body, content_type, measure=cell_len
            )
        }
        if best != "text":
            self._views["raw"] = lambda: render(body, content_type, "text", measure=cell_len)
        self._views.setdefault("hex", lambda: render(body, content_type, "hex"))
        self._made.clear()
        goes_on = isinstance(before, bytes) and before and body.startswith(before)
        if goes_on and language == content_type:
            self._open(self.place())
        else:
            self._find.clear()
            self._open()

    def show_text(self, text: str, language: str = "") -> None:
        """Show text of our own making; `language` as Pygments names it ("bash", "http")."""
        if self._shown == (text, language):
            return
        self._shown = (text, language)
        self._views = {"pretty": lambda: render_text(text, language, measure=cell_len)}
        self._made.clear()
        self._find.clear()
        self._open()

    def compare_with(self, body: bytes | None, content_type: str = "") -> None:
        """Mark the lines that `body`, of the attempt before, has not; None marks none."""
        if body is None or len(body) > COMPARED:
            self.hold_against(None)
        else:
            laid_out = render(body, content_type).finish().rows.data
            self.hold_against(bytes(laid_out).split(b"\n"))

    @property
    def showing(self) -> str:
        """What the body is shown as: "json", "form", "sse", "html", "text" or "hex"."""
        return self.rendered.kind

    @property
    def note(self) -> str:
        """What was odd about the body; also drawn below it."""
        return self.rendered.note

    def _open(self, place: Place | None = None) -> None:
        kind = self._kind
        if kind not in self._made:
            self._made[kind] = self._views[kind]()
        self._find.look(self._made[kind].rows, self._find.needle)
        self._doing = None
        self.open(self._made[kind], place)
        if self.has_focus:
            self.refresh_bindings()

    @property
    def _kind(self) -> Kind:
        return self.kind if self.kind in self._views else next(iter(self._views))

    def watch_kind(self) -> None:
        self._open()

    # What takes a while

    def _do(self, words: str, work: Sliced[T], then: Callable[[T], object]) -> None:
        """Do something in slices, instead of what is still being done; `words` say it if it does
        not end at once."""

        def whole() -> Iterator[None]:
            then((yield from work))

        self._doing = doing = Doing(words, whole())
        self.work()
        if self._doing is doing:
            self._searched()

    def _done(self) -> None:
        self._doing = None
        self._searched()

    def step(self) -> bool:
        more = super().step()
        more = self._find.step() or more
        if (doing := self._doing) is None:
            return more
        if next(doing.slices, self) is self and self._doing is doing:
            self._done()
        return True

    # Search

    def worked(self) -> None:
        found = self._find.first()
        if found is not None:
            self._show_match(found)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # Without a search these keys are the screen's.
        match action:
            case "match":
                return self._find.active
            case "clear_search":
                return self._find.active or self._doing is not None
            case "collapse" | "collapse_members":
                return self._collapsible is not None
            case "expand" | "expand_all":
                return self._collapsible is not None and self._collapsible.collapsed > 0
            case _:
                return action != "cycle" or len(self._views) > 1

    def action_search(self) -> None:
        self._find.begin(self.row_bounds(self.cursor)[0])
        self._searched()

    def look_for(self, text: str) -> None:
        """Search as if the reader had typed it, from the start."""
        self._find.begin(0)
        self._find.typing = False
        self._type(text)

    def action_clear_search(self) -> None:
        if self._doing:
            self._done()
            return
        self._find.clear()
        self._searched()

    def action_match(self, by: int) -> None:
        start, end = self.row_bounds(self.cursor)
        found = self._find.move(by, start, end)
        if found is not None:
            self._show_match(found)

    def _searched(self) -> None:
        self.redraw()
        self.show_cursor()
        self.refresh_bindings()

    def _show_match(self, offset: int) -> None:
        if self._collapsible and self._collapsible.reveal(offset):
            self._highlighter.clear()
            self.redraw()
        self.go_to(offset)
        for column, _ in self.rows.spans(self.cursor, offset, offset + 1)[:1]:
            self.show_column(column)
        self.redraw()

    def on_key(self, event: Key) -> None:
        """While a search is typed, letters are its own."""
        if not self._find.typing:
            # A binding runs when the key has gone up to the app and back; what was typed right
            # behind it is here before, and would be taken for the screen's keys.
            if event.is_printable:
                active = self.screen.active_bindings.get(event.key)
                if active and active.node is self and active.binding.action == "search":
                    self.action_search()
                    event.stop()
                    event.prevent_default()
            return
        match event.key:
            case "escape" | "ctrl+g":
                self.action_clear_search()
            case "enter":
                self._find.typing = False
                if not self._find.needle:
                    self._find.clear()
                self._searched()
            case "backspace":
                self._type(self._find.needle[:-1])
            case "ctrl+u":
                self._type("")
            case _ if event.is_printable and event.character:
                self._type(self._find.needle + event.character)
            case _:
                return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        if self._find.typing:
            event.stop()
            self._type(self._find.needle + event.text.partition("\n")[0].rstrip("\r"))

    def on_blur(self) -> None:
        if self._find.typing:
            self._find.typing = False
            self._searched()

    def _type(self, needle: str) -> None:
        self._find.look(self.rows, needle)
        self.work()
        self._searched()

    # The other keys

    def action_cycle(self) -> None:
        kinds = list(self._views)
        self.kind = kinds[(kinds.index(self._kind) + 1) % len(kinds)]

    def action_copy(self) -> None:
        if self.cursor < self.row_count:
            self._do("copying", self.rendered.finding_value(self.cursor), self._copy)

    def action_copy_path(self) -> None:
        if self.cursor < self.row_count:
            self._do("looking where it stands", self.rendered.finding_path(self.cursor), self._copy)

    def _copy(self, text: str) -> None:
        if text:
            self.post_message(self.Copy(self, text))

    # Collapsing

    @property
    def _collapsible(self) -> CollapsibleRows | None:
        return self.rows if isinstance(self.rows, CollapsibleRows) else None

    def action_collapse(self) -> None:
        if (rows := self._collapsible) and self.cursor < len(rows):
            start = rows.start(self.cursor)
            self._do(
                "collapsing",
                rows.collapsing(self.cursor),
                lambda opens: self._collapsed(start if opens is None else opens),
            )

    def action_expand(self) -> None:
        if (rows := self._collapsible) and self.cursor < len(rows):
            start = rows.start(self.cursor)
            rows.expand(self.cursor)
            self._collapsed(start)

    def action_collapse_members(self) -> None:
        if (rows := self._collapsible) and self.cursor < len(rows):
            start = rows.start(self.cursor)
            work = rows.collapsing_members()
            self._do("collapsing", work, lambda _: self._collapsed(start))

    def action_expand_all(self) -> None:
        if (rows := self._collapsible) and self.cursor < len(rows):
            start = rows.start(self.cursor)
            rows.expand_all()
            self._collapsed(start)

    def _collapsed(self, offset: int) -> None:
        """Draw what is left, the cursor on the row that holds `offset`."""
        self._highlighter.clear()
        self.redraw()
        self.go_to(offset)
        self.refresh_bindings()

    def on_click(self, event: Click) -> None:
        """A second click on a row hides or shows what it opens."""
        rows, row = self._collapsible, self.row_under(event)
        if event.chain == 2 and rows and row is not None:
            self.cursor = row
            if rows.is_collapsed(row):
                self.action_expand()
            else:
                self.action_collapse()

    # Drawing

    def sign(self, row: int) -> str:
        if self._collapsible and self._collapsible.is_collapsed(row):
            return "▸"
        return super().sign(row) if self._kind == "pretty" else " "

    @property
    def extent(self) -> Size:
        return super().extent + Size(0, self._has_status)

    @property
    def page_height(self) -> int:
        return max(1, super().page_height - self._has_status)

    @property
    def _has_status(self) -> bool:
        return self._find.active or self._doing is not None or bool(self.note)

    def look_of(self, name: str) -> str:
        plain = name == "match" and (self.app.no_color or self.app.native_ansi_color)
        return "underline $text-warning" if plain else super().look_of(name)

    def render_line(self, y: int) -> Strip:
        if self._has_status and y == self.scrollable_size.height - 1:
            return self._status(self.scrollable_size.width)
        return super().render_line(y)

    def _status(self, width: int) -> Strip:
        if self._doing or not self._find.active:
            style = self.look("note")
            words = f"{self._doing.words}… ctrl+g stops it" if self._doing else self.note
            note = cut(f" {words}", width)
            return Strip([Segment(note, style)]).adjust_cell_length(width, style)
        style = self.look("status")
        count = f"  {self._find.count} "
        prompt = cut(f" {self._find.prompt}", width - cell_len(count), from_end=True)
        prompt = set_cell_size(prompt, max(0, width - cell_len(count)))
        return Strip([Segment(prompt + count, style)]).adjust_cell_length(width, style)

    def marks(self, row: int) -> Iterator[Span]:
        search = self._find.search
        if search is None:
            return
        current = search.hits[self._find.hit] if self._find.hit is not None else -1
        for start, end in search.within(*self.row_bounds(row)):
            for columns in self.rows.spans(row, start, end):
                yield *columns, "found" if start == current else "match"
