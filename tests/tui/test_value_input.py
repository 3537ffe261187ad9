from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from flows.text import visible
from tests.hostile import HOSTILE
from tests.tui.painted import Host, painted, paste
from tui.widgets.text_editor import TextEditor
from tui.widgets.value_input import ValueInput


def text_of(widget: Widget) -> str:
    if isinstance(widget, ValueInput):
        return widget.text
    assert isinstance(widget, TextEditor)
    return widget.content_text


def put(widget: Widget, text: str) -> None:
    if isinstance(widget, ValueInput):
        widget.text = text
    elif isinstance(widget, TextEditor):
        widget.content_text = text


def assert_harmless(app: Host) -> None:
    seen = painted(app)
    assert visible(seen, lines=True) == seen


@pytest.mark.parametrize("start", ["", "a\\b"])
@pytest.mark.parametrize("kind", [ValueInput, TextEditor])
async def test_any_text_is_held_and_pasted_whole_and_shown_harmless(
    kind: type[ValueInput | TextEditor], start: str
) -> None:
    app = Host(lambda: kind())
    async with app.run_test() as pilot:
        widget = app.query_one(kind)
        for text in HOSTILE:
            put(widget, text)
            await pilot.pause()
            assert text_of(widget) == text
            assert widget.problem == ""
            assert_harmless(app)
            put(widget, start)
            await pilot.press("end")
            await paste(pilot, text)
            # Terminals send a line break of the clipboard as a carriage return.
            assert text_of(widget) == start + text.replace("\r\n", "\n").replace("\r", "\n")
            assert_harmless(app)


@asynccontextmanager
async def typing(text: str) -> AsyncIterator[tuple[ValueInput, Pilot[None]]]:
    app = Host(lambda: ValueInput(text))
    async with app.run_test() as pilot:
        await pilot.press("end")
        yield app.query_one(ValueInput), pilot


async def test_a_line_break_can_be_typed() -> None:
    async with typing("a") as (field, pilot):
        await pilot.press("shift+enter", "b")
        assert (field.text, field.value, field.escaped) == ("a\nb", "a\\nb", True)


async def test_what_is_typed_with_escapes_is_meant_so_and_a_wrong_one_has_words() -> None:
    async with typing("a\nb") as (field, pilot):
        await pilot.press(*"\\t\\\\")
        assert field.text == "a\nb\t\\"
        await pilot.press("\\")
        assert "is no escape" in field.problem


async def test_a_backslash_is_a_backslash_where_there_are_no_escapes() -> None:
    async with typing("") as (field, pilot):
        await pilot.press(*"a\\n")
        assert (field.text, field.problem) == ("a\\n", "")
        await paste(pilot, "\n")
        assert field.text == "a\\n\n"
        await paste(pilot, "\\")
        assert field.text == "a\\n\n\\"
