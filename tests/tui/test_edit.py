from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from flows.documents import FORM
from flows.draft_rules import Broken, broken_by
from flows.exchange import Request
from flows.session import Pairs, StepId
from flows.steps.pkce import s256
from flows.text import visible
from tests.flows.world import World
from tests.hostile import HOSTILE
from tests.tui.painted import Host, painted, paste, settled
from tui.screens.edit import DraftEditor, Edited
from tui.widgets.pair_rows import PairRow, PairRows
from tui.widgets.text_editor import TextEditor

TOKEN = Request(
    "POST",
    "https://as.example.com/token?tenant=a%20b",
    (("Content-Type", FORM), ("Accept", "application/json")),
    b"grant_type=authorization_code&code=Sx9&code_verifier=abc&resource=https%3A%2F%2Fm&scope=a+b",
)
JSON = Request(
    "POST", "https://as.example.com/register", (("Content-Type", "application/json"),), b'{"a": 1}'
)
VALUES: Pairs = (
    ("code_verifier", "v" * 43),
    ("code_challenge", s256("v" * 43)),
    ("code_challenge_method", "S256"),
    ("state", "xyz"),
)

WORLD = World()
WORLD.walk(until="callback")

Run = tuple[DraftEditor, Pilot[None], list[Edited | None]]


def _rules(step: StepId, own: Request | Pairs) -> Callable[[Edited], tuple[Broken, ...]]:
    return lambda edited: broken_by(step, own, edited, WORLD.facts)


@asynccontextmanager
async def editing(
    draft: Request | Pairs,
    size: tuple[int, int] = (80, 24),
    browser: bool = False,
    now: Edited | None = None,
) -> AsyncIterator[Run]:
    if isinstance(draft, Request):
        step: StepId = "authorize" if browser else "client" if draft is JSON else "token"
        rules = _rules(step, draft)
        editor = DraftEditor("Edit", request=draft, now=now, browser=browser, rules=rules)
    else:
        editor = DraftEditor("Edit", values=draft, now=now, rules=_rules("pkce", draft))
    app = Host()
    results: list[Edited | None] = []
    async with app.run_test(size=size) as pilot:
        await app.push_screen(editor, results.append)
        await settled(pilot)
        yield editor, pilot, results


def row(editor: DraftEditor, name: str) -> PairRow:
    return next(row for row in editor.query(PairRow) if row.pair[0] == name)


def word(row: PairRow) -> str:
    return str(row.query_one(".row--word", Static).content)


def said(editor: DraftEditor) -> str:
    shown = (editor.query_one(name, Static).content for name in ("#broken", "#preview", "#counts"))
    return " ".join(map(str, shown))


@pytest.mark.parametrize("draft", [TOKEN, JSON, VALUES, Request("GET", "https://h.example/?&a")])
async def test_accepting_without_a_change_gives_the_identical_object(
    draft: Request | Pairs,
) -> None:
    async with editing(draft) as (editor, pilot, results):
        assert "nothing changed" in said(editor)
        await pilot.press("ctrl+s")
        assert results[0] is draft


@pytest.mark.parametrize("key", ["escape", "ctrl+g"])
async def test_cancelling_gives_nothing(key: str) -> None:
    async with editing(TOKEN) as (_, pilot, results):
        await pilot.press("x", key)
        assert results == [None]


async def test_a_form_field_is_changed_marked_and_reset() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        await pilot.press("down", "end", *"!&", "tab")
        code = row(editor, "code")
        assert (code.change, word(code)) == ("changed", "changed")
        assert "1 change · 2 headers, body 97 B" in said(editor)
        await pilot.press("shift+tab", "ctrl+r")
        assert (code.change, word(code)) == ("same", "")
        await pilot.press("Z", "ctrl+s")
        (edited,) = results
        assert isinstance(edited, Request)
        assert edited.body == TOKEN.body.replace(b"Sx9", b"Z")
        assert (edited.url, edited.headers) == (TOKEN.url, TOKEN.headers)


async def test_rows_are_removed_visibly_and_brought_back() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        code = row(editor, "code")
        await pilot.press("down", "ctrl+d")
        assert (code.change, word(code), code.has_class("-removed")) == ("removed", "removed", True)
        assert "code" in painted(pilot.app)
        await pilot.press("ctrl+d")
        assert code.change == "same"
        await pilot.press("ctrl+d", "ctrl+s")
        assert isinstance(results[0], Request)
        assert b"code=Sx9" not in results[0].body


async def test_rows_are_added_where_the_focus_is_duplicates_and_all() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        await pilot.press("ctrl+n", *"scope", "tab", *"c d")
        added = [row for row in editor.query(PairRow) if row.change == "added"]
        assert [word(row) for row in added] == ["added"]
        await pilot.press("ctrl+s")
        assert isinstance(results[0], Request)
        assert results[0].body.startswith(b"grant_type=authorization_code&scope=c+d&code=Sx9")
        assert results[0].body.endswith(b"&scope=a+b")


async def test_a_new_row_that_stays_blank_stands_for_nothing_and_can_be_dropped() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        before = len(editor.query(PairRow))
        await pilot.press("ctrl+n", "ctrl+n")
        assert len(editor.query(PairRow)) == before + 2
        await pilot.press("ctrl+d")
        assert len(editor.query(PairRow)) == before + 1
        await pilot.press("ctrl+s")
        assert results[0] is TOKEN


async def test_an_empty_section_has_a_row_to_fill() -> None:
    async with editing(JSON) as (editor, pilot, results):
        editor.query_one("#query PairRow", PairRow).name_input.focus()  # type: ignore[union-attr]
        await pilot.pause()
        await pilot.press(*"a", "tab", *"1 2", "ctrl+s")
        assert isinstance(results[0], Request)
        assert results[0].url == "https://as.example.com/register?a=1%202"


async def test_method_url_and_headers_are_edited_too() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        editor.query_one("#method", PairRow).value_input.text = "PUT"
        row(editor, "URL").value_input.text = "https://other.example/t"
        row(editor, "Accept").value_input.text = "*/*"
        await pilot.press("ctrl+s")
        assert results == [
            Request(
                "PUT",
                "https://other.example/t?tenant=a%20b",
                (("Content-Type", FORM), ("Accept", "*/*")),
                TOKEN.body,
            )
        ]


async def test_a_json_body_says_whether_it_is_json_and_goes_out_either_way() -> None:
    async with editing(JSON) as (editor, pilot, results):
        title = editor.query_one("#body-title", Static)
        assert str(title.content) == "Body, JSON"
        body = editor.query_one(TextEditor)
        body.focus()
        await pilot.pause()
        await pilot.press("end", "backspace", "x")
        await settled(pilot)
        assert "~ changed" in str(title.content)
        assert "not JSON" in str(title.content)
        assert "can be sent all the same" in str(title.content)
        await pilot.press("ctrl+s")
        assert isinstance(results[0], Request)
        assert results[0].body == b'{"a": 1x'


async def test_a_body_is_reset() -> None:
    async with editing(JSON) as (editor, pilot, results):
        editor.query_one(TextEditor).focus()
        await pilot.pause()
        await pilot.press("x", "ctrl+r")
        await settled(pilot)
        await pilot.press("ctrl+s")
        assert results[0] is JSON


async def test_a_body_with_control_characters_is_edited_with_escapes() -> None:
    request = Request("POST", "https://h.example/", (), b'"\x1b[31m\r\n\\"')
    async with editing(request) as (editor, pilot, results):
        body = editor.query_one(TextEditor)
        assert body.text == '"\\x1b[31m\\r\n\\\\"'
        assert "with escapes" in str(editor.query_one("#body-title", Static).content)
        body.focus()
        await pilot.pause()
        await pilot.press("ctrl+home", "x", "ctrl+s")
        assert isinstance(results[0], Request)
        assert results[0].body == b'x"\x1b[31m\r\n\\"'


async def test_what_cannot_be_sent_is_refused_with_the_words_of_the_wire() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        row(editor, "Accept").value_input.focus()
        await pilot.pause()
        await paste(pilot, "a\r\nEvil: 1")
        assert "Accept holds a line break" in said(editor)
        await pilot.press("ctrl+s")
        assert results == []
        await pilot.press("ctrl+r", "ctrl+s")
        assert results[0] is TOKEN


async def test_a_line_break_in_a_form_field_is_kept_and_explained() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        await pilot.press("down")
        await paste(pilot, "a\nb")
        assert "\\n is a line break" in said(editor)
        await pilot.press("ctrl+s")
        assert isinstance(results[0], Request)
        assert b"code=a%0Ab&" in results[0].body


async def test_an_escape_that_is_none_is_not_accepted() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        await paste(pilot, "a\nb")
        await pilot.press(*"\\q")
        assert "is no escape" in said(editor)
        assert word(row(editor, "grant_type")) == "unclear"
        await pilot.press("ctrl+s")
        assert results == []


async def test_values_are_edited_and_a_broken_pkce_pair_is_pointed_out() -> None:
    async with editing(VALUES) as (editor, pilot, results):
        assert "S256" not in said(editor)
        await pilot.press("x")
        assert "code_challenge is not the S256 of code_verifier" in said(editor)
        await pilot.press("ctrl+s")
        assert results == [(("code_verifier", "x"), *VALUES[1:])]


async def test_of_a_request_of_the_browser_only_the_url_is_ours() -> None:
    request = Request("GET", "https://as.example.com/authorize?state=x&scope=a")
    async with editing(request, browser=True) as (editor, pilot, results):
        assert not editor.query("#method, #headers, #body")
        await pilot.press("y", "ctrl+s")
        assert results == [Request("GET", "https://as.example.com/authorize?state=y&scope=a")]


async def test_the_rule_that_an_edit_breaks_is_named_while_it_is_typed() -> None:
    async with editing(TOKEN) as (editor, pilot, _):
        assert not editor.query_one("#broken").display
        await pilot.press("x")
        assert editor.query_one("#broken").display is False, "another grant type is nobody's fault"
        await pilot.press("ctrl+d")
        assert "! grant_type is missing.  RFC 6749 §4.1.3" in said(editor)
        assert "grant_type is missing" in painted(editor.app)
        await pilot.press("ctrl+d")
        assert not editor.query_one("#broken").display


async def test_an_edit_is_gone_on_with_against_what_the_step_proposes() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        row(editor, "code").value_input.text = "other"
        row(editor, "scope").set_removed(True)
        await pilot.press("ctrl+n", *"x=1", "ctrl+s")
        edited = results[0]
        assert isinstance(edited, Request)
    async with editing(TOKEN, now=edited) as (editor, pilot, results):
        assert word(row(editor, "code")) == "changed" and word(row(editor, "scope")) == "removed"
        assert word(row(editor, "x=1")) == "added" and "3 changes" in said(editor)
        await pilot.press("ctrl+s")
        assert results == [edited]
    async with editing(TOKEN, now=edited) as (editor, pilot, results):
        row(editor, "code").reset()
        row(editor, "scope").reset()
        await editor.query_one("#form", PairRows).strike(row(editor, "x=1"))
        await pilot.press("ctrl+s")
        assert results[0] is TOKEN


async def test_an_edited_body_is_reset_to_what_the_step_proposes() -> None:
    now = replace(JSON, body=b'{"a": 2}')
    async with editing(JSON, now=now) as (editor, pilot, results):
        assert "1 change " in said(editor)
        text = editor.query_one(TextEditor)
        assert text.content_text == '{"a": 2}'
        text.focus()
        await pilot.press("ctrl+r", "ctrl+s")
        assert results[0] is JSON


async def test_edited_values_are_gone_on_with() -> None:
    now = (*VALUES[:3], ("state", "other"), ("nonce", "n"))
    async with editing(VALUES, now=now) as (editor, pilot, results):
        assert word(row(editor, "state")) == "changed" and word(row(editor, "nonce")) == "added"
        await pilot.press("ctrl+s")
        assert results == [now]


async def test_what_is_no_edit_of_the_proposal_stands_for_itself() -> None:
    pasted = Request("PUT", "https://other.example/?a=%2f", (), b'{"a": 1}')
    async with editing(TOKEN, now=pasted) as (editor, pilot, results):
        assert "nothing changed" in said(editor)
        await pilot.press("ctrl+s")
        assert results == [pasted]


async def test_enter_leads_to_the_value_below() -> None:
    async with editing(TOKEN) as (editor, pilot, _):
        row(editor, "grant_type").value_input.focus()
        await pilot.press("enter")
        assert editor.focused is row(editor, "code").value_input


async def test_of_several_broken_rules_that_of_the_field_under_the_cursor_is_named() -> None:
    async with editing(TOKEN) as (editor, pilot, _):
        for name in ("grant_type", "code"):
            row(editor, name).value_input.text = ""
        row(editor, "grant_type").value_input.focus()
        await settled(pilot)
        assert "! grant_type is missing." in said(editor)
        row(editor, "grant_type").reset()
        await pilot.press("ctrl+n", *"code")
        await settled(pilot)
        assert "1 of 2: code is missing." in said(editor)


async def test_of_what_cannot_be_sent_no_rule_is_named() -> None:
    async with editing(TOKEN) as (editor, pilot, _):
        await pilot.press("ctrl+d")
        assert editor.query_one("#broken").display
        row(editor, "Accept").value_input.focus()
        await pilot.pause()
        await paste(pilot, "a\r\nEvil: 1")
        assert editor.query_one("#broken").display is False
        await pilot.press("ctrl+r")
        assert editor.query_one("#broken").display


async def test_a_name_that_is_typed_is_completed() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        await pilot.press("ctrl+n", *"client_as")
        await settled(pilot)
        assert "client_assertion" in painted(editor.app)
        await pilot.press("right", "tab", *"x", "ctrl+s")
        request = results[0]
        assert isinstance(request, Request) and b"client_assertion=x" in request.body


async def test_everything_is_reached_by_key_and_accepted_from_the_button() -> None:
    async with editing(TOKEN) as (editor, pilot, results):
        focused = []
        for _ in range(40):
            focused.append(editor.focused)
            await pilot.press("tab")
        reached = set(focused)
        for widget in editor.query("ValueInput, Button"):
            assert widget in reached
        editor.query_one("#accept").focus()
        await pilot.pause()
        await pilot.press("enter")
        assert results[0] is TOKEN


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 44), (60, 16)])
async def test_the_buttons_are_on_screen_in_every_size(size: tuple[int, int]) -> None:
    many = tuple((f"X-{n}", "1") for n in range(50))
    async with editing(Request("POST", TOKEN.url, many, TOKEN.body), size) as (editor, pilot, _):
        seen = painted(pilot.app)
        assert "Use it" in seen
        assert "POST https://as.example.com/token" in seen
        button = editor.query_one("#accept")
        assert button.region.bottom <= size[1]


async def test_hostile_values_are_shown_harmless_and_come_back_exactly() -> None:
    values: Pairs = tuple((text, text) for text in HOSTILE)
    async with editing((*values, ("last", "x")), (100, 100)) as (editor, pilot, results):
        for text in HOSTILE:
            row(editor, "last").value_input.text = text
            await pilot.pause()
            seen = painted(pilot.app)
            assert visible(seen, lines=True) == seen
        await pilot.press("ctrl+s")
        assert results == [(*values, ("last", HOSTILE[-1]))]


async def test_a_hostile_request_is_shown_harmless() -> None:
    everything = "".join(text[:100] for text in HOSTILE)
    request = Request(
        everything,
        f"https://h.example/{everything}?{everything}",
        tuple((text, text) for text in HOSTILE),
        everything.encode("utf-8", "surrogatepass"),
    )
    for body in (request.body, everything.encode("utf-8", "replace")):
        async with editing(replace(request, body=body), (100, 150)) as (editor, pilot, results):
            seen = painted(pilot.app)
            assert visible(seen, lines=True) == seen
            await pilot.press("ctrl+s")
            assert results[0] is editor.request
