from __future__ import annotations

from dataclasses import replace

from textual.app import App, ComposeResult

from flows.checks import Finding
from flows.text import visible
from tests.hostile import HOSTILE
from tui.widgets.findings_list import FIRST, FindingsList

AUD = Finding(
    "JWT-07",
    "fail",
    "error",
    "claims",
    "authorization-server",
    "aud missing",
    fix="Set aud.",
    standard="RFC 9068 §2.2",
)
LONG = Finding(
    "PRM-04",
    "warn",
    "warn",
    "resource-metadata",
    "resource-server",
    f"The document says its resource is https://mcp.example.com/{'long/' * 20}end and not the URL "
    "that was asked for, so that a client which keeps the standard must not use it.",
    fix="Say the resource as it was asked for. " * 9,
    standard="MCP 2026-07-28 Authorization, Token Handling",
)
PLAIN = Finding("TOK-03", "info", "info", "token", None, "No Cache-Control.")


class Host(App[None]):
    def __init__(self, findings: tuple[Finding, ...], width: int = 36) -> None:
        super().__init__()
        self.findings, self.width = findings, width
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        yield FindingsList()

    def on_mount(self) -> None:
        self.findings_list.styles.width = self.width
        self.findings_list.show(self.findings)

    @property
    def findings_list(self) -> FindingsList:
        return self.query_one(FindingsList)

    @property
    def lines(self) -> list[str]:
        drawn = (
            self.findings_list.render_line(y).text.rstrip()
            for y in range(self.findings_list.size.height)
        )
        return [line for line in drawn if line]

    def on_findings_list_chosen(self, event: FindingsList.Chosen) -> None:
        self.chosen.append(event.finding.check)


async def test_a_finding_says_what_where_who_by_which_rule_and_what_to_change() -> None:
    app = Host((AUD,), 60)
    async with app.run_test() as pilot:
        await pilot.pause()
        first, second, third = app.lines
        assert first[1:] == "✗ aud missing"
        assert second.strip() == "step 10 · the authorization server · RFC 9068 §2.2"
        assert third.strip() == "→ Set aud."


async def test_long_words_take_three_lines_and_the_rule_is_readable() -> None:
    app = Host((LONG,))
    async with app.run_test() as pilot:
        await pilot.pause()
        *words, step, rule, rest, fix, _, cut = app.lines
        assert len(words) == 3
        assert words[-1].endswith("…")
        assert "https://" in " ".join(words)
        assert fix.strip().startswith("→ Say the resource") and cut.endswith("…")
        assert step.strip() == "step 2 · the MCP server"
        assert f"{rule.strip()} {rest.strip()}" == LONG.standard
        assert all(len(line) <= 36 for line in app.lines)


async def test_the_cursor_goes_from_finding_to_finding_and_enter_chooses_it() -> None:
    app = Host((AUD, LONG, PLAIN))
    async with app.run_test() as pilot:
        app.findings_list.focus()
        await pilot.press("enter", "down", "enter", "down", "enter", "down", "enter", "up", "enter")
        assert app.chosen == ["JWT-07", "PRM-04", "TOK-03", "TOK-03", "PRM-04"]


async def test_the_cursor_brings_the_whole_finding_into_view() -> None:
    app = Host((AUD, LONG))
    async with app.run_test(size=(40, 10)) as pilot:
        app.findings_list.focus()
        await pilot.press("down")
        await pilot.pause()
        assert app.lines[-1].endswith("…")
        await pilot.press("up")
        await pilot.pause()
        assert app.lines[0].endswith("✗ aud missing")


async def test_a_click_on_any_line_goes_to_its_finding() -> None:
    app = Host((AUD, LONG))
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.click(FindingsList, offset=(5, 5))
        app.findings_list.focus()
        await pilot.press("enter")
        assert app.chosen == ["PRM-04"]


async def test_the_cursor_stays_on_its_finding_when_others_come_before_it() -> None:
    app = Host((PLAIN,))
    async with app.run_test() as pilot:
        app.findings_list.focus()
        app.findings_list.show((AUD, LONG, PLAIN))
        await pilot.press("enter")
        assert app.chosen == ["TOK-03"]
        app.findings_list.show((AUD,))
        await pilot.press("enter")
        assert app.chosen == ["TOK-03", "JWT-07"]


MANY = tuple(replace(AUD, says=f"the {number}th thing is wrong") for number in range(3 * FIRST))


async def test_of_many_findings_the_first_are_there_at_once() -> None:
    app = Host(())
    async with app.run_test() as pilot:
        found = app.findings_list
        found.focus()
        found.show(MANY[1:])
        assert "the 1th thing is wrong" in " ".join(app.lines[0].split())
        rows = found.row_count
        found.action_last()
        await app.workers.wait_for_complete()
        assert found.row_count > 2 * rows
        assert found.current and found.current.id == "178", "the last of all, once it is there"
        found.show(MANY)
        assert found.row_count == rows
        await app.workers.wait_for_complete()
        assert found.current.id == "179", "it stays on its finding"
        found.show(MANY[1:])
        await pilot.press("home", "down")
        await app.workers.wait_for_complete()
        assert found.current.id == "1", "whoever moved the cursor meanwhile has the last word"
        found.action_last()
        found.styles.width = 30
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert found.current.id == "178" and "179th" in "\n".join(app.lines)


async def test_nothing_found() -> None:
    app = Host(())
    async with app.run_test() as pilot:
        app.findings_list.focus()
        await pilot.press("enter", "down")
        assert app.lines == [" nothing found"]
        assert app.chosen == []


async def test_hostile_words_are_shown_and_never_obeyed() -> None:
    app = Host(())
    async with app.run_test(size=(40, 20)) as pilot:
        for text in HOSTILE:
            app.findings_list.show((replace(AUD, says=text, standard=text),))
            await pilot.pause()
            assert all(visible(line) == line for line in app.lines)
