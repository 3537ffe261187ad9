"""What there is to see of one step: its purpose, its items, and the one on show."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Paste
from textual.message import Message
from textual.widgets import ContentSwitcher, Static

from flows.exchange import Request
from flows.export import CurlOptions
from flows.moves import Act, Ask, Blocked, Done, Listen, Skipped
from flows.session import Answered, Exchanged, Pairs, StepId
from flows.steps import STEP, STEPS
from flows.text import visible
from flows.walk import Walk
from tui import view
from tui.view import Item
from tui.widgets.exchange_view import ExchangeView
from tui.widgets.list_view import Cell, Row
from tui.widgets.step_list import LOOKS, Menu

Edit = Request | Pairs


class Stage(Vertical):
    """Points at one item of one attempt of one step, and holds what was edited of it.

    `show` reads the walk anew; of the protocol nothing is kept here.
    """

    class Pointed(Message):
        """Another item is on show."""

    def __init__(self, walk: Walk, options: CurlOptions, *, in_lab: bool, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._walk = walk
        self._options = options
        self._in_lab = in_lab
        self.step: StepId = walk.current.step if walk.current else "call"
        self._attempt = -1
        self._item = -1
        self._edited: tuple[Act, Edit] | None = None
        self._forms = False

    def compose(self) -> ComposeResult:
        yield Static(id="purpose", markup=False)
        yield Menu(id="items")
        with ContentSwitcher(id="stage", initial="note"):
            yield Static(id="note", markup=False)
            yield ExchangeView(self._options, id="exchange")

    def on_mount(self) -> None:
        self.query_one("#items", Menu).on_highlight = self._highlighted

    async def mount_forms(self) -> None:
        """Make the forms, which the first frame shows none of."""
        from tui.widgets.client_panel import ClientPanel
        from tui.widgets.response_panel import ResponsePanel
        from tui.widgets.tool_form import ToolForm

        switcher = self.query_one(ContentSwitcher)
        for form in (ResponsePanel(id="response"), ClientPanel(id="client"), ToolForm(id="tool")):
            await switcher.add_content(form)
        self._forms = True
        self._draw_item()

    # What is pointed at

    @property
    def exchange_view(self) -> ExchangeView:
        return self.query_one(ExchangeView)

    @property
    def items(self) -> tuple[Item, ...]:
        return view.items(self._walk, self.step, self._attempt)

    @property
    def shown(self) -> Item | None:
        items = self.items
        return items[self._item % len(items)] if items else None

    @property
    def edit(self) -> Edit | None:
        """What the person made of the move on show, if they changed it."""
        item = self.shown
        if self._edited and item and item.move == self._edited[0]:
            return self._edited[1]
        return None

    def set_edit(self, move: Act, edit: Edit) -> None:
        self._edited = (move, edit)
        self._draw_item()

    def point_at(self, step: StepId, item: int = -1) -> None:
        """Show an item, from the end where negative, of a step's newest attempt."""
        self.step, self._attempt, self._item = step, -1, item
        self.show()

    def turn_attempt(self, by: int) -> None:
        number = len(view.step_attempts(self._walk, self.step))
        self._attempt = max(-number, min(-1, self._attempt + by))
        self._item = -1
        self.show()

    def focus_content(self) -> None:
        """Move the keyboard to what is on show."""
        current = self.query_one(ContentSwitcher).visible_content
        if current is not None:
            inner = (child for child in current.query("*") if child.focusable)
            target = current if current.focusable else next(inner, None)
            if target is not None:
                target.focus()

    # Drawing

    def show(self) -> None:
        step = STEP[self.step]
        tries = view.step_attempts(self._walk, self.step)
        self.border_title = Content(f"{STEPS.index(step) + 1} {step.title}")
        which = f"attempt {self._attempt % len(tries) + 1} of {len(tries)}  [ ]"
        self.border_subtitle = Content(which if len(tries) > 1 else "")
        purpose = Content.assemble(step.purpose, (f"  {step.standard}", "italic"))
        self.query_one("#purpose", Static).update(purpose, layout=False)
        items, menu = self.items, self.query_one("#items", Menu)
        menu.display = len(items) > 1
        rows = [_row(number, item) for number, item in enumerate(items)]
        menu.fill(rows, str(self._item % len(items)) if items else "")
        self._draw_item()

    def _highlighted(self, row: Row) -> None:
        if not self.query_one("#items", Menu).filling:
            self._item = int(row.id)
            self._draw_item()

    def _draw_item(self) -> None:
        item, switcher = self.shown, self.query_one(ContentSwitcher)
        match item.event or item.move if item else None:
            case Ask() as ask:
                if self._forms:
                    switcher.current = self._fill_form(ask)
            case Listen() | Blocked() | Skipped() | Done() | None as move:
                self.query_one("#note", Static).update(_note(move), layout=False)
                switcher.current = "note"
            case _ if item:
                self.exchange_view.show(item, self.edit, self._verdict(item))
                switcher.current = "exchange"
        self.post_message(self.Pointed())

    def _verdict(self, item: Item) -> str:
        """What was judged of an authorization response, before its code goes anywhere."""
        move = self._walk.moves.get("callback")
        if not isinstance(item.event, Answered) or item.event.step != "callback":
            return ""
        return view.verdict_text(move.remarks) if isinstance(move, Done | Blocked) else ""

    def _fill_form(self, ask: Ask) -> str:
        """Give a form what it asks about; its id."""
        from tui.widgets.client_panel import ClientPanel
        from tui.widgets.response_panel import ResponsePanel
        from tui.widgets.tool_form import ToolForm

        facts, listener = self._walk.facts, self._walk.listener
        match ask.kind:
            case "authorization-response":
                listening = listener.redirect_uri if listener else None
                self.query_one(ResponsePanel).show(facts, listening=listening, lab=self._in_lab)
                return "response"
            case "client":
                self.query_one(ClientPanel).show(facts)
                return "client"
            case "tool":
                self.query_one(ToolForm).show(facts.tool_list.tools)
                return "tool"

    @on(Menu.Selected)
    def _selected(self, event: Menu.Selected) -> None:
        event.stop()

    def take_paste(self, event: Paste) -> None:
        """Give a paste that no field took to the form that waits for one."""
        from tui.widgets.response_panel import ResponsePanel

        if self._forms:
            self.focus_content()
            self.query_one(ResponsePanel).pasted.post_message(event)

    def note_rejected(self, words: str) -> None:
        """A request came to the listener that is not the awaited response."""
        from tui.widgets.response_panel import ResponsePanel

        if self._forms:
            self.query_one(ResponsePanel).note_rejected(words)


def _row(number: int, item: Item) -> Row:
    title: Cell = (item.title, "accent" if item.pending else "")
    if isinstance(item.event, Exchanged):
        exchange = item.event.exchange
        cells: tuple[Cell, ...] = (
            title,
            ("  edited" if item.event.draft else "", "warn"),
            (f"  {exchange.request.method} {exchange.request.url}", "muted"),
        )
        look = LOOKS[view.status_state(exchange)]
        return Row(str(number), cells, (view.status_word(exchange), look))
    return Row(str(number), (title,), ("next", "accent") if item.pending else ("", ""))


def _note(move: Listen | Blocked | Skipped | Done | None) -> Content:
    match move:
        case Blocked():
            parts: list[tuple[str, str] | str] = [("✗ ", "bold $text-error")]
            parts.append((visible(move.reason, limit=2000), "bold"))
            parts.append(f"\n\nat fault   {move.party.replace('-', ' ')}")
            if move.fix:
                parts.append(f"\nto mend    {move.fix}")
            if move.standard:
                parts.append(f"\nstandard   {move.standard}")
            if move.remarks:
                parts.append(f"\n\n{view.verdict_text(move.remarks)}")
            return Content.assemble(*parts)
        case Skipped():
            return Content(f"Skipped: {visible(move.reason)}.")
        case Listen():
            return Content(
                "Next: bind a listener on 127.0.0.1, so that the browser can come back here by "
                "itself and its exact redirect URI can be registered (RFC 8252 §7.3)."
            )
        case Done():
            return Content(f"Done: {visible(move.word)}.")
        case None:
            return Content("Not reached yet.")
