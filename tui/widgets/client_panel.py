"""Where a client that was registered by hand is entered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Label, Static

from flows.facts import Facts
from flows.network import reach_of
from flows.steps.client import method_for
from flows.steps.server_metadata import issuer, server_metadata
from flows.text import visible
from tui.widgets.value_input import ValueInput

TODO = (
    "The server offers no registration that this walk can use. Register a client at {issuer} by "
    "hand, with this redirect URI to the letter:"
)
SERVE = (
    "The server takes Client ID Metadata Documents, and runs on this machine, where authwalk can "
    "serve one:"
)


class ClientPanel(VerticalScroll, can_focus=False):
    """Asks for the client identifier and, if there is one, its secret. Posts `Answered`; or
    `DocumentWanted`, where the server is one that could fetch a document from this machine."""

    DEFAULT_CSS = """
    ClientPanel {
        padding: 0 0 0 1;
        scrollbar-gutter: stable;
        & > Static { height: auto; }
        & > #client-redirect { margin: 1 0; }
        & > Label { color: $text-muted; }
        & > #client-words { margin: 1 0; }
        & > Button { min-width: 16; }
        & > #client-serving { margin: 1 0; }
        &.-without-document > #client-serving, &.-without-document > #client-serve {
            display: none;
        }
    }
    """
    BINDING_GROUP_TITLE = "Client"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+y",
            "copy_redirect",
            "Copy redirect URI",
            show=False,
            id="client.copy-redirect",
            tooltip="Copy the redirect URI to register",
        ),
        Binding(
            "ctrl+t",
            "reveal",
            "Show secret",
            show=False,
            id="client.reveal",
            tooltip="Show the secret, or hide it again",
        ),
        Binding(
            "escape,ctrl+g",
            "leave",
            "Leave the field",
            show=False,
            id="client.leave",
            tooltip="Leave the field, so that the keys of the walk work",
        ),
    ]

    @dataclass
    class Answered(Message):
        client_id: str
        client_secret: str = field(repr=False)

    class DocumentWanted(Message):
        """A document is to be served on this machine, and its URL to name the client."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facts: Facts | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="client-todo", markup=False)
        yield Static(id="client-redirect", markup=False)
        yield Label("client identifier")
        yield ValueInput(id="client-id", placeholder="client_id")
        yield Label("client secret, if it has one  (ctrl+t shows it)")
        yield ValueInput(id="client-secret", password=True, placeholder="none")
        yield Static(id="client-words", markup=False)
        yield Button("Use this client", id="client-use", variant="primary", compact=True)
        yield Static(SERVE, id="client-serving", markup=False)
        yield Button("Serve a document", id="client-serve", compact=True)

    def show(self, facts: Facts) -> None:
        """Ask for a client of the authorization server in `facts`. What was typed stays as long
        as the redirect URI is the same."""
        if self._facts is None or facts.redirect_uri != self._facts.redirect_uri:
            for field in self.query(ValueInput):
                field.text = ""
        self._facts = facts
        self.set_class(not _can_fetch_here(facts), "-without-document")
        server = visible(issuer(facts) or "the authorization server", limit=200)
        self.query_one("#client-todo", Static).update(Content(TODO.format(issuer=server)))
        uri = visible(facts.redirect_uri or "(none)", limit=500)
        self.query_one("#client-redirect", Static).update(
            Content.assemble((uri, "bold $text-primary"), ("  ctrl+y copies", "$text 60%"))
        )
        self._draw()

    def _field(self, name: str) -> ValueInput:
        return self.query_one(f"#client-{name}", ValueInput)

    def _objection(self) -> str:
        """What is wrong, in words; "" when the client can be used."""
        client_id, secret = self._field("id"), self._field("secret")
        if problem := client_id.problem or secret.problem:
            return problem
        return "" if client_id.text else "A client identifier is needed."

    def _draw(self, objection: str = "") -> None:
        if self._facts is None:
            return
        lines = []
        for name, entry in (("identifier", self._field("id")), ("secret", self._field("secret"))):
            if entry.text != entry.text.strip():
                words = f"! The {name} begins or ends with white space, which is sent too."
                lines.append(Content.styled(words, "$text-warning"))
        method = method_for(server_metadata(self._facts) or {}, self._field("secret").text)
        words = {
            "none": "It will be a public client: identified, not authenticated.",
            "client_secret_basic": "The secret goes into an Authorization header "
            "(client_secret_basic).",
            "client_secret_post": "The secret goes into the form (client_secret_post).",
        }[method]
        lines.append(Content.styled(words, "$text 60%"))
        if objection:
            lines.append(Content.styled(f"✗ {objection}", "$text-error"))
        self.query_one("#client-words", Static).update(Content("\n").join(lines))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._draw()

    @on(Button.Pressed, "#client-serve")
    def _serve(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.DocumentWanted())

    @on(Input.Submitted)
    @on(Button.Pressed, "#client-use")
    def _submitted(self, event: Message) -> None:
        event.stop()
        if objection := self._objection():
            self._draw(visible(objection))
            self._field("id").focus()
        elif isinstance(event, Input.Submitted) and event.input is self._field("id"):
            self._field("secret").focus()
        else:
            answer = self.Answered(self._field("id").text, self._field("secret").text)
            self.post_message(answer)

    def action_copy_redirect(self) -> None:
        if self._facts and self._facts.redirect_uri:
            self.app.copy_to_clipboard(self._facts.redirect_uri)

    def action_reveal(self) -> None:
        secret = self._field("secret")
        secret.password = not secret.password

    def action_leave(self) -> None:
        self.screen.set_focus(None)


def _can_fetch_here(facts: Facts) -> bool:
    """Whether the authorization server takes documents and can fetch one from this machine."""
    supported = (server_metadata(facts) or {}).get("client_id_metadata_document_supported")
    return supported is True and reach_of(issuer(facts) or "") == "loopback"
