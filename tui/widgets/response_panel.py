"""Where the authorization response is awaited: by the listener, and by what is pasted here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus, Paste, Resize
from textual.message import Message
from textual.widgets import Input, Static

from flows.checks import Record, Result, findings
from flows.facts import AuthorizationResponse, Facts
from flows.paste import Pasted, read_pasted
from flows.session import Session
from flows.steps.callback import refusal_of
from flows.text import countdown, visible
from tui import view
from tui.browser import over_ssh
from tui.widgets.value_input import ValueInput

if TYPE_CHECKING:
    from tui.own_app import OwnApp

MOST_REJECTED = 3
KINDS = {"url": "a redirect URL", "query": "a query", "code": "a bare code"}
MUTED = "$text-muted"
MARKS: Mapping[Result, tuple[str, str]] = {**view.MARKS, "skipped": view.MARKS["warn"]}
PRAISED = ("AR-03", "AR-04")
"""Checks whose passing is worth a line: what protects the person."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
WAITING = (
    "If nothing arrives, look at the browser. An error page of the server is its answer: many "
    "never send the browser back. A page that cannot be reached is fine: its address is what to "
    "paste."
)
ELSEWHERE = (
    "The browser will end up on a page of {host}, not here. Paste its address at once: that page "
    "may use the code up, and a code works only once."
)


class PasteInput(ValueInput):
    """Takes a paste whole. One that is a response in itself takes the place of what was there."""

    @dataclass
    class Refused(Message):
        problem: str

    def on_paste(self, event: Paste) -> None:
        pasted = read_pasted(event.text)
        if pasted.kind == "nothing" and len(event.text) > 64 * 1024:
            event.prevent_default()
            event.stop()
            self.post_message(self.Refused(pasted.problem))
        elif not pasted.problem:
            self.text = ""


class ResponsePanel(VerticalScroll, can_focus=False):
    """Shows where to go and judges what comes back before it is recorded. Posts `Answered` with
    the text as it was pasted."""

    app: OwnApp
    DEFAULT_CSS = """
    ResponsePanel {
        padding: 0 0 0 1;
        scrollbar-gutter: stable;
        & > Static { height: auto; }
        & > #response-host { margin-top: 1; }
        & > PasteInput { margin-top: 1; }
        & > #response-verdict { margin-top: 1; }
        & > #response-rejected { margin-top: 1; color: $text-muted; }
        & > #response-url { margin-top: 1; color: $text-muted; }
    }
    """
    BINDING_GROUP_TITLE = "Authorization response"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+o",
            "screen.open",
            "Open",
            show=False,
            id="response.open",
            tooltip="Open the authorization URL in a browser, from within the field",
        ),
        Binding(
            "ctrl+y",
            "copy_url",
            "Copy URL",
            show=False,
            id="response.copy-url",
            tooltip="Copy the authorization URL, from within the field",
        ),
        Binding(
            "escape,ctrl+g",
            "leave",
            "Leave the field",
            show=False,
            id="response.leave",
            tooltip="Leave the field, so that the keys of the walk work",
        ),
    ]

    @dataclass
    class Answered(Message):
        text: str

    def __init__(self, *, id: str | None = None, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._facts: Facts | None = None
        self._listening: str | None = None
        self._lab = False
        self._since = 0.0
        self._rejected: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static(id="response-todo", markup=False)
        yield Static(id="response-host", markup=False)
        yield Static(id="response-back", markup=False)
        yield PasteInput(placeholder="paste the address, query or code here", id="response-pasted")
        yield Static(id="response-verdict", markup=False)
        yield Static(id="response-rejected", markup=False)
        yield Static(id="response-url", markup=False)

    def on_mount(self) -> None:
        self.set_interval(1, self._draw_back)

    def on_resize(self, event: Resize) -> None:
        self._draw_verdict()
        self._draw_rejected()

    @property
    def pasted(self) -> PasteInput:
        return self.query_one(PasteInput)

    def show(self, facts: Facts, *, listening: str | None, lab: bool) -> None:
        """Await the response to `facts.authorization_url`. `listening` is where the loopback
        listener waits. What was typed stays as long as the URL is the same."""
        if self._facts is None or facts.authorization_url != self._facts.authorization_url:
            self._since = self._clock()
            self._rejected = []
            self.pasted.text = ""
            self.call_after_refresh(self.scroll_home, animate=False)
        self._facts, self._listening, self._lab = facts, listening, lab
        self._draw_todo()
        url = facts.authorization_url or ""
        self.query_one("#response-host", Static).update(_host(url))
        self.query_one("#response-url", Static).update(Content(visible(url, limit=4000)))
        self._draw_back()
        self._draw_verdict()
        self._draw_rejected()

    def note_rejected(self, words: str) -> None:
        """Show a request that the listener turned away."""
        self._rejected.append(words)
        self._draw_rejected()

    @on(DescendantFocus)
    @on(DescendantBlur)
    def _draw_todo(self) -> None:
        if self._facts:
            self.query_one("#response-todo", Static).update(self._todo())

    def _todo(self) -> Content:
        """What to do now. In the field the letters of the walk's keys are text."""
        typing, keys = self.pasted.has_focus, self.app.hint_keys
        copies = keys.copy_url_typing if typing else keys.copy_url
        if far := over_ssh():
            words = f"{copies} copies the URL, for the browser on your side of SSH.\n"
        else:
            opens = keys.open_typing if typing else keys.open
            words = f"{opens} opens the URL, {copies} copies it.\n"
        if self._lab:
            first = f"{keys.leave_answer}, then " if typing else ""
            words += f"Or {first}{keys.approve}: the lab needs no browser."
        elif self._waits_here and far:
            words += "It ends on a page that is not found there: paste its address."
        elif self._waits_here:
            words += "Approve there, and the answer comes here."
        else:
            words += "Approve there, and paste where you end up."
        return Content(words)

    @property
    def _waits_here(self) -> bool:
        uri = self._facts.redirect_uri if self._facts else None
        return self._listening is not None and uri == self._listening

    def _draw_back(self) -> None:
        if self._facts is None or not self.display:
            return
        parts: list[tuple[str, str] | str] = [
            ("back to  ", MUTED),
            visible(self._facts.redirect_uri or "(no redirect URI)", limit=300),
            "\n",
        ]
        if self._waits_here:
            elapsed = countdown(self._clock() - self._since)
            parts += [("● ", "$text-success"), f"listening there for {elapsed}"]
        elif self._listening:
            words = f"the listener waits elsewhere, at {visible(self._listening)}"
            parts += [("! ", "$text-warning"), words]
        else:
            parts += [("○ ", MUTED), "nothing listens there: paste what comes back"]
        self.query_one("#response-back", Static).update(Content.assemble(*parts))

    def _draw_verdict(self) -> None:
        if self._facts is None:
            return
        text = self.pasted.text
        if not text:
            lines = [self._while_waiting()]
        else:
            lines = list(self._verdict(read_pasted(text)))
        if self.pasted.problem:
            lines.append(self._line("fail", self.pasted.problem))
        self.query_one("#response-verdict", Static).update(Content("\n").join(lines))

    def _while_waiting(self) -> Content:
        _, host = _scheme_and_host(self._facts.redirect_uri or "") if self._facts else ("", "")
        here = host in LOOPBACK or not host
        words = WAITING if here else ELSEWHERE.format(host=visible(host, limit=80))
        return Content.styled(words, MUTED)

    def _verdict(self, pasted: Pasted) -> Iterator[Content]:
        if pasted.problem:
            yield self._line("fail", pasted.problem)
            return
        names = ", ".join(name for name, _ in pasted.parameters)
        yield Content(f"{KINDS[pasted.kind]} with {visible(names, limit=200)}")
        assert self._facts
        at, parameters = self._facts.at, pasted.parameters
        facts = replace(
            self._facts, response=AuthorizationResponse(parameters, "pasted", at, pasted.url)
        )
        for finding in findings(Record(Session(facts.target, at), facts), "response"):
            if finding.result in MARKS and finding.result != "pass":
                yield self._line(finding.result, finding.says, finding.standard)
            elif finding.check in PRAISED and finding.result == "pass":
                yield self._line("pass", finding.says, finding.standard)
        stops = facts.response is not None and refusal_of(facts, facts.response) is not None
        words = "enter records it, and the walk stops there" if stops else "enter goes on with it"
        yield Content.styled(words, "$text-accent")

    def _line(self, result: Result, words: str, standard: str = "") -> Content:
        return _line(
            result, words, standard, self.query_one("#response-verdict").content_size.width
        )

    def _draw_rejected(self) -> None:
        shown = [self._line("warn", f"turned away: {words}") for words in self._rejected]
        left_out = len(shown) - MOST_REJECTED
        if left_out > 0:
            shown = [Content(f"{left_out} more were turned away"), *shown[-MOST_REJECTED:]]
        widget = self.query_one("#response-rejected", Static)
        widget.update(Content("\n").join(shown))
        widget.display = bool(shown)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._draw_verdict()

    @on(PasteInput.Refused)
    def _refused(self, event: PasteInput.Refused) -> None:
        event.stop()
        self.query_one("#response-verdict", Static).update(self._line("fail", event.problem))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = self.pasted.text
        if self._facts is None or self.pasted.problem or read_pasted(text).problem:
            self._draw_verdict()
            self.app.bell()
        else:
            self.post_message(self.Answered(text))

    def action_copy_url(self) -> None:
        if self._facts and self._facts.authorization_url:
            self.app.copy_to_clipboard(self._facts.authorization_url)

    def action_leave(self) -> None:
        self.screen.set_focus(None)


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def _host(url: str) -> Content:
    """The host of a URL, in the form in which it is looked up (RFC 5890), and what to beware of."""
    scheme, host = _scheme_and_host(url)
    if not host:
        return Content.styled("not a URL", "$text-error")
    port = _port(url)
    shown = (f"{visible(host, limit=200)}{f':{port}' if port else ''}", "bold $text-primary")
    words: list[tuple[str, str] | str] = [("goes to  ", MUTED), shown]
    if not host.isascii():
        try:
            words.append(f"  {host.encode('idna').decode()}")
        except UnicodeError:
            words.append(("  not a possible host name", "$text-error"))
    if scheme != "https" and host not in LOOPBACK:
        words.append((f"  {visible(scheme)}, not encrypted", "$text-warning"))
    return Content.assemble(*words)


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Both in lower case; "" where there is none, as in a text that is no URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return "", ""


def _line(result: Result, words: str, standard: str = "", width: int = 0) -> Content:
    """A mark and words, wrapped beside the mark where the width is known."""
    mark, style = MARKS[result]
    said = Content.assemble(visible(words, limit=600), (f"  {standard}" if standard else "", MUTED))
    lines = said.wrap(width - 2) if width > 2 else [said]
    return Content.styled(f"{mark} ", f"bold {style}") + Content("\n  ").join(lines)
