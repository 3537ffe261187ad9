"""What can be done on the connection, to choose from: tools, resources, templates, prompts, and
any method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, get_args

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from flows.catalogue import Listing
from flows.mcp.offer import LISTED_BY, METHODS, Offer, OfferKind
from flows.text import visible
from tui.widgets import tool_text
from tui.widgets.line_input import LineInput
from tui.widgets.list_view import LineList, Row
from tui.widgets.tab_line import TabLine

TABS: Mapping[OfferKind, str] = {
    "tool": "Tools",
    "resource": "Resources",
    "template": "Templates",
    "prompt": "Prompts",
    "method": "Method",
}
ONE: Mapping[OfferKind, str] = {
    "tool": "tool",
    "resource": "resource",
    "template": "template",
    "prompt": "prompt",
    "method": "method",
}

Lists = Mapping[str, Listing | None]
"""By method; None is a list that the server declares and nobody has asked for yet."""


class OfferList(Vertical):
    """One list at a time, with a search. Posts `Chosen`, or `Wanted` for a list to ask for."""

    DEFAULT_CSS = """
    OfferList {
        & > TabLine { margin-bottom: 1; }
        & > #tool-filter { background: $boost; padding: 0 1; margin-bottom: 1; }
        & > #tool-list { height: 1fr; min-height: 3; }
        & > #tool-about { height: auto; max-height: 40%; margin-top: 1; scrollbar-gutter: stable; }
        & > #tool-about > Static { height: auto; }
    }
    """
    BINDING_GROUP_TITLE = "Choose"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, id="tool.up", tooltip="One row up"),
        Binding("down", "move(1)", "Down", show=False, id="tool.down", tooltip="One row down"),
        Binding(
            "ctrl+t",
            "turn(1)",
            "Next list",
            show=False,
            id="tool.kind",
            tooltip="From tools to resources, templates, prompts, any method",
        ),
    ]

    @dataclass
    class Chosen(Message):
        offer: Offer

    @dataclass
    class Wanted(Message):
        method: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lists: Lists = {}
        self._kind: OfferKind = "tool"
        self._offers: tuple[Offer, ...] = ()
        self._haystacks: list[str] = []
        self._searched = ""

    def compose(self) -> ComposeResult:
        yield TabLine()
        yield LineInput(id="tool-filter", compact=True)
        yield LineList(id="tool-list", on_highlight=self._highlighted)
        with VerticalScroll(id="tool-about", can_focus=False):
            yield Static(markup=False)

    def show(self, lists: Lists) -> None:
        """Choose among `lists`. What did not change keeps its place."""
        before, self._lists = self._pages, lists
        if self._kind not in self.kinds:
            self._kind = "tool"
        if self._pages is not before or not self._offers:
            self._fill()
        self._tabs()

    @property
    def _pages(self) -> Listing | None:
        return self._lists.get(LISTED_BY.get(self._kind, ""))

    @property
    def kinds(self) -> tuple[OfferKind, ...]:
        """The kinds that there is a list of, or could be."""
        kinds: tuple[OfferKind, ...] = get_args(OfferKind)
        return tuple(kind for kind in kinds if LISTED_BY.get(kind, "") in ("", *self._lists))

    @property
    def _list(self) -> LineList:
        return self.query_one("#tool-list", LineList)

    def _names(self) -> dict[str, OfferKind]:
        """The tabs by what stands on them."""
        named: dict[str, OfferKind] = {}
        for kind in self.kinds:
            pages = self._lists.get(LISTED_BY.get(kind, ""))
            number = f" {len(pages.items):,}" if pages else ""
            named[f"{TABS[kind]}{number}"] = kind
        return named

    def _tabs(self) -> None:
        names = self._names()
        active = next(name for name, kind in names.items() if kind == self._kind)
        self.query_one(TabLine).show(tuple(names), active)

    def _fill(self) -> None:
        """Take the entries of the list on show."""
        pages = self._pages
        entries = METHODS if self._kind == "method" else pages.items if pages else ()
        self._offers = tuple(Offer(self._kind, entry) for entry in entries)
        self._haystacks = [tool_text.haystack(offer) for offer in self._offers]
        number = f"{len(entries):,} {ONE[self._kind]}{'' if len(entries) == 1 else 's'}"
        field = self.query_one("#tool-filter", LineInput)
        field.placeholder = f"search {number} · ctrl+t next list"
        if self._wanted:
            field.placeholder = "enter asks for it · ctrl+t next list"
        self._filter()

    @property
    def _wanted(self) -> str:
        """The method that would list what is on show; "" when it was sent."""
        method = LISTED_BY.get(self._kind, "")
        return method if method in self._lists and self._lists[method] is None else ""

    def action_turn(self, by: int) -> None:
        kinds = self.kinds
        self._turn_to(kinds[(kinds.index(self._kind) + by) % len(kinds)])

    @on(TabLine.Chosen)
    def _tab_chosen(self, event: TabLine.Chosen) -> None:
        event.stop()
        self._turn_to(self._names()[event.name])

    def _turn_to(self, kind: OfferKind) -> None:
        self._kind = kind
        self.query_one("#tool-filter", LineInput).value = ""
        self._fill()
        self._tabs()
        self.query_one("#tool-filter").focus()

    @on(Input.Changed, "#tool-filter")
    def _filter(self) -> None:
        self._searched = self.query_one("#tool-filter", LineInput).value
        words = self._searched.lower().split()
        pages, shown = self._pages, self._list
        shown.empty = f"no such {ONE[self._kind]}"
        if self._wanted:
            shown.empty = "not asked for yet; enter asks"
        elif pages is not None and not pages.items:
            shown.empty = visible(pages.problem, limit=300) or f"the server lists no {self._kind}"
        shown.set_rows(
            tool_text.row(at, offer)
            for at, (offer, text) in enumerate(zip(self._offers, self._haystacks, strict=True))
            if all(word in text for word in words)
        )
        shown.cursor = 0
        if (row := shown.current) is None:
            self.query_one("#tool-about > Static", Static).update("")
        else:
            self._highlighted(row)

    def _highlighted(self, row: Row) -> None:
        about = tool_text.about(self._offers[int(row.id)])
        self.query_one("#tool-about > Static", Static).update(about)
        self.query_one("#tool-about").scroll_home(animate=False)

    @on(Input.Submitted, "#tool-filter")
    @on(LineList.Selected)
    def _choose(self, event: Message) -> None:
        event.stop()
        if self._searched != self.query_one("#tool-filter", LineInput).value:
            self._filter()  # enter came faster than the news of what was typed
        if row := self._list.current:
            self.post_message(self.Chosen(self._offers[int(row.id)]))
        elif self._wanted:
            self.post_message(self.Wanted(self._wanted))

    def action_move(self, by: int) -> None:
        self._list.action_move(by)
