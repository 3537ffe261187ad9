"""One thing of a step, whole: a request to come, an exchange, or values; tab by tab."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive

from flows.bodies import render_text
from flows.catalogue import Json
from flows.exchange import Exchange, Request, media_type
from flows.mcp.content import words
from flows.moves import Compose, Make, Send
from flows.session import Answered, Exchanged, Made, Pairs, Received, value
from flows.text import visible
from flows.wire import WireOptions
from tui import view
from tui.view import Item
from tui.widgets.body_view import BodyView
from tui.widgets.frame import Rows
from tui.widgets.headline import Headline
from tui.widgets.rows_view import RowsView
from tui.widgets.tab_line import TabLine

if TYPE_CHECKING:
    from flows.checks import Place
    from flows.export import Secrets

TabId = Literal["request", "response", "result", "values", "curl", "timing"]
TABS: Mapping[TabId, str] = {
    "request": "Request",
    "response": "Response",
    "result": "Result",
    "values": "Values",
    "curl": "Curl",
    "timing": "Timing",
}

FORMS = {"powershell": "PowerShell", "httpie": "HTTPie", "http": ".http", "raw": "Raw HTTP"}
"""What the tab of the command is called once it shows another format than curl."""
LANGUAGES = {
    "curl": "bash",
    "powershell": "powershell",
    "httpie": "bash",
    "http": "http",
    "raw": "http",
}
FEW = 6
"""Rows of a body that leave room for more of the header on a low screen."""
MOST_RESULT = 200_000
"""Characters of a result in words; all of it stands in the response."""


class Head(RowsView):
    """Request line or status line with the header fields. It has a cursor while it has the
    keyboard, and takes no more lines than it needs."""

    BINDING_GROUP_TITLE = "Header"

    def show(self, lines: tuple[str, ...]) -> None:
        """`lines` are safe to show; without any it is gone."""
        self.open(render_text("\n".join(lines), measure=cell_len))
        self.display = bool(lines)

    def holds_cursor(self, row: int) -> bool:
        return self.has_focus

    def compare_with(self, lines: tuple[str, ...] | None) -> None:
        """As that of a body, but for the date: it tells nothing."""
        self.hold_against(None if lines is None else (line.encode() for line in lines))

    def sign(self, row: int) -> str:
        dated = self.rendered.line_at(row)[:5].lower() == b"date:"
        return " " if dated else super().sign(row)


class ExchangeView(Rows):
    """Shows an `Item`. It keeps no truth of its own: `show` says all there is to know."""

    BINDING_GROUP_TITLE = "Exchange"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "tab('request')", "Request", False, id="tab.request", tooltip="Request"),
        Binding("2", "tab('response')", "Response", False, id="tab.response", tooltip="Response"),
        Binding(
            "3",
            "command",
            "Curl",
            False,
            id="tab.curl",
            tooltip="Curl command; again for PowerShell, HTTPie, .http, raw HTTP",
        ),
        Binding("4", "tab('timing')", "Timing", False, id="tab.timing", tooltip="Timing and TLS"),
        Binding("5", "tab('result')", "Result", False, id="tab.result", tooltip="What it says"),
    ]

    tab: reactive[TabId] = reactive[TabId]("request", init=False, repaint=False)

    def __init__(
        self, options: WireOptions, *, own: frozenset[str] = frozenset(), id: str | None = None
    ) -> None:
        """`own` are the header fields, in lower case, that the person added."""
        super().__init__(id=id)
        self._options, self._own = options, own
        self._form = "curl"
        self._item: Item | None = None
        self._request: Request | None = None
        self._exchange: Exchange | None = None
        self._values: Pairs = ()
        self._at: datetime | None = None
        self._edited = False
        self._notes = ""
        self._result: Json | None = None
        self._available: tuple[TabId, ...] = ()
        self._earlier: Exchange | None = None

    def compose(self) -> ComposeResult:
        yield Headline(id="headline")
        yield TabLine(id="tabs")
        yield Head(id="head")
        yield BodyView(id="body")

    def show(
        self,
        item: Item,
        edit: Request | Pairs | None = None,
        notes: str = "",
        result: Json | None = None,
        earlier: Exchange | None = None,
    ) -> None:
        """Show an item. `edit` is what will be sent or made instead of the move's own;
        `notes` stand below values; `result` is what an MCP request gave; `earlier` is the same
        exchange of the attempt before, which bodies are held against."""
        self._earlier = earlier
        request = edit if isinstance(edit, Request) else None
        values = None if isinstance(edit, Request) else edit
        before = self._item and (self._item.event or self._item.move)
        same = before is not None and before is (item.event or item.move)
        self._item = item
        self._request, self._exchange, self._values, self._at = None, None, (), None
        self._edited = edit is not None
        self._notes, self._result = notes, result
        available: tuple[TabId, ...]
        match item.event or item.move:
            case Exchanged(exchange=exchange, at=at):
                self._request, self._exchange, self._at = exchange.request, exchange, at
                said: tuple[TabId, ...] = ("result",) if result is not None else ()
                available = ("request", "response", *said, "curl", "timing")
            case Send(request=draft):
                self._request = request or draft
                available = ("request", "curl")
            case Compose(request=draft):
                self._request = request or draft
                available = ("request", "curl")
            case Made(values=made):
                if url := value(made, "authorization_url"):
                    self._request = Request("GET", url)
                    available = ("request", "curl")
                else:
                    self._values, available = made, ("values",)
            case Make(values=made):
                self._values, available = values or made, ("values",)
            case Answered() as given:
                self._values, available = view.answered_pairs(given), ("values",)
            case _:
                available = ("values",)
        self._available = available
        self._headline()
        if same and self.tab in available:
            self._draw()
        else:
            self._open("response" if self._exchange else available[0])

    @property
    def body(self) -> BodyView:
        return self.query_one(BodyView)

    @property
    def request(self) -> Request | None:
        """The request on show: the one to come, or the one that was sent."""
        return self._request

    def command_text(self, form: str = "curl", secrets: Secrets = "variables") -> str:
        """The request on show as `form` of EXPORTS has it, or a comment that says why it cannot;
        "" when there is none."""
        from flows.export import Unquotable

        try:
            return self.command(form, secrets)
        except Unquotable as error:
            return f"# {error}\n"

    def command(self, form: str, secrets: Secrets) -> str:
        """As `command_text`. Raises Unquotable."""
        from flows.export import EXPORTS, CurlOptions

        if self._request is None:
            return ""
        title = self._item.title if self._item else ""
        when = f", {self._at:%Y-%m-%dT%H:%M:%SZ}" if self._at else ""
        ca_bundle = self._options.ca_bundle
        options = CurlOptions(
            ca_bundle=str(ca_bundle) if ca_bundle else None,
            insecure=self._options.insecure,
            proxy=self._options.proxy,
        )
        command = EXPORTS[form](
            self._request,
            secrets=secrets,
            options=options,
            comments=(f"{title}{when}",),
            own=self._own,
        )
        return command.text

    def shows(self, exchange_id: str) -> bool:
        """Whether this exchange is on show."""
        return self._exchange is not None and self._exchange.id == exchange_id

    def look_at(self, place: Place) -> None:
        """Show the evidence of a finding: its side of the exchange, and the field in the body."""
        self.action_tab("request" if place.part == "request" else "response")
        kind, _, name = place.field.rpartition("/" if place.field.startswith("/") else " ")
        if place.field.startswith("/"):
            self.body.look_for(f'"{name.replace("~1", "/").replace("~0", "~")}"')
        elif kind in ("form", "query"):
            self.body.look_for(name)

    def action_tab(self, tab: TabId) -> None:
        if tab in self._available:
            self.tab = tab

    def action_command(self) -> None:
        """To the command; from there, to the next of its formats."""
        from flows.export import EXPORTS

        if self.tab != "curl":
            self.action_tab("curl")
            return
        forms = list(EXPORTS)
        self._form = forms[(forms.index(self._form) + 1) % len(forms)]
        self._draw()

    @on(TabLine.Chosen)
    def _chosen(self, event: TabLine.Chosen) -> None:
        event.stop()
        tab = next(tab for tab in self._available if self._label(tab) == event.name)
        if tab == "curl":
            self.action_command()
        else:
            self.action_tab(tab)

    def _label(self, tab: TabId) -> str:
        return TABS[tab] if tab != "curl" or self._form == "curl" else FORMS[self._form]

    def watch_tab(self) -> None:
        self._draw()

    def _open(self, tab: TabId) -> None:
        if self.tab == tab:
            self._draw()
        else:
            self.tab = tab

    def _headline(self) -> None:
        left, right, state = "", "", None
        if self._exchange:
            left, right = view.headline(self._exchange)
            state = view.status_state(self._exchange)
        elif self._request:
            left = f"{visible(self._request.method)} {visible(self._request.url.partition('?')[0])}"
            right = "edited, not sent yet" if self._edited else "not sent yet"
            if self._item and not self._item.pending:
                right = "for the browser"
        elif self._item:
            left, right = visible(self._item.title), "edited" if self._edited else ""
        self.query_one(Headline).show(left, right, state)

    def _draw(self) -> None:
        names = (
            tuple(self._label(tab) for tab in self._available) if len(self._available) > 1 else ()
        )
        self.query_one(TabLine).show(names, self._label(self.tab))
        head: tuple[str, ...] = ()
        body = self.query_one(BodyView)
        match self.tab:
            case "request" if self._request:
                head = view.request_head(self._request)
                if self._request.body:
                    body.show(self._request.body, media_type(self._request.headers))
                else:
                    body.show_text(view.query_text(self._request.url))
            case "response" if self._exchange:
                head = self._show_response(self._exchange, body)
            case "result" if self._result is not None:
                said = words(self._result)
                body.show_text(visible(said, lines=True, limit=MOST_RESULT))
            case "curl":
                shown = self.command_text(self._form)
                body.show_text(visible(shown, lines=True), LANGUAGES[self._form])
            case "timing" if self._exchange:
                body.show_text(view.timing_text(self._exchange))
            case _ if self._item and isinstance(self._item.event, Received):
                data = self._item.event.event.data.encode("utf-8", "replace")
                body.show(data, "application/json" if data[:1] == b"{" else "text/plain")
            case _:
                told = view.pairs_text(self._values)
                body.show_text(f"{told}\n\n{self._notes}" if self._notes else told)
        lines = self.query_one(Head)
        lines.show(head)
        self._mark_differences(lines, body)
        low = self.screen.has_class("-low")
        self.set_class(low and body.row_count <= FEW, "-few-rows")

    def _mark_differences(self, head: Head, body: BodyView) -> None:
        """Mark what is not as in the attempt before."""
        before = self._earlier
        lines: tuple[str, ...] | None = None
        content: bytes | None = None
        kind = "text/plain"
        if before and self.tab == "request":
            lines, content = view.request_head(before.request), before.request.body
            if content:
                kind = media_type(before.request.headers)
            else:
                content = view.query_text(before.request.url).encode()
        elif before and before.response and self.tab == "response":
            lines, content = view.response_head(before.response), before.response.body
            kind = media_type(before.response.headers)
        head.compare_with(lines)
        body.compare_with(content, kind)

    def _show_response(self, exchange: Exchange, body: BodyView) -> tuple[str, ...]:
        failure = exchange.error
        said = (f"✗ {failure.kind}: {visible(failure.text)}",) if failure else ()
        if exchange.response is None:
            body.show_text("")
            return said
        body.show(exchange.response.body, media_type(exchange.response.headers))
        return (*said, *view.response_head(exchange.response))
