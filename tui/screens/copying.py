"""What can be copied or saved of a walk: the request on show in any format, values, the whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType

from flows.export import EXPORTS, TITLES, Secrets, Unquotable
from flows.export.documents import DOCUMENTS
from flows.facts import Facts
from flows.frozen import frozen
from flows.jwt import read_token
from flows.store import SecretLeak, redactor_of, write_private
from flows.text import visible
from flows.walk import Walk
from tui.screens.dialogs import Confirm, Dialog, SaveChoice, SaveDialog
from tui.screens.preview import PreviewScreen, Wish
from tui.widgets.choice import Choice
from tui.widgets.exchange_view import ExchangeView
from tui.widgets.list_view import LineList, Row

ENDINGS = {
    "curl": "sh",
    "powershell": "ps1",
    "httpie": "sh",
    "http": "http",
    "raw": "txt",
    "script": "sh",
    "har": "har",
    "report": "md",
    "report-html": "html",
    "sequence": "txt",
    "mermaid": "mmd",
}
WHOLE = {
    "script": "shell script",
    "har": "HAR",
    "report": "report, Markdown",
    "report-html": "report, HTML",
    "sequence": "sequence diagram, text",
    "mermaid": "sequence diagram, Mermaid",
}
FORMS: tuple[tuple[Secrets, str], ...] = (
    ("variables", "$VARIABLES"),
    ("values", "real values"),
    ("redacted", "redacted"),
)
LANGUAGES = {"sh": "bash", "ps1": "powershell", "har": "json", "html": "html", "md": "markdown"}
"""How what ends so is highlighted, as Pygments names it."""
MOST_CLAIMS = 40

How = Literal["look", "copy", "save"]


@frozen
class Item:
    """Something to copy. `make`, which runs in a thread, may raise Unquotable and SecretLeak;
    `forms` are the forms that its secrets can take, none where it is what it is."""

    id: str
    group: str
    title: str
    make: Callable[[Secrets], str]
    forms: tuple[Secrets, ...] = ()
    hint: str = ""
    ending: str = "txt"


def items(walk: Walk, view: ExchangeView) -> Iterator[Item]:
    """All there is to copy now."""
    every = tuple(form for form, _ in FORMS)
    if view.request is not None:
        for name in EXPORTS:
            make = _of_request(walk, view, name)
            yield Item(name, "The request on show", TITLES[name], make, every, "", ENDINGS[name])
    yield from _values(walk.facts)
    for name, document in DOCUMENTS.items():
        forms: tuple[Secrets, ...] = ("redacted", "values") if name == "har" else ()
        make = _of_walk(walk, document)
        yield Item(name, "The whole walk", WHOLE[name], make, forms, "", ENDINGS[name])


def _of_request(walk: Walk, view: ExchangeView, name: str) -> Callable[[Secrets], str]:
    def make(secrets: Secrets) -> str:
        text = view.command(name, secrets)
        return redactor_of(walk.session).text(text) if secrets == "redacted" else text

    return make


def _of_walk(walk: Walk, document: Callable[[Walk, bool], str]) -> Callable[[Secrets], str]:
    """Of the record as it is now, in a walk of its own: this one goes on while a thread writes."""
    session = walk.session
    return lambda secrets: document(Walk(session, walk.wire), secrets == "values")


def _values(facts: Facts) -> Iterator[Item]:
    tokens = facts.current_tokens
    named = {
        "authorization URL": facts.authorization_url,
        "access token": tokens.access_token if tokens else None,
        "refresh token": tokens.refresh_token if tokens else None,
        "ID token": tokens.id_token if tokens else None,
        "authorization code": facts.response.get("code") if facts.response else None,
        "code verifier": facts.pkce.code_verifier if facts.pkce else None,
        "client identifier": facts.client.client_id if facts.client else None,
    }
    for name, value in named.items():
        if value:
            yield Item(name, "Values", name, _constant(value))
    claims = read_token(tokens.access_token).claims if tokens else None
    for name, claim in list((claims or {}).items())[:MOST_CLAIMS]:
        text = claim if isinstance(claim, str) else json.dumps(claim, ensure_ascii=False)
        title = f"claim {name}"
        yield Item(title, "Claims of the access token", title, _constant(text), hint=text)


def _constant(text: str) -> Callable[[Secrets], str]:
    return lambda secrets: text


@frozen
class Chosen:
    item: Item
    secrets: Secrets
    how: How


class CopyList(LineList):
    BINDING_GROUP_TITLE = "Copy"


class CopyDialog(Dialog[Chosen | None]):
    """What, in which form, and where to."""

    BINDING_GROUP_TITLE = "Copy or save"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "accept('save')", "Save to file", id="copy.save", tooltip="Save it to a file"),
        Binding("p", "accept('look')", "Look", id="copy.look", tooltip="Look at the whole of it"),
        Binding(
            "v",
            "form",
            "Secrets",
            id="copy.secrets",
            tooltip="Secrets as $VARIABLES, as they are, or redacted",
        ),
    ]
    HINT = "enter copy · s save · p look · v secrets · ctrl+g or esc cancel"

    def __init__(self, found: tuple[Item, ...]) -> None:
        super().__init__("Copy or save")
        self._found = found

    def compose_body(self) -> ComposeResult:
        yield CopyList(self._rows(), empty="There is nothing yet.", id="copies")
        yield Choice("Secrets", FORMS, id="copy-form", tooltip="How secrets stand in a command")

    def on_mount(self) -> None:
        copies = self.query_one(CopyList)
        copies.focus()
        if self._found:
            copies.highlight(self._found[0].id)

    def _rows(self) -> Iterator[Row]:
        group = ""
        for item in self._found:
            if item.group != group:
                group = item.group
                yield Row(f"group {group}", ((group, ""),), kind="header")
            hint = f"  {item.hint}" if item.hint else ""
            yield Row(item.id, ((item.title, ""), (hint, "muted")), (_takes(item), "muted"))

    @on(LineList.Selected)
    def _selected(self) -> None:
        self.action_accept("copy")

    def action_form(self) -> None:
        self.query_one(Choice).action_step(1)

    def action_accept(self, how: How) -> None:
        row = self.query_one(CopyList).current
        item = next((one for one in self._found if row and one.id == row.id), None)
        if item:
            secrets: Secrets = self.query_one(Choice).value
            if secrets not in item.forms and item.forms:
                secrets = item.forms[0]
            self.dismiss(Chosen(item, secrets, how))


def _takes(item: Item) -> str:
    """What is true of a document whatever was chosen."""
    if item.group == "The whole walk":
        return "real values, or redacted" if item.forms else "without secrets"
    return ""


async def copy_or_save(app: App[None], walk: Walk, view: ExchangeView) -> None:
    """Ask what, and do it. Real values are asked about once more."""
    chosen = await app.push_screen_wait(CopyDialog(tuple(items(walk, view))))
    if chosen is None:
        return
    if chosen.item.forms and chosen.secrets == "values":
        question = "It will hold tokens, codes and secrets as they are. Go on?"
        if not await app.push_screen_wait(Confirm(question, title="With secrets", danger=True)):
            return
    await _do(app, chosen.item, chosen.secrets, chosen.how)


async def look_at_report(app: App[None], walk: Walk, view: ExchangeView) -> None:
    """Show the report as it would be handed on."""
    report = next(item for item in items(walk, view) if item.id == "report")
    await _do(app, report, "redacted", "look")


async def _do(app: App[None], item: Item, secrets: Secrets, how: How) -> None:
    try:
        text = await asyncio.to_thread(item.make, secrets)
    except (Unquotable, SecretLeak) as error:
        app.notify(visible(str(error)), title="Not possible", severity="warning", markup=False)
        return
    if how == "look":
        language = LANGUAGES.get(item.ending, "")
        holds = secrets == "values" and bool(item.forms)
        holds = holds or item.group in ("Values", "Claims of the access token")
        preview = PreviewScreen(item.title, text, language, secrets=holds)
        wish: Wish | None = await app.push_screen_wait(preview)
        how = wish or how
    if how == "copy":
        app.copy_to_clipboard(text)
    elif how == "save":
        name = item.id.replace(" ", "-")
        name = "".join(char for char in name if char.isalnum() or char in "-_")[:40] or "copy"
        suggestion = Path(f"authwalk-{name}.{item.ending}").absolute()
        where = await app.push_screen_wait(SaveDialog(suggestion, secrets=False))
        if where is not None:
            await _save(app, where, text)


async def _save(app: App[None], where: SaveChoice, text: str) -> None:
    data = text.encode("utf-8", "backslashreplace") + (b"" if text.endswith("\n") else b"\n")
    try:
        await asyncio.to_thread(write_private, where.path, data)
    except OSError as error:
        words = f"{where.path}: {error.strerror}"
        app.notify(visible(words), severity="error", markup=False)
        return
    app.notify(visible(f"saved {where.path}"), markup=False)
