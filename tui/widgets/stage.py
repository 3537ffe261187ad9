"""What there is to see of one step: its purpose, its items, and the one on show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Paste, Resize

from flows.catalogue import OPTIONAL, Json, Listing
from flows.exchange import Exchange, Request
from flows.facts import Facts
from flows.moves import Act, Ask, Blocked, Compose, Done, Listen, Make, Send, Skipped
from flows.session import PARTIES, Answered, Exchanged, Pairs, Session, StepId
from flows.steps import STEP, STEPS
from flows.text import visible
from flows.walk import Walk
from tui import view
from tui.view import Item
from tui.widgets.exchange_view import ExchangeView
from tui.widgets.frame import Frame, Switcher
from tui.widgets.list_view import Cell, Row
from tui.widgets.step_list import LOOKS, Menu
from tui.widgets.words import Words

if TYPE_CHECKING:
    from flows.checks import Finding
    from tui.asking import Asking

Edit = Request | Pairs
FORMS = {"authorization-response": "response", "client": "client", "tool": "tool", "input": "ask"}
"""The form for each kind of `Ask`, by its id."""
TITLES = 24
"""Columns for the titles of items, which stand above each other."""
NOTE = 2_000
"""Characters shown of what the person wrote down."""
NOTE_MARGIN = 3
"""Columns beside a note: its padding, and the scroll bar."""
TITLE_MARGIN = 8
"""Columns of the upper border that hold neither the title nor a citation."""


class Stage(Frame):
    """Points at one item of one attempt of one step, and holds what was edited of it.

    `show` reads the walk anew; of the protocol nothing is kept here. `on_pointed` is called when
    another item is on show, at once and not by a message, so that all changes in one frame.
    """

    def __init__(self, walk: Walk, *, in_lab: bool, id: str, asking: Asking | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self._walk = walk
        self._asking = asking
        self._in_lab = in_lab
        self.step: StepId = walk.current.step if walk.current else "call"
        for event in walk.session.exchanges:
            if event.imported:  # to be read, from where it ends, before anything is sent
                self.step = event.step
        self._attempt = -1
        self._item = -1
        self._edited: tuple[Act, Edit] | None = None
        self._recorded: tuple[Session, StepId, int, tuple[Item, ...]] | None = None
        self._forms = False
        self.on_pointed: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        yield Words(id="purpose")
        yield Words(id="written")
        yield Menu(id="items")
        with Switcher(id="stage", initial="note"):
            with VerticalScroll(id="note"):
                yield Words()
            own = frozenset(name.lower() for name, _ in self._walk.session.target.headers)
            yield ExchangeView(self._walk.wire.options, own=own, id="exchange")

    def on_mount(self) -> None:
        self.query_one("#items", Menu).on_highlight = self._highlighted

    def on_resize(self, event: Resize) -> None:
        self._draw_titles()
        if self.query_one(Switcher).current == "note":
            self.call_after_refresh(self._draw_item)  # it is laid out by its width

    async def mount_forms(self) -> None:
        """Make the forms, which the first frame shows none of."""
        from tui.widgets.ask_panel import AskPanel
        from tui.widgets.client_panel import ClientPanel
        from tui.widgets.response_panel import ResponsePanel
        from tui.widgets.tool_form import ToolForm

        switcher = self.query_one(Switcher)
        for form in (
            ResponsePanel(id="response"),
            ClientPanel(id="client"),
            AskPanel(id="ask"),
            ToolForm(id="tool"),
        ):
            if switcher.is_attached:  # the person may have left meanwhile
                await switcher.add_content(form)
        self._forms = bool(self.query(ToolForm))  # it has none when the person has left already
        if self._forms:
            self._draw_item()

    # What is pointed at

    @property
    def exchange_view(self) -> ExchangeView:
        return self.query_one(ExchangeView)

    @property
    def items(self) -> tuple[Item, ...]:
        # A drawing asks many times, and an attempt may have hundreds.
        session, step, attempt = self._walk.session, self.step, self._attempt
        known = self._recorded
        if known is None or known[0] is not session or known[1:3] != (step, attempt):
            known = (session, step, attempt, view.recorded(self._walk, step, attempt))
            self._recorded = known
        found = view.with_move(self._walk, step, attempt, known[3])
        if self._asking is None or self._attempt != -1:
            return found
        asks = [question.ask for question in self._asking.open if question.ask.step == self.step]
        return (*found, *(Item(ask.prompt, move=ask) for ask in asks))

    @property
    def shown(self) -> Item | None:
        items = self.items
        return items[self._item % len(items)] if items else None

    @property
    def request(self) -> Request | None:
        """The request on show; None where something else is."""
        shows = self.query_one(Switcher).current == "exchange"
        return self.exchange_view.request if shows else None

    @property
    def edit(self) -> Edit | None:
        """What the person made of the move on show, if they changed it."""
        item = self.shown
        if self._edited and item and item.move == self._edited[0]:
            return self._edited[1]
        return None

    def set_edit(self, move: Send | Compose | Make, edit: Edit) -> None:
        """Have `edit` stand in for what the move has; what the move has itself ends that."""
        own = move.values if isinstance(move, Make) else move.request
        self._edited = (move, edit) if edit != own else None
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

    @property
    def attempt(self) -> int:
        """The number of the attempt on show, from 0."""
        return self._attempt % len(view.step_attempts(self._walk, self.step))

    def focus_content(self) -> None:
        """Move the keyboard to what is on show."""
        current = self.query_one(Switcher).visible_content
        from tui.widgets.ask_panel import AskPanel

        if current is self.exchange_view:
            self.exchange_view.body.focus()
        elif isinstance(current, AskPanel):
            current.focus_first()
        elif current is not None:
            inner = (child for child in current.query("*") if child.focusable)
            target = current if current.focusable else next(inner, None)
            if target is not None:
                target.focus()

    # Drawing

    def show(self) -> None:
        step = STEP[self.step]
        self._draw_titles()
        self.query_one("#purpose", Words).say(Content(step.purpose))
        written, text = self.query_one("#written", Words), self._walk.session.notes.get(step.id)
        written.display = bool(text)
        if text:
            written.say(Content(f"≡ {visible(text, lines=True, limit=NOTE)}"))
        items, menu = self.items, self.query_one("#items", Menu)
        menu.display = len(items) > 1
        titles = min(TITLES, max((len(item.title) for item in items), default=0))
        rows = [_row(number, item, titles) for number, item in enumerate(items)]
        menu.fill(rows, str(self._item % len(items)) if items else "")
        self._draw_item()

    def _draw_titles(self) -> None:
        step, tries = STEP[self.step], len(view.step_attempts(self._walk, self.step))
        title = f"{STEPS.index(step) + 1} {step.title}"
        standard = _fitting(step.standard, self.outer_size.width - TITLE_MARGIN - len(title))
        which = f"attempt {self.attempt + 1} of {tries}  [ ]"
        self.set_titles(
            Content.assemble(title, (standard and f"  {standard}", "not bold italic")),
            Content(which if tries > 1 else ""),
        )

    def _highlighted(self, row: Row) -> None:
        if not self.query_one("#items", Menu).filling:
            self._item = int(row.id)
            self._draw_item()

    def _draw_item(self) -> None:
        item, switcher = self.shown, self.query_one(Switcher)
        match item.event or item.move if item else None:
            case Ask() as ask:
                if self._forms:
                    switcher.current = FORMS[ask.kind]
                    self._fill_form(ask)
            case Listen() | Blocked() | Skipped() | Done() | None as move:
                switcher.current = "note"
                width = switcher.content_size.width - NOTE_MARGIN
                words = _note(move, width)
                if isinstance(move, Done):
                    judged = (one for one in self._walk.findings if one.step == move.step)
                    words = Content("\n").join((words, *_judged(judged, width)))
                self.query_one("#note > Words", Words).say(words)
            case _ if item:
                said = self._verdict(item), self._result(item), self._before(item)
                self.exchange_view.show(item, self.edit, *said)
                switcher.current = "exchange"
        self.on_pointed()

    def _verdict(self, item: Item) -> str:
        """What was judged of an authorization response, before its code goes anywhere."""
        if not isinstance(item.event, Answered) or item.event.step != "callback":
            return ""
        return view.findings_text(one for one in self._walk.findings if one.step == "callback")

    def _before(self, item: Item) -> Exchange | None:
        """The same exchange of the attempt before."""
        if not isinstance(item.event, Exchanged) or self.attempt == 0:
            return None
        from flows.align import align, comparable

        tries = view.step_attempts(self._walk, self.step)
        earlier, now = (comparable(tries[self.attempt - back].events) for back in (1, 0))
        for one, other in align(earlier, now):
            if other is item.event and isinstance(one, Exchanged):
                return one.exchange
        return None

    def _result(self, item: Item) -> Json | None:
        """What an exchange gave the call that it belongs to."""
        facts, event = self._walk.facts, item.event
        if not isinstance(event, Exchanged) or event.step != "call":
            return None
        calls = (*facts.past_calls, facts.call) if facts.call else facts.past_calls
        return next((c.result for c in calls if c.exchange_id == event.exchange.id), None)

    def _fill_form(self, ask: Ask) -> None:
        """Give a form what it asks about."""
        from tui.asking import who
        from tui.widgets.ask_panel import AskPanel
        from tui.widgets.client_panel import ClientPanel
        from tui.widgets.response_panel import ResponsePanel
        from tui.widgets.tool_form import ToolForm

        facts, listener = self._walk.facts, self._walk.listener
        match ask.kind:
            case "authorization-response":
                listening = listener.redirect_uri if listener else None
                self.query_one(ResponsePanel).show(facts, listening=listening, lab=self._in_lab)
            case "client":
                self.query_one(ClientPanel).show(facts)
            case "tool":
                completes = facts.connection and "completions" in facts.connection.capabilities
                self.query_one(ToolForm).show(
                    lists(facts), facts.completion, completes=bool(completes)
                )
            case "input":
                asking = self._asking
                self.query_one(AskPanel).show(
                    ask,
                    who(facts),
                    on_stream=asking is not None and asking.asks(ask) is not None,
                    roots=asking.roots if asking else (),
                )

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


def lists(facts: Facts) -> Mapping[str, Listing | None]:
    """The lists that the server has, by method; None where nobody asked for one yet."""
    from flows.steps.tools import offers

    found: dict[str, Listing | None] = {"tools/list": facts.tool_list}
    for method in OPTIONAL:
        if offers(facts, method):
            found[method] = facts.listings.get(method)
    return found


def _fitting(standard: str, room: int) -> str:
    """As many of the citations, which commas part, as there is room for."""
    while standard and len(standard) > room:
        standard = standard.rpartition(", ")[0]
    return standard


def _row(number: int, item: Item, titles: int) -> Row:
    title: Cell = (item.title.ljust(titles), "accent" if item.pending else "")
    if isinstance(item.event, Exchanged):
        exchange = item.event.exchange
        cells: tuple[Cell, ...] = (
            title,
            ("  edited" if item.event.draft else "", "warn"),
            (f"  {exchange.request.method} {exchange.request.url}", "muted"),
        )
        look = LOOKS[view.status_state(exchange)]
        return Row(str(number), cells, (view.status_word(exchange), look))
    word = "asks" if isinstance(item.move, Ask) and item.move.kind == "input" else "next"
    return Row(str(number), (title,), (word, "accent") if item.pending else ("", ""))


def _note(move: Listen | Blocked | Skipped | Done | None, width: int) -> Content:
    match move:
        case Blocked():
            reason = Content.styled(visible(move.reason, limit=2000), "bold")
            parts = [_beside(Content.styled("✗ ", "bold $text-error"), reason, width), Content("")]
            party = PARTIES[move.party] if move.party else ""
            said = (("at fault", party), ("to mend", move.fix), ("standard", move.standard))
            for name, words in said:
                if words:
                    parts.append(_beside(Content(f"{name:<11}"), Content(visible(words)), width))
            return Content("\n").join(parts)
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


def _judged(findings: Iterable[Finding], width: int) -> Iterator[Content]:
    """What was judged at a step that has no exchange to show: what is wrong first."""
    order = list(view.MARKS)
    told = (one for one in findings if one.result in view.MARKS)
    for one in sorted(told, key=lambda one: order.index(one.result)):
        mark, style = view.MARKS[one.result]
        words = f"{visible(one.says)}  {visible(one.standard)}".rstrip()
        yield Content("")
        yield _beside(Content.styled(f"{mark} ", style), Content(words), width)
        if one.fix and one.result in ("fail", "warn"):
            yield _beside(Content("  → "), Content.styled(visible(one.fix), "$text-success"), width)


def _beside(label: Content, words: Content, width: int) -> Content:
    """Words that wrap beside their label where the width is known."""
    room = width - label.cell_length
    lines = words.wrap(room) if room > 0 else [words]
    return label + Content(f"\n{' ' * label.cell_length}").join(lines)
