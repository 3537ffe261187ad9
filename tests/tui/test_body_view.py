"""What a person sees and does in a body view."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection
from textual.strip import Strip

from flows import collapse, slices
from flows.text import visible
from tests.hostile import HOSTILE
from tui.widgets import rows_view
from tui.widgets.body_view import BodyView
from tui.widgets.lines import LineView
from tui.widgets.list_view import LineList

JSON = json.dumps(
    {"issuer": "https://a.example", "scopes": ["openid", 1.0], "token": "x" * 100}, indent=None
).encode()


class Viewer(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "next", "The screen's own key")]
    CSS = "BodyView { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.copied: list[str] = []
        self.explained: list[str] = []
        self.nexts = 0

    def compose(self) -> ComposeResult:
        yield BodyView()

    def action_next(self) -> None:
        self.nexts += 1

    def on_body_view_copy(self, event: BodyView.Copy) -> None:
        self.copied.append(event.text)

    def on_line_view_explain(self, event: LineView.Explain) -> None:
        self.explained.append(event.text)

    @property
    def view(self) -> BodyView:
        return self.query_one(BodyView)

    def rows(self) -> list[str]:
        """What is on the screen, without the mark in front."""
        height = self.view.scrollable_size.height
        return [self.view.render_line(y).text[1:].rstrip() for y in range(height)]


@asynccontextmanager
async def viewer(
    body: bytes = JSON, content_type: str = "application/json", size: tuple[int, int] = (60, 20)
) -> AsyncIterator[tuple[Viewer, Pilot[None]]]:
    app = Viewer()
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        app.view.show(body, content_type)
        app.view.focus()
        await settle(app, pilot)
        yield app, pilot


async def settle(app: Viewer, pilot: Pilot[None]) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


async def test_json_is_laid_out_and_folded() -> None:
    async with viewer() as (app, _):
        rows = app.rows()
        assert rows[:5] == [
            "{",
            '  "issuer": "https://a.example",',
            '  "scopes": [',
            '    "openid",',
            "    1.0",
        ]
        # `"token": "` is behind two spaces; 59 cells are left of the scrollbar's and the mark's.
        assert rows[6].startswith('  "token": "xxx')
        assert app.view.render_line(7).text.startswith("↳xxx")
        assert cell_len(app.view.render_line(6).text) == app.view.scrollable_size.width
        assert app.view.showing == "json"


async def test_views_go_round() -> None:
    async with viewer() as (app, pilot):
        await pilot.press("v")
        assert app.view.kind == "raw"
        assert app.rows()[0].startswith('{"issuer"')
        await pilot.press("v")
        assert app.rows()[0].startswith("00000000  7b 22 69 73 73")
        await pilot.press("v")
        assert app.rows()[0] == "{"


async def test_a_view_that_was_chosen_stays_for_the_next_body() -> None:
    async with viewer() as (app, pilot):
        await pilot.press("v")
        app.view.show(b'{"a":1}', "application/json")
        assert app.rows()[0] == '{"a":1}'
        app.view.show_text("curl")
        assert app.rows()[0] == "curl"
        await pilot.press("v")  # there is no other view of it
        assert app.view.kind == "raw"


async def test_copy_gives_values() -> None:
    async with viewer() as (app, pilot):
        await pilot.press("down", "y", "down", "y", "end", "up", "up", "y")
        assert app.copied == ["https://a.example", '[\n  "openid",\n  1.0\n]', "x" * 100]


async def test_what_is_odd_stands_below() -> None:
    async with viewer(b'{"a":1,}') as (app, pilot):
        assert app.rows()[-1].startswith("no JSON at line 1, column 8")
        assert app.rows()[:3] == ["{", '  "a": 1,', "}"]
        app.view.show(b'{"a":1}', "application/json")
        await settle(app, pilot)
        assert app.rows()[-1] == ""


async def test_search() -> None:
    body = json.dumps([{"name": f"tool {n}"} for n in range(100)]).encode()
    async with viewer(body) as (app, pilot):
        await pilot.press("slash", *"TOOL 7")
        await settle(app, pilot)
        assert app.rows()[-1].startswith("/TOOL 7▏")
        assert app.rows()[-1].endswith("1 of 11")
        await pilot.press("enter", "n")
        assert app.rows()[-1].endswith("2 of 11")
        await pilot.press("y")
        assert app.copied == ["tool 70"]
        await pilot.press("N", "N", "y")
        assert app.rows()[-1].endswith("11 of 11")
        await pilot.press("n", "y")
        assert app.copied == ["tool 70", "tool 79", "tool 7"]
        await pilot.press("escape")
        assert app.rows()[-1] != ""
        assert "/TOOL" not in app.rows()[-1]


async def test_search_begins_at_the_cursor_and_goes_on_from_it() -> None:
    body = b"\n".join(b"hit" if n % 10 == 0 else b"-" for n in range(100))
    async with viewer(body, "text/plain") as (app, pilot):
        await pilot.press(*["down"] * 35, "slash", *"hit", "enter")
        await settle(app, pilot)
        assert app.view.cursor == 40
        await pilot.press("end", "N")
        assert app.view.cursor == 90
        await pilot.press("home", "down", "n")
        assert app.view.cursor == 10


async def test_search_in_hex_marks_bytes_and_characters() -> None:
    async with viewer(b"0123456789 needle", "image/x", (80, 10)) as (app, pilot):
        await pilot.press("slash", *"needle", "enter")
        await settle(app, pilot)
        marked = [
            segment.text
            for segment in app.view.render_line(0)
            if segment.style and segment.style.reverse
        ]
        assert marked == ["6e 65 65 64 6c", "needl"]


async def test_the_screen_keeps_its_keys_until_something_is_searched() -> None:
    async with viewer() as (app, pilot):
        await pilot.press("n")
        assert app.nexts == 1
        await pilot.press("slash", "n")
        assert app.nexts == 1
        await pilot.press("enter", "n")
        assert app.nexts == 1
        await pilot.press("ctrl+g", "n")
        assert app.nexts == 2


async def test_what_is_typed_at_once_is_the_search() -> None:
    async with viewer() as (app, pilot):
        for key, character in (("slash", "/"), ("n", "n"), ("v", "v")):
            app.post_message(Key(key, character))
        await settle(app, pilot)
        assert app.rows()[-1].startswith("/nv▏")
        assert (app.nexts, app.view.kind) == (0, "pretty")


async def test_the_key_of_the_search_can_be_another() -> None:
    async with viewer() as (app, pilot):
        app.set_keymap({"body.search": "f"})
        await pilot.press("slash", "f", "x")
        assert app.rows()[-1].startswith("/x▏")


async def test_typing_a_search() -> None:
    async with viewer() as (app, pilot):
        await pilot.press("slash", *"xyv", "backspace", "backspace")
        await settle(app, pilot)
        assert app.rows()[-1].startswith("/x▏")
        await pilot.press("ctrl+u", *"zzz")
        await settle(app, pilot)
        assert app.rows()[-1].endswith("no match")
        await pilot.press("ctrl+u")
        app.view.post_message(Paste("x\x1b[31m\r\nmore"))
        await settle(app, pilot)
        assert app.rows()[-1].startswith("/x\\x1b[31m▏")
        await pilot.press("ctrl+u", "enter")
        assert app.rows()[-1] == ""
        assert app.view.kind == "pretty"


async def test_without_folding_lines_go_on_to_the_right() -> None:
    async with viewer(b"x" * 100 + b"end\n" + "全".encode() * 50, "text/plain") as (app, pilot):
        await pilot.press("w")
        await settle(app, pilot)
        assert app.rows()[0] == "x" * (app.view.text_size.width - 1)
        await pilot.press(*["right"] * 20)
        assert app.rows()[0].endswith("xend")
        assert cell_len(app.view.render_line(1).text) == app.view.scrollable_size.width
        await pilot.press("slash", *"end", "enter", "home")
        await pilot.press("w")
        await settle(app, pilot)
        assert app.view.scroll_offset.x == 0


async def test_folding_keeps_the_place() -> None:
    body = b"\n".join(b"%d " % n * 40 for n in range(200))
    async with viewer(body, "text/plain") as (app, pilot):
        await pilot.press(*["pagedown"] * 5)
        line = app.rows()[app.view.cursor - app.view.scroll_offset.y].split()[0]
        await pilot.resize_terminal(40, 20)
        await settle(app, pilot)
        assert app.rows()[app.view.cursor - app.view.scroll_offset.y].split()[0] == line


async def test_a_stream_keeps_the_place_and_another_body_does_not() -> None:
    event = b'data: {"n": %d}\n\n'
    body = b"".join(event % n for n in range(50))
    async with viewer(body, "text/event-stream") as (app, pilot):
        await pilot.press("end")
        at = app.view.cursor
        app.view.show(body + event % 50, "text/event-stream")
        await settle(app, pilot)
        assert app.view.cursor == at
        assert app.view.row_count > at + 1
        app.view.show(b"other", "text/plain")
        assert app.view.cursor == 0


async def test_selected_text_is_that_of_the_lines() -> None:
    async with viewer(b"abc " * 30 + b"\n\x1bsecond\nthird", "text/plain") as (app, _):
        selection = Selection.from_offsets(Offset(56, 0), Offset(4, 3))
        selected = app.view.get_selection(selection)
        assert selected is not None
        assert selected[0] == ("abc " * 30)[56:] + "\n\\x1b"[:5]
        everything = app.view.get_selection(Selection(None, None))
        assert everything == ("abc " * 30 + "\n\\x1bsecond\nthird", "\n")


async def test_selecting_with_the_mouse() -> None:
    async with viewer("全角abc\nsecond".encode(), "text/plain") as (app, pilot):
        await pilot.mouse_down(BodyView, offset=(5, 0))  # behind the mark and two wide characters
        await pilot.hover(BodyView, offset=(3, 1))
        await pilot.mouse_up(BodyView, offset=(3, 1))
        assert app.screen.get_selected_text() == "abc\nsec"


async def test_clicking_moves_the_cursor() -> None:
    async with viewer() as (app, pilot):
        await pilot.click(BodyView, offset=(10, 3))
        assert app.view.cursor == 3
        assert app.view.render_line(3).text.startswith("▌")


async def test_the_cursor_goes_on_from_what_is_on_screen() -> None:
    async with viewer(b"\n".join(b"%d" % n for n in range(100)), "text/plain") as (app, pilot):
        app.view.scroll_to(y=50, animate=False)
        await pilot.press("down")
        assert (app.view.cursor, app.view.scroll_offset.y) == (51, 50)


async def test_the_first_frame_holds_the_first_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    draw_row = BodyView.draw_row

    def draw(view: BodyView, row: int, width: int) -> Strip:
        strip = draw_row(view, row, width)
        drawn.append(strip.text.strip())
        return strip

    app = Viewer()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(BodyView, "draw_row", draw)
        frame = asyncio.Event()
        app.view.show(JSON, "application/json")
        app.view.call_after_refresh(frame.set)
        await frame.wait()
        assert drawn[0] == "▌{"
        assert '"openid",' in drawn


async def test_a_large_body_is_shown_before_it_is_laid_out() -> None:
    body = json.dumps([{"id": n, "name": f"tool {n}"} for n in range(100_000)]).encode()
    app = Viewer()
    async with app.run_test(size=(60, 20)) as pilot:
        app.view.show(body, "application/json")
        assert app.rows()[:3] == ["[", "  {", '    "id": 0,']
        early = app.view.row_count
        await asyncio.sleep(0)
        app.view.focus()
        await pilot.press("down", "down")
        assert app.view.cursor == 2
        await settle(app, pilot)
        assert early < app.view.row_count == 400_002
        await pilot.press("end")
        assert app.rows()[-1] == "]"
        # Only what is on the screen was ever drawn.
        assert app.view.virtual_size.height == 400_002


async def test_shown_before_it_is_mounted() -> None:
    class Early(Viewer):
        def compose(self) -> ComposeResult:
            view = BodyView()
            view.show(JSON, "application/json", title="200 [OK]\x1b")
            yield view

    app = Early()
    async with app.run_test(size=(60, 20)):
        assert app.rows()[0] == "{"
        assert str(app.view.border_title) == "200 [OK]\\x1b"


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
async def test_themes(theme: str) -> None:
    async with viewer() as (app, pilot):
        app.theme = theme
        await pilot.press("slash", *"open")
        await settle(app, pilot)
        styles = {segment.style for y in range(5) for segment in app.view.render_line(y)}
        assert len(styles) > 4


async def test_the_cursor_is_seen_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with viewer() as (app, pilot):
        await pilot.press("down")
        marks = [app.view.render_line(y).text[0] for y in range(3)]
        assert marks == [" ", "▌", " "]


@pytest.mark.parametrize("view", [LineView, LineList, BodyView])
def test_every_key_has_an_id_and_says_what_it_does(view: type[LineView]) -> None:
    for binding in view.BINDINGS:
        assert isinstance(binding, Binding)
        assert binding.id
        assert binding.tooltip


async def test_nothing_hostile_reaches_the_screen() -> None:
    async with viewer() as (app, _):
        for hostile in HOSTILE:
            body = hostile.encode("utf-8", "surrogatepass")
            for sent, content_type in (
                (body, "text/plain"),
                (json.dumps([hostile], ensure_ascii=False).encode("utf-8", "surrogatepass"), ""),
                (b"a=" + body, "application/x-www-form-urlencoded"),
                (b"event: " + body + b"\ndata: " + body + b"\n\n", "text/event-stream"),
                (b"<p " + body, "text/html"),
                (b"{" + body, "application/json"),
            ):
                app.view.show(sent, content_type, title=hostile)
                await app.workers.wait_for_complete()
                for y in range(app.view.scrollable_size.height):
                    strip = app.view.render_line(y)
                    assert visible(strip.text) == strip.text
                    assert strip.cell_length == app.view.scrollable_size.width
                    assert not any(s.style and "@click" in s.style.meta for s in strip)


async def test_markup_is_text() -> None:
    async with viewer(b"[bold]b[/bold] [@click=app.next]x[/]", "text/plain") as (app, pilot):
        assert app.rows()[0] == "[bold]b[/bold] [@click=app.next]x[/]"
        await pilot.click(BodyView, offset=(33, 0))
        assert app.nexts == 0


NESTED = json.dumps({"a": {"b": [1, {"c": 2}]}, "list": [{"x": 1}, {"x": 2}], "end": 0}).encode()


async def test_an_object_is_collapsed_and_expanded_where_the_cursor_is() -> None:
    async with viewer(NESTED) as (app, pilot):
        await pilot.press("down", "minus")
        assert app.rows()[1].lstrip("▸") == '  "a": { … 1 member },'
        await pilot.press("down", "down", "down", "minus")
        assert app.rows()[3] == "    { … 1 member },"
        await pilot.press("minus")
        assert app.rows()[2] == '  "list": [ … 2 items ],'
        await pilot.press("minus")
        assert app.rows()[0] == "{ … 3 members }" and not app.rows()[1]
        await pilot.press("plus")
        assert app.rows()[1].endswith("{ … 1 member },")
        await pilot.press("asterisk")
        assert app.rows()[1] == '  "a": {'


async def test_all_members_are_collapsed_at_once_and_a_search_opens_them() -> None:
    async with viewer(NESTED) as (app, pilot):
        await pilot.press("underscore")
        assert [row for row in app.rows() if row] == [
            "{",
            '  "a": { … 1 member },',
            '  "list": [ … 2 items ],',
            '  "end": 0',
            "}",
        ]
        await pilot.press("slash", *'"c"', "enter")
        assert '"c": 2' in app.rows()[app.view.cursor]
        assert '  "list": [ … 2 items ],' in app.rows()


async def test_a_double_click_collapses_and_expands() -> None:
    async with viewer(NESTED) as (app, pilot):
        await pilot.double_click(BodyView, offset=(4, 1))
        assert app.rows()[1] == '  "a": { … 1 member },'
        await pilot.double_click(BodyView, offset=(4, 1))
        assert app.rows()[1] == '  "a": {'


async def test_where_a_value_stands_is_copied_as_a_json_pointer() -> None:
    async with viewer(NESTED) as (app, pilot):
        await pilot.press("down", "down", "down", "down", "down", "Y")
        assert app.copied == ["/a/b/1/c"]
        await pilot.press("underscore", "home", "down", "down", "y")
        assert json.loads(app.copied[-1]) == [{"x": 1}, {"x": 2}]


async def test_what_takes_a_while_is_said_and_can_be_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with viewer(NESTED) as (app, pilot):
        whole = app.rows()
        for module in (slices, collapse):
            monkeypatch.setattr(module, "WINDOW", 48)
        monkeypatch.setattr(rows_view, "SLICE", 0)  # one step at a time
        goes_on = asyncio.Event()
        monkeypatch.setattr(rows_view, "rest", goes_on.wait)
        for key, words in (
            ("Y", "looking where it stands"),
            ("y", "copying"),
            ("minus", "collapsing"),
            ("underscore", "collapsing"),
        ):
            app.view.cursor = {"Y": 5, "y": 2}.get(key, 0)
            await pilot.press(key)
            assert f"{words}… ctrl+g stops it" in app.rows()[-1]
            await pilot.press("ctrl+g")
            assert app.rows() == whole and app.copied == []
        app.view.cursor = 5
        await pilot.press("Y")
        app.view.cursor = 2
        await pilot.press("y")
        goes_on.set()
        await settle(app, pilot)
        assert [json.loads(text) for text in app.copied] == [[1, {"c": 2}]], "the last one counts"
        await pilot.press("Y")
        await settle(app, pilot)
        assert app.copied[-1] == "/a/b"
        await pilot.press("underscore")
        await settle(app, pilot)
        assert '  "list": [ … 2 items ],' in app.rows() and "ctrl+g" not in app.rows()[-1]


async def test_a_megabyte_for_a_name_is_explained_by_its_beginning() -> None:
    async with viewer(b"x" * 1_000_000, "text/plain") as (app, pilot):
        await pilot.press("i")
        assert len(app.explained) == 1
        assert "is in no standard" in app.explained[0] and len(app.explained[0]) < 200
