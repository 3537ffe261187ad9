from __future__ import annotations

from textual.app import App, ComposeResult

from flows.moves import Remark
from flows.session import StepId
from flows.text import visible
from tests.hostile import HOSTILE
from tui.widgets.remarks_list import RemarksList

Remarks = tuple[tuple[StepId, Remark], ...]

AUD = Remark("error", "aud missing", "authorization-server", "RFC 9068 §2.2")
LONG = Remark(
    "warn",
    f"The document says its resource is https://mcp.example.com/{'long/' * 20}end and not the URL "
    "that was asked for, so that a client which keeps the standard must not use it.",
    "resource-server",
    "MCP 2026-07-28 Authorization, Token Handling",
)
PLAIN = Remark("info", "No Cache-Control.")


class Host(App[None]):
    def __init__(self, remarks: Remarks, width: int = 36) -> None:
        super().__init__()
        self.remarks, self.width = remarks, width
        self.chosen: list[StepId] = []

    def compose(self) -> ComposeResult:
        yield RemarksList()

    def on_mount(self) -> None:
        self.remarks_list.styles.width = self.width
        self.remarks_list.show(self.remarks)

    @property
    def remarks_list(self) -> RemarksList:
        return self.query_one(RemarksList)

    @property
    def lines(self) -> list[str]:
        drawn = (
            self.remarks_list.render_line(y).text.rstrip()
            for y in range(self.remarks_list.size.height)
        )
        return [line for line in drawn if line]

    def on_remarks_list_chosen(self, event: RemarksList.Chosen) -> None:
        self.chosen.append(event.step)


async def test_a_remark_says_what_where_who_and_by_which_rule() -> None:
    app = Host((("claims", AUD),), 60)
    async with app.run_test() as pilot:
        await pilot.pause()
        first, second = app.lines
        assert first[1:] == "✗ aud missing"
        assert second.strip() == "step 10 · authorization server · RFC 9068 §2.2"
        assert str(app.remarks_list.border_title) == "Findings 1"


async def test_long_words_take_three_lines_and_the_rule_is_readable() -> None:
    app = Host((("resource-metadata", LONG),))
    async with app.run_test() as pilot:
        await pilot.pause()
        *words, step, rule, rest = app.lines
        assert len(words) == 3
        assert words[-1].endswith("…")
        assert "https://" in " ".join(words)
        assert step.strip() == "step 2 · resource server"
        assert f"{rule.strip()} {rest.strip()}" == LONG.standard
        assert all(len(line) <= 36 for line in app.lines)


async def test_the_cursor_goes_from_remark_to_remark_and_enter_chooses_the_step() -> None:
    app = Host((("claims", AUD), ("resource-metadata", LONG), ("token", PLAIN)))
    async with app.run_test() as pilot:
        app.remarks_list.focus()
        await pilot.press("enter", "down", "enter", "down", "enter", "down", "enter", "up", "enter")
        assert app.chosen == ["claims", "resource-metadata", "token", "token", "resource-metadata"]


async def test_the_cursor_brings_the_whole_remark_into_view() -> None:
    app = Host((("claims", AUD), ("resource-metadata", LONG)))
    async with app.run_test(size=(40, 7)) as pilot:
        app.remarks_list.focus()
        await pilot.press("down")
        await pilot.pause()
        assert app.lines[-1].strip() == "Token Handling"
        await pilot.press("up")
        await pilot.pause()
        assert app.lines[0].endswith("✗ aud missing")


async def test_a_click_on_any_line_goes_to_its_remark() -> None:
    app = Host((("claims", AUD), ("resource-metadata", LONG)))
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.click(RemarksList, offset=(5, 5))
        app.remarks_list.focus()
        await pilot.press("enter")
        assert app.chosen == ["resource-metadata"]


async def test_the_cursor_stays_on_its_remark_when_others_come_before_it() -> None:
    app = Host((("token", PLAIN),))
    async with app.run_test() as pilot:
        app.remarks_list.focus()
        app.remarks_list.show((("claims", AUD), ("resource-metadata", LONG), ("token", PLAIN)))
        await pilot.press("enter")
        assert app.chosen == ["token"]
        app.remarks_list.show((("claims", AUD),))
        await pilot.press("enter")
        assert app.chosen == ["token", "claims"]


async def test_nothing_to_remark() -> None:
    app = Host(())
    async with app.run_test() as pilot:
        app.remarks_list.focus()
        await pilot.press("enter", "down")
        assert app.lines == [" nothing to remark"]
        assert str(app.remarks_list.border_title) == "Findings"
        assert app.chosen == []


async def test_hostile_words_are_shown_and_never_obeyed() -> None:
    app = Host(())
    async with app.run_test(size=(40, 20)) as pilot:
        for text in HOSTILE:
            app.remarks_list.show((("token", Remark("error", text, None, text)),))
            await pilot.pause()
            assert all(visible(line) == line for line in app.lines)
