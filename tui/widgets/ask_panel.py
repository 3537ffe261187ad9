"""What the server asks of the person: its words, a form for the answer, and the ways to say no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from flows.facts import Json
from flows.mcp import asked
from flows.mcp.client import USER_REJECTED
from flows.mcp.rpc import RpcError
from flows.moves import Ask
from flows.replies import Reply
from flows.text import visible
from tui.widgets.json_form import JsonForm

WORDS_LIMIT = 20_000
_ASKED = {
    "form": "asks you to fill in a form",
    "url": "asks you to open a URL",
    "sampling": "asks for what a model would reply",
    "roots": "asks for your roots",
    "unknown": "asks for something unknown",
}


class AskPanel(Vertical):
    """The requests of one `Ask`, one after the other. Posts `Answered` once each has its answer,
    and `Open` when the person wants to see a URL."""

    DEFAULT_CSS = """
    AskPanel {
        padding: 0 0 0 1;
        height: 1fr;
        & > Static { height: auto; }
        & > #ask-words { height: auto; max-height: 40%; scrollbar-gutter: stable; }
        & > #ask-words:focus { background: $boost; }
        #ask-words > Static { height: auto; }
        & > #ask-url { display: none; margin-top: 1; }
        &.-url > #ask-url { display: block; }
        & > JsonForm { margin-top: 1; }
        &.-url > JsonForm, &.-empty > JsonForm { display: none; }
        & > #ask-says { max-height: 4; color: $text-muted; }
        & > #ask-says.-wrong { color: $text-error; }
        #ask-buttons { height: 1; margin-top: 1; }
        #ask-buttons > Button { margin-right: 1; min-width: 1; padding: 0 1; display: none; }
        #ask-buttons > #ask-send { display: block; }
        &.-refusable #ask-decline { display: block; }
        &.-elicits #ask-cancel { display: block; }
        &.-url #ask-open { display: block; }
        &.-objected #ask-anyway { display: block; }
        &.-objected #ask-buttons > #ask-send { display: none; }
        &.-form #ask-json { display: block; }
    }
    WalkScreen.-low AskPanel {
        & > #ask-url, & > JsonForm, #ask-buttons { margin-top: 0; }
    }
    """
    BINDING_GROUP_TITLE = "The server asks"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "send", "Answer", id="ask.send", tooltip="Give the server this answer"),
        Binding(
            "f8", "refuse('decline')", "Decline", id="ask.decline", tooltip="Tell the server no"
        ),
        Binding(
            "f9",
            "refuse('cancel')",
            "Dismiss",
            id="ask.cancel",
            tooltip="Answer that no choice was made",
        ),
        Binding("o", "open", "Open URL", id="ask.open", tooltip="Open the URL in a browser"),
        Binding("u", "copy", "Copy URL", show=False, id="ask.copy", tooltip="Copy the URL"),
        Binding(
            "ctrl+t",
            "toggle_json",
            "JSON",
            show=False,
            id="ask.json",
            tooltip="Show the answer as JSON, or as a form again",
        ),
        Binding("up", "move(-1)", "Up", show=False, id="ask.up", tooltip="One field up"),
        Binding("down", "move(1)", "Down", show=False, id="ask.down", tooltip="One field down"),
        Binding(
            "escape,ctrl+g",
            "leave",
            "To the walk",
            show=False,
            id="ask.leave",
            tooltip="Leave the question open, so that the keys of the walk work",
        ),
    ]

    @dataclass
    class Answered(Message):
        """`replies` has the keys of the requests of `ask`."""

        ask: Ask
        replies: dict[str, Reply]

    @dataclass
    class Open(Message):
        url: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ask: Ask | None = None
        self._who = ""
        self._on_stream = False
        self._roots: Sequence[Json] = ()
        self._replies: dict[str, Reply] = {}
        self._method, self._params = "", dict[str, object]()
        self._opening = False  # the form is being made; what has the focus in it goes
        self._awaited = False  # and is to have the keyboard then

    def compose(self) -> ComposeResult:
        yield Static(id="ask-head", markup=False)
        with VerticalScroll(id="ask-words"):
            yield Static(markup=False)
        yield Static(id="ask-url", markup=False)
        yield JsonForm()
        yield Static(id="ask-says", markup=False)
        with Horizontal(id="ask-buttons"):
            yield Button("Accept", id="ask-send", variant="primary", compact=True)
            yield Button("Send anyway", id="ask-anyway", variant="warning", compact=True)
            yield Button("Open", id="ask-open", compact=True)
            yield Button("Decline", id="ask-decline", compact=True)
            yield Button("Dismiss", id="ask-cancel", compact=True)
            yield Button("JSON", id="ask-json", compact=True)

    # What is asked

    def show(self, ask: Ask, who: str, *, on_stream: bool, roots: Sequence[Json] = ()) -> None:
        """Ask `ask` of the person; `who` is the server. The same ask again changes nothing. On a
        stream, unlike in a result, a request can be answered with an error."""
        asking = self._key is not None and not on_stream  # the walk makes its move anew
        if ask is self._ask or (asking and ask == self._ask):
            self._ask = ask
            return
        self._ask, self._who, self._on_stream, self._roots = ask, who, on_stream, roots
        self._replies = {}
        self._next()

    @property
    def _key(self) -> str | None:
        """The request that is asked now; None when all were."""
        requests = self._ask.requests if self._ask else {}
        return next((key for key in requests if key not in self._replies), None)

    @property
    def _kind(self) -> asked.Kind:
        return asked.kind_of(self._method, self._params)

    def _next(self) -> None:
        """Ask the next request, or give all the answers away."""
        assert self._ask
        key = self._key
        if key is None:
            self.post_message(self.Answered(self._ask, self._replies))
            return
        self._method, params = asked.request_of(self._ask.requests[key])
        self._params = dict(params)
        self._opening, self._awaited = True, self.has_focus_within
        self._draw()
        self._open_form(self._ask, key)

    def _draw(self) -> None:
        assert self._ask
        kind, number = self._kind, len(self._ask.requests)
        which = f" ({len(self._replies) + 1} of {number})" if number > 1 else ""
        head = (visible(self._who, limit=120), "bold"), f" {_ASKED[kind]}{which}"
        method = f"  {visible(self._method, limit=60)}"
        self.query_one("#ask-head", Static).update(Content.assemble(*head, (method, "$text 60%")))
        words = visible(asked.words_of(self._method, self._params), lines=True, limit=WORDS_LIMIT)
        self.query_one("#ask-words > Static", Static).update(Content(words))
        self.query_one("#ask-words").scroll_home(animate=False)
        self.query_one("#ask-url", Static).update(_url_words(asked.url_of(self._params)))
        self.set_class(kind == "url", "-url")
        self.set_class(kind != "url", "-form")
        self.set_class(kind in ("form", "url"), "-elicits")
        self.set_class(self._refusable, "-refusable")
        self.query_one("#ask-send", Button).label = "Accept" if self._elicits else "Send"
        self.query_one("#ask-json", Button).label = "JSON"
        self.remove_class("-objected")
        self._say("")

    @property
    def _refusable(self) -> bool:
        return self._on_stream or self._kind in ("form", "url")

    @work(exclusive=True, group="ask-form")
    async def _open_form(self, ask: Ask, key: str) -> None:
        form = self.query_one(JsonForm)
        schema = asked.schema_of(self._method, self._params)
        await form.open(schema, asked.start_of(self._method, self._params, self._roots))
        if ask is self._ask and key == self._key:
            self.set_class(form.empty and not form.json_shown, "-empty")
            self.query_one("#ask-json", Button).label = "Form" if form.json_shown else "JSON"
            self._opening = False
            if self._awaited:
                self.focus_first()

    def focus_first(self) -> None:
        """Move the keyboard to where the answer begins: a field, or for a URL the way to open it,
        which is not the way to accept."""
        if self._opening:
            self._awaited = True
        elif self._kind == "url":
            self.query_one("#ask-open").focus()
        elif self.has_class("-empty") or not self.query_one(JsonForm).focus_first():
            self.query_one("#ask-send").focus()

    # The answer

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "open" | "copy":
                return self._kind == "url"
            case "toggle_json":
                return self._kind != "url"
            case "refuse":
                return self._refusable and (parameters == ("decline",) or self._elicits)
            case _:
                return True

    @property
    def _elicits(self) -> bool:
        return self._kind in ("form", "url")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.id:
            case "ask-decline":
                self.action_refuse("decline")
            case "ask-cancel":
                self.action_refuse("cancel")
            case "ask-open":
                self.action_open()
            case "ask-json":
                self.action_toggle_json()
            case _:
                self.action_send()

    def action_refuse(self, action: str) -> None:
        if self._elicits:
            self._reply({"action": action})
        elif self._refusable:
            self._reply(RpcError(USER_REJECTED, f"User rejected {self._method}"))

    def action_open(self) -> None:
        self.post_message(self.Open(asked.url_of(self._params)))

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(asked.url_of(self._params))

    def action_send(self) -> None:
        """Check the answer and send it; what was objected to is sent the second time."""
        if self._kind == "url":
            self._reply({"action": "accept"})
        elif self._ask is not None and self._key is not None:
            self._send(self._ask, self._key)

    @work(exclusive=True, group="ask-check")
    async def _send(self, ask: Ask, key: str) -> None:
        value = await self.query_one(JsonForm).agreed(asked.schema_of(self._method, self._params))
        if value is not None and ask is self._ask and key == self._key:
            self._reply(asked.accepted(self._method, self._params, value))

    def _reply(self, reply: Reply) -> None:
        if (key := self._key) is not None:
            self._replies[key] = reply
            self._next()

    @on(JsonForm.Changed)
    def _typed(self, event: JsonForm.Changed) -> None:
        event.stop()
        self.set_class(event.objected, "-objected")
        self._say(event.words, wrong=event.wrong)

    def _say(self, words: str, *, wrong: bool = False) -> None:
        if not words:
            keys = ["F5 answers"]
            keys += ["o opens the URL"] if self._kind == "url" else []
            keys += ["F8 declines"] if self._refusable else []
            keys += ["F9 dismisses"] if self._elicits else []
            keys += ["ctrl+t JSON"] if self._kind != "url" else []
            words = " · ".join([*keys, "esc leaves it open"])
        label = self.query_one("#ask-says", Static)
        label.set_class(wrong, "-wrong")
        label.update(Content(visible(words, lines=True, limit=1000)))

    # The keyboard

    def action_toggle_json(self) -> None:
        form = self.query_one(JsonForm)
        self.remove_class("-empty")
        form.show_json(not form.json_shown)
        self.query_one("#ask-json", Button).label = "Form" if form.json_shown else "JSON"
        self.focus_first()

    def action_move(self, by: int) -> None:
        if by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    def action_leave(self) -> None:
        self.screen.set_focus(None)


def _url_words(url: str) -> Content:
    """A URL in full, its host marked, and what to know before it is opened."""
    before, host, after = (visible(part) for part in asked.around_host(url))
    lines = [Content.assemble(before, (host, "bold reverse"), after)]
    lines.append(Content.assemble("the host is ", (visible(asked.host_of(url)) or "?", "bold")))
    lines += [Content.styled(f"! {words}", "$text-warning") for words in asked.concerns(url)]
    lines.append(Content.styled("authwalk fetches nothing of it.", "$text 60%"))
    return Content("\n").join(lines)
