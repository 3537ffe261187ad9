"""One thing of a step, whole: a request to come, an exchange, or values; tab by tab."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
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
from tui.widgets.headline import Headline
from tui.widgets.rows_view import RowsView
from tui.widgets.tab_line import TabLine

if TYPE_CHECKING:
    from flows.checks import Place

TabId = Literal["request", "response", "result", "values", "curl", "timing"]
TABS: Mapping[TabId, str] = {
    "request": "Request",
    "response": "Response",
    "result": "Result",
    "values": "Values",
    "curl": "Curl",
    "timing": "Timing",
}

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


class ExchangeView(Vertical):
    """Shows an `Item`. It keeps no truth of its own: `show` says all there is to know."""

    BINDING_GROUP_TITLE = "Exchange"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "tab('request')", "Request", False, id="tab.request", tooltip="Request"),
        Binding("2", "tab('response')", "Response", False, id="tab.response", tooltip="Response"),
        Binding("3", "tab('curl')", "Curl", False, id="tab.curl", tooltip="Curl command"),
        Binding("4", "tab('timing')", "Timing", False, id="tab.timing", tooltip="Timing and TLS"),
        Binding("5", "tab('result')", "Result", False, id="tab.result", tooltip="What it says"),
    ]

    tab: reactive[TabId] = reactive[TabId]("request", init=False, repaint=False)

    def __init__(self, options: WireOptions, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._options = options
        self._item: Item | None = None
        self._request: Request | None = None
        self._exchange: Exchange | None = None
        self._values: Pairs = ()
        self._at: datetime | None = None
        self._edited = False
        self._notes = ""
        self._result: Json | None = None
        self._available: tuple[TabId, ...] = ()

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
    ) -> None:
        """Show an item. `edit` is what will be sent or made instead of the move's own;
        `notes` stand below values; `result` is what an MCP request gave."""
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

    def curl_text(self, *, with_secrets: bool = False) -> str:
        """The curl command of the request on show; "" when there is none."""
        from flows.export import CurlOptions, Unquotable, curl

        if self._request is None:
            return ""
        title = self._item.title if self._item else ""
        when = f", {self._at:%Y-%m-%dT%H:%M:%SZ}" if self._at else ""
        ca_bundle = self._options.ca_bundle
        try:
            command = curl(
                self._request,
                secrets="values" if with_secrets else "variables",
                options=CurlOptions(
                    ca_bundle=str(ca_bundle) if ca_bundle else None,
                    insecure=self._options.insecure,
                    proxy=self._options.proxy,
                ),
                comments=(f"{title}{when}",),
            )
        except Unquotable as error:
            return f"# {error}\n"
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

    @on(TabLine.Chosen)
    def _chosen(self, event: TabLine.Chosen) -> None:
        event.stop()
        self.action_tab(next(tab for tab in TABS if TABS[tab] == event.name))

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
        names = tuple(TABS[tab] for tab in self._available) if len(self._available) > 1 else ()
        self.query_one(TabLine).show(names, TABS[self.tab])
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
                body.show_text(self.curl_text(), "bash")
            case "timing" if self._exchange:
                body.show_text(view.timing_text(self._exchange))
            case _ if self._item and isinstance(self._item.event, Received):
                data = self._item.event.event.data.encode("utf-8", "replace")
                body.show(data, "application/json" if data[:1] == b"{" else "text/plain")
            case _:
                told = view.pairs_text(self._values)
                body.show_text(f"{told}\n\n{self._notes}" if self._notes else told)
        self.query_one(Head).show(head)

    def _show_response(self, exchange: Exchange, body: BodyView) -> tuple[str, ...]:
        failure = exchange.error
        said = (f"✗ {failure.kind}: {visible(failure.text)}",) if failure else ()
        if exchange.response is None:
            body.show_text("")
            return said
        body.show(exchange.response.body, media_type(exchange.response.headers))
        return (*said, *view.response_head(exchange.response))
