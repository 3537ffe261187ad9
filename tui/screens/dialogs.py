"""Questions in front of a screen. Each is dismissed with its answer, or None when cancelled.

Confirm        yes or no
PromptDialog   one value
NoteDialog     some lines of text
SaveDialog     where to save, and whether secrets go with it
ListDialog     one of some rows
TextDialog     a text to read, copy or save
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup, VerticalGroup, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from flows.frozen import frozen
from flows.text import visible
from tui.widgets.choice import Choice
from tui.widgets.line_input import LineInput
from tui.widgets.list_view import LineList, Row
from tui.widgets.text_editor import TextEditor

Answer = TypeVar("Answer")

TITLE_LIMIT = 100
BUTTON_LIMIT = 24
PLACEHOLDER_LIMIT = 40
TEXT_LIMIT = 50_000


def plain(text: str, *, limit: int | None = TEXT_LIMIT) -> Content:
    """Text of any origin for a widget: made visible, never markup."""
    return Content(visible(text, lines=True, limit=limit))


def short(text: str, limit: int) -> str:
    """One line of at most about `limit` characters, counted as they are shown."""
    return visible(visible(text), limit=limit)


class Dialog(ModalScreen[Answer]):
    """A titled box in the middle of the screen. Escape costs 0.1 s in a terminal, so ctrl+g
    cancels too."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "dialogs.tcss"
    BINDING_GROUP_TITLE = "Dialog"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+g,escape",
            "cancel",
            "Cancel",
            id="dialog.cancel",
            tooltip="Close without doing anything",
        ),
    ]
    HINT = "ctrl+g or esc to cancel"

    def __init__(self, title: str) -> None:
        super().__init__()
        self._words = title

    def compose(self) -> ComposeResult:
        with VerticalGroup(classes="dialog") as box:
            box.border_title = Content(short(self._words, TITLE_LIMIT))
            box.border_subtitle = Content(self.HINT)
            yield from self.compose_body()

    def compose_body(self) -> ComposeResult:
        """What stands in the box."""
        yield from ()

    def action_cancel(self) -> None:
        self.dismiss(None)


def buttons(accept: str, decline: str = "Cancel", *, danger: bool = False) -> HorizontalGroup:
    """The two buttons below a question."""
    return HorizontalGroup(
        Button(
            Content(short(accept, BUTTON_LIMIT)),
            id="accept",
            variant="error" if danger else "primary",
            compact=True,
        ),
        Button(Content(short(decline, BUTTON_LIMIT)), id="decline", compact=True),
        classes="buttons",
    )


class Confirm(Dialog[bool]):
    """A question with two answers; False when cancelled. With `danger` the focus is on "no"."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes", tooltip="Answer yes"),
        Binding("n", "answer(False)", "No", id="confirm.no", tooltip="Answer no"),
        Binding("left,right,up,down", "app.focus_next", "Other answer", show=False),
    ]
    HINT = "y or n · ctrl+g or esc to cancel"

    def __init__(
        self,
        question: str,
        *,
        title: str = "Sure?",
        yes: str = "Yes",
        no: str = "No",
        danger: bool = False,
    ) -> None:
        super().__init__(title)
        self.question, self.yes, self.no, self.danger = question, yes, no, danger

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False, classes="dialog-text"):
            yield Static(plain(self.question))
        yield buttons(self.yes, self.no, danger=self.danger)

    def on_mount(self) -> None:
        self.query_one("#decline" if self.danger else "#accept").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "accept")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def action_cancel(self) -> None:
        self.dismiss(False)


class PromptDialog(Dialog[str | None]):
    """One value. `objection` says in words what is wrong with one, or "" when it will do."""

    HINT = "enter to accept · ctrl+g or esc to cancel"

    def __init__(
        self,
        title: str,
        label: str,
        *,
        value: str = "",
        placeholder: str = "",
        secret: bool = False,
        accept: str = "OK",
        objection: Callable[[str], str] = lambda value: "",
    ) -> None:
        super().__init__(title)
        self._label, self._value, self._placeholder = label, value, placeholder
        self._secret, self._accept, self._objection = secret, accept, objection

    def compose_body(self) -> ComposeResult:
        yield Label(plain(self._label))
        yield LineInput(
            self._value,
            placeholder=short(self._placeholder, PLACEHOLDER_LIMIT),
            password=self._secret,
            id="value",
        )
        yield Label("", id="objection", markup=False)
        yield buttons(self._accept)

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#objection", Label).update(Content(""))

    @on(Input.Submitted)
    @on(Button.Pressed, "#accept")
    def _submitted(self) -> None:
        value = self.query_one("#value", LineInput).value
        objection = self._objection(value)
        if objection:
            self.query_one("#objection", Label).update(plain(objection))
            self.query_one("#value").focus()
        else:
            self.dismiss(value)

    @on(Button.Pressed, "#decline")
    def _declined(self) -> None:
        self.dismiss(None)


class NoteDialog(Dialog[str | None]):
    """Some lines that a person writes down about a step."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "accept", "Keep", id="note.keep", tooltip="Keep the note"),
    ]
    HINT = "ctrl+s to keep · ctrl+g or esc to cancel"

    def __init__(self, about: str, text: str) -> None:
        super().__init__(f"Note on {about}")
        self._text = text

    def compose_body(self) -> ComposeResult:
        yield TextEditor(self._text, id="text", placeholder="What is worth remembering here")
        yield buttons("Keep")

    def on_mount(self) -> None:
        editor = self.query_one(TextEditor)
        editor.focus()
        editor.move_cursor(editor.document.end)

    @on(Button.Pressed, "#accept")
    def action_accept(self) -> None:
        self.dismiss(self.query_one(TextEditor).content_text.strip())

    @on(Button.Pressed, "#decline")
    def _declined(self) -> None:
        self.dismiss(None)


@frozen
class SaveChoice:
    path: Path
    with_secrets: bool = False


def path_words(path: Path) -> tuple[str, str]:
    """Why a file cannot be saved at `path`, and what the person should know if it can."""
    try:
        if path == Path() or path.is_dir():
            return "The file needs a name.", ""
        if path.exists():
            return "", "This file exists and will be replaced."
        missing = [folder for folder in path.parents if not folder.exists()]
        base = path.parents[len(missing)] if missing else path.parent
        if not base.is_dir():
            return f"{base} is not a folder.", ""
        return "", f"The folder {missing[0]} will be made." if missing else ""
    except OSError as error:
        return f"{error.strerror or error}.", ""


class SaveDialog(Dialog[SaveChoice | None]):
    """Where to save. Secrets stay out unless the person says otherwise; `secrets=False` does not
    ask, for what holds none."""

    HINT = "enter to save · ctrl+g or esc to cancel"

    def __init__(self, suggestion: Path, *, title: str = "Save", secrets: bool = True) -> None:
        super().__init__(title)
        self._suggestion, self._secrets = suggestion, secrets

    def compose_body(self) -> ComposeResult:
        yield Label("File")
        yield LineInput(str(self._suggestion), id="path")
        yield Label("", id="objection", markup=False)
        if self._secrets:
            yield Choice(
                "Tokens, codes and client secrets",
                ((False, "left out"), (True, "written as they are")),
                id="secrets",
                tooltip="Left out: a short hash and the length stand in their place",
            )
            yield Label("", id="warning", markup=False)
        yield buttons("Save")

    def on_mount(self) -> None:
        field = self.query_one("#path", LineInput)
        field.cursor_position = len(field.value)
        self._judge()

    @property
    def _path(self) -> Path:
        return Path(os.path.expanduser(self.query_one("#path", LineInput).value.strip()))

    @property
    def _with_secrets(self) -> bool:
        return self._secrets and bool(self.query_one("#secrets", Choice).value)

    @on(Input.Changed)
    @on(Choice.Changed)
    def _judge(self) -> str:
        """Say what is wrong with the path; a file that is there is only a warning."""
        problem, remark = path_words(self._path)
        label = self.query_one("#objection", Label)
        label.set_class(bool(problem), "-error")
        label.update(plain(problem or remark))
        if self._secrets:
            warning = "! Whoever reads this file can act as you. Do not attach it to an issue."
            self.query_one("#warning", Label).update(Content(warning if self._with_secrets else ""))
        return problem

    @on(Input.Submitted)
    @on(Button.Pressed, "#accept")
    def _submitted(self) -> None:
        if self._judge():
            self.query_one("#path").focus()
        else:
            self.dismiss(SaveChoice(self._path, self._with_secrets))

    @on(Button.Pressed, "#decline")
    def _declined(self) -> None:
        self.dismiss(None)


class ListDialog(Dialog[str | None]):
    """One of some rows. Dismissed with its id."""

    HINT = "enter to choose · ctrl+g or esc to cancel"

    def __init__(self, title: str, rows: Iterable[Row], *, current: str = "") -> None:
        super().__init__(title)
        self._rows, self._current = tuple(rows), current

    def compose_body(self) -> ComposeResult:
        yield LineList(self._rows, id="rows")

    def on_mount(self) -> None:
        found = self.query_one(LineList)
        found.highlight(self._current)
        found.focus()

    @on(LineList.Selected)
    def _selected(self, event: LineList.Selected) -> None:
        event.stop()
        self.dismiss(event.row.id)


class TextDialog(Dialog[None]):
    """A text to read. Copying and saving take all of it, and what a terminal would obey in it
    stays visible there too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", id="text.copy", tooltip="Copy the whole text"),
        Binding("s", "save", "Save", id="text.save", tooltip="Save the whole text to a file"),
        Binding("enter", "cancel", "Close", show=False, id="text.close", tooltip="Close the text"),
    ]
    HINT = "c copy · s save to file · ctrl+g or esc to close"

    def __init__(self, title: str, text: str, *, lead: str = "", file_name: str = "") -> None:
        super().__init__(title)
        self.text = visible(text, lines=True)
        self._lead, self._file_name = lead, file_name or "authwalk.txt"

    def compose_body(self) -> ComposeResult:
        if self._lead:
            yield Label(plain(self._lead), id="lead")
        with VerticalScroll(classes="dialog-text framed"):
            yield Static(plain(self.text))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.text)

    def action_save(self) -> None:
        self.app.deliver_text(io.StringIO(self.text), save_filename=self._file_name)
