"""The walk screen on the real lab: every key, in three width classes."""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from textual.widgets import Input, Select

from flows.exchange import Request, header
from flows.moves import Act, Ask, Blocked, Done, Listen, Make, Send
from flows.session import (
    Answered,
    Event,
    Exchanged,
    Made,
    Overrode,
    Received,
    StepId,
    Target,
    value,
)
from flows.steps import STEP
from flows.store import load
from flows.walk import new_session
from flows.wire import Wire, WireOptions
from tests.tui.walking import LOW, MEDIUM, SIZES, WIDE, Walking, on_lab, panes, screen_text, shown
from tui.app import AuthwalkApp
from tui.record import StepRow, rows
from tui.screens.dialogs import Confirm, SaveDialog, TextDialog
from tui.screens.edit import DraftEditor
from tui.widgets.findings_list import FindingsList
from tui.widgets.pair_rows import PairRow
from tui.widgets.token_pane import TokenPane
from tui.widgets.tool_form import ToolForm

STEPS: tuple[StepId, ...] = ("server-metadata", "callback", "token", "call")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def row(walking: Walking, step: StepId) -> StepRow:
    return next(row for row in rows(walking.walk) if row.step.id == step)


def asks(walking: Walking) -> Ask | None:
    """What a person is asked; a call, so that a type checker does not remember the last."""
    move = walking.walk.current
    return move if isinstance(move, Ask) else None


def blocked(walking: Walking) -> Blocked | None:
    move = walking.walk.current
    return move if isinstance(move, Blocked) else None


def answered(event: Event) -> Mapping[str, str]:
    assert isinstance(event, Answered)
    return dict(event.values)


async def redirected(walking: Walking) -> str:
    """Where the authorization server sends a browser, followed by hand."""
    wire = Wire()
    exchange = await wire.send(Request("GET", walking.walk.facts.authorization_url or ""))
    await wire.close()
    assert exchange.response
    location = header(exchange.response.headers, "location")
    assert location
    return location


def with_query(url: str, **changes: str | None) -> str:
    """A URL with other parameters; None takes one away."""
    parts = urlsplit(url)
    pairs = dict(parse_qsl(parts.query)) | changes
    query = urlencode({name: text for name, text in pairs.items() if text is not None})
    return parts._replace(query=query).geturl()


# From the first press to the last


async def test_every_press_of_enter_shows_the_next_move_or_makes_it() -> None:
    async with on_lab() as w:
        shown_before_made = 0
        while not (w.walk.current and w.walk.current.step == "call"):
            move, events = w.walk.current, len(w.events)
            assert isinstance(move, Act)
            item = w.stage.shown
            if isinstance(move, Ask):
                await w.press("A")
                assert answered(w.last)["via"] == "approved"
            elif item is not None and item.move is move:
                assert w.hint.startswith("enter ")
                if isinstance(move, Send):
                    assert f"{move.request.method} {move.request.url}"[:60] in w.hint
                await w.press("enter")
                assert len(w.events) > events, "enter makes the move that is on show"
                assert w.last.step == move.step == w.stage.step, "and shows what came of it"
            else:
                await w.press("enter")
                assert len(w.events) == events, "a move is shown before it is made"
                assert w.stage.step == move.step
                shown_before_made += 1
        assert shown_before_made > 5
        reached = {row.step.id: row.state for row in rows(w.walk)}
        assert reached.pop("refresh") == "optional" and reached.pop("call") == "waiting"
        assert set(reached.values()) == {"ok"}


async def test_the_move_on_show_is_what_is_sent() -> None:
    async with on_lab() as w:
        await w.to("client")
        await w.press("enter")
        assert isinstance(w.last, Made), "the listener is bound first"
        await w.press("enter")
        move = w.walk.current
        assert isinstance(move, Send)
        assert b"redirect_uris" in move.request.body and '"redirect_uris"' in w.text
        await w.press("enter")
        assert w.exchange.request.body == move.request.body
        assert w.exchange.request.url == move.request.url


async def test_the_code_is_judged_and_held_before_it_leaves() -> None:
    async with on_lab() as w:
        await w.to("callback")
        await w.press("A")
        assert "state matches" in w.words and "iss is the issuer" in w.words
        code = w.walk.facts.response
        assert code and (code.get("code") or "?") in w.words.replace("↳", "").replace(" ", "")
        sent = [event.exchange.request.url for event in w.walk.session.exchanges]
        assert not any(url.endswith("/token") for url in sent)
        await w.press("enter")
        assert w.stage.step == "token" and "not sent yet" in w.text
        assert "enter sends POST" in w.hint and "with a code" in w.hint and "old" in w.hint
        await w.press("enter")
        assert row(w, "token").word == "200"


async def test_run_on_stops_for_the_person_and_before_the_exchange() -> None:
    async with on_lab() as w:
        await w.press("a")
        await w.until(lambda: w.stage.step == "callback")
        assert asks(w) and "A approves" in w.hint
        await w.press("A")
        await w.press("a")
        await w.until(lambda: w.walk.current and w.walk.current.step == "call")
        await w.settle()
        assert w.stage.step == "call" and w.screen.query_one(ToolForm).is_on_screen
        assert "Run on" not in w.keys


@pytest.mark.parametrize("size", SIZES)
async def test_one_enter_too_many_at_the_response_makes_no_key_a_letter(
    size: tuple[int, int],
) -> None:
    async with on_lab(size=size) as w:
        await w.to("authorize")
        await w.press("enter", "enter", "enter", "enter")
        assert w.stage.step == "callback" and "A approves" in w.hint
        assert "Next" not in w.keys and "Approve" in w.keys
        await w.press("A")
        assert answered(w.last)["via"] == "approved"


async def test_the_key_bar_offers_only_what_applies() -> None:
    async with on_lab() as w:
        assert "Next" in w.keys and "Edit" in w.keys
        absent = ("Approve", "Open", "Paste", "Cancel", "Go on anyway", "Rerun")
        assert not any(words in w.keys for words in absent)
        await w.press("x", "A", "o", "exclamation_mark", "r")
        assert w.events == () and len(w.app.screen_stack) == 1
        await w.to("callback")
        assert all(words in w.keys for words in ("Approve", "Open", "Paste"))
        assert "Run on" not in w.keys and "Edit" not in w.keys
        await w.press("p")
        assert "Approve" not in w.keys, "in a field letters are letters"
        assert "esc leaves the field" in w.hint


@pytest.mark.parametrize("size", SIZES)
async def test_the_last_key_shown_is_help(size: tuple[int, int]) -> None:
    async with on_lab(size=size) as w:
        for step in ("server-metadata", "callback", "connect"):
            await w.to(step)
            for keys in ("m", "l"):
                await w.press(keys)
                assert "Help" in w.keys and len(w.keys) <= size[0]
                await w.press("escape")


# Attempts


async def test_attempts_are_kept_and_turned() -> None:
    async with on_lab() as w:
        await w.press("enter")
        first = w.exchange.id
        await w.press("r")
        assert "attempt 2 of 2" in w.text and "not sent yet" in w.text
        await w.press("enter")
        second = w.exchange.id
        assert "attempt 2 of 2" in w.text and " ×2" in w.text

        def on_show() -> str:
            item = w.stage.shown
            assert item and isinstance(item.event, Exchanged)
            return item.event.exchange.id

        assert on_show() == second != first
        await w.press("left_square_bracket")
        assert on_show() == first and "attempt 1 of 2" in w.text
        await w.press("left_square_bracket")
        assert on_show() == first
        await w.press("right_square_bracket")
        assert on_show() == second


async def test_stepping_back_opens_the_last_step_anew() -> None:
    async with on_lab() as w:
        await w.to("keys")
        await w.press("b")
        assert w.stage.step == "server-metadata" and isinstance(w.walk.current, Send)
        assert "not sent yet" in w.text
        count = len(w.events)
        await w.to("client")
        assert len(w.events) > count and row(w, "server-metadata").attempt == 2
        assert row(w, "challenge").attempt == 1


async def test_stepping_back_with_nothing_done_says_so() -> None:
    async with on_lab() as w:
        await w.press("b")
        assert w.events == () and "no step to take back" in w.words


# Editing


async def edit(w: Walking, name: str, text: str) -> None:
    """Open the editor, give the row called `name` another value, and use it."""
    await w.pilot.press("e")
    await w.until(lambda: isinstance(w.app.screen, DraftEditor))
    found = (r for r in w.app.screen.query(PairRow) if r.pair[0] == name)
    field = next(found).value_input
    field.text = text
    await w.pilot.pause()
    await w.pilot.press("ctrl+s")
    await w.until(lambda: not isinstance(w.app.screen, DraftEditor))
    await w.settle()


async def test_an_edited_request_is_marked_sent_and_kept_beside_the_draft() -> None:
    async with on_lab() as w:
        await w.to("token")
        move = w.walk.current
        assert isinstance(move, Send)
        await edit(w, "code_verifier", "another-one" * 4)
        assert "edited, not sent yet" in w.text and "another-one" in w.text
        await w.press("enter")
        event = w.last
        assert isinstance(event, Exchanged) and event.draft == move.request
        assert b"code_verifier=another-one" in event.exchange.request.body
        assert blocked(w) and "invalid_grant" in w.words
        assert " edited " in w.text, "the list of what was sent keeps the mark"


async def test_an_edited_url_is_the_one_the_hint_names() -> None:
    async with on_lab() as w:
        await edit(w, "URL", f"{w.lab.issuer}/elsewhere" if w.lab else "")
        assert w.hint.endswith("/elsewhere")
        await w.press("enter")
        assert w.exchange.request.url.endswith("/elsewhere")


async def test_edits_are_edited_further_and_can_be_taken_back() -> None:
    async with on_lab() as w:
        await w.to("pkce")
        move = w.walk.current
        assert isinstance(move, Make)
        await edit(w, "state", "mine")
        await edit(w, "code_challenge_method", "plain")
        assert "state mine" in w.words.replace("│", "") and "plain" in w.text
        await edit(w, "code_challenge_method", "S256")
        await edit(w, "state", value(move.values, "state") or "")
        assert "edited" not in w.text
        await edit(w, "state", "mine")
        await w.press("enter")
        assert isinstance(w.last, Made) and value(w.last.values, "state") == "mine"
        assert w.last.draft == move.values
        await w.press("enter")
        assert "state mine" in w.words


async def test_of_a_request_the_browser_makes_only_the_url_can_be_edited() -> None:
    async with on_lab() as w:
        await w.to("authorize")
        await w.pilot.press("e")
        await w.until(lambda: isinstance(w.app.screen, DraftEditor))
        assert "Header fields" not in screen_text(w.app) and "scope" in screen_text(w.app)
        await w.press("escape")
        await edit(w, "scope", "mcp:tools")
        await w.press("enter")
        url = w.walk.facts.authorization_url or ""
        assert dict(parse_qsl(urlsplit(url).query))["scope"] == "mcp:tools"


# Going on, cancelling


async def test_going_on_where_the_standard_says_stop() -> None:
    async with on_lab("issuer-trailing-slash") as w:
        await w.stop()
        await w.press("enter")
        assert "at fault the MCP server" in w.words and "RFC 9728 §2" in w.words
        assert "trailing slash" in w.words and "! goes on all the same" in w.hint
        assert "Go on anyway" in w.keys and "Next" not in w.keys and "Curl" not in w.keys
        await w.press("exclamation_mark")
        assert isinstance(w.last, Overrode) and w.last.step == "server-metadata"
        assert blocked(w) is None
        await w.to("client")


async def test_going_on_with_the_wrong_state() -> None:
    async with on_lab("wrong-state") as w:
        await w.to("callback")
        await w.press("A")
        stop = blocked(w)
        assert stop and stop.can_override and "state is not the one sent" in w.words
        await w.press("enter", "exclamation_mark")
        await w.to("token")
        await w.press("enter")
        assert row(w, "token").word == "200"


async def test_a_stop_is_told_in_the_step_list_whole_enough_to_be_found() -> None:
    for size in SIZES:
        async with on_lab("issuer-trailing-slash", size=size) as w:
            await w.stop()
            await w.press("l")
            assert any("3 ✗ Server" in line for line in w.lines)


async def test_cancelling_what_is_being_sent() -> None:
    async with on_lab("slow-token") as w:
        await w.to("token")
        await w.pilot.press("enter")
        await w.until(lambda: "Cancel" in w.keys)
        assert "x cancels" in w.hint
        await w.pilot.press("enter", "r", "b", "a")
        await w.press("x")
        assert isinstance(w.last, Exchanged) and w.last.exchange.error
        assert w.last.exchange.error.kind == "cancelled"
        assert "cancelled" in w.words and "Cancel" not in w.keys
        assert w.lab
        w.lab.set_faults(())
        await w.press("r", "enter", "enter")
        assert [event for event in w.events if isinstance(event, Exchanged)]


# Answers of the person


async def test_a_pasted_redirect_goes_where_it_is_awaited() -> None:
    async with on_lab() as w:
        await w.to("callback")
        url = await redirected(w)
        await w.paste(f"\n  '{url[:60]}\n{url[60:]}' \n")
        assert w.screen.query_one("#response-pasted", Input).has_focus
        assert "state matches" in w.words and "enter goes on with it" in w.words
        count = len(w.events)
        await w.press("enter")
        assert len(w.events) == count + 1 and answered(w.last)["via"] == "pasted"
        await w.to("connect")


async def test_a_paste_reaches_the_field_from_another_step() -> None:
    async with on_lab(size=LOW) as w:
        await w.to("callback")
        url = await redirected(w)
        await w.press("l", "up", "up", "t")
        await w.press("escape", "l")
        await w.paste(url)
        assert w.stage.step == "callback" and "state matches" in w.words
        await w.press("enter")
        assert answered(w.last)["via"] == "pasted"


async def test_without_a_token_the_first_t_leads_to_the_pane_and_the_second_to_its_field() -> None:
    async with on_lab(size=LOW) as w:
        await w.to("callback")
        await w.press("t")
        assert w.hint == "nothing found so far; t pastes any token"
        await w.press("t")
        assert w.hint.startswith("paste any token, or type one and enter; esc goes back")
        pane = w.screen.query_one(TokenPane)
        assert pane.pasted == ""
        await w.press("x", "enter")
        assert pane.inspection and pane.inspection.token.text == "x"


@pytest.mark.parametrize("size", [WIDE, LOW])
async def test_an_error_callback_is_a_result(size: tuple[int, int]) -> None:
    async with on_lab(size=size) as w:
        await w.to("callback")
        url = with_query(await redirected(w), code=None, error="access_denied")
        await w.paste(url)
        assert "access_denied" in w.words and "the walk stops there" in w.words
        await w.press("enter")
        stop = blocked(w)
        assert stop and stop.party == "person" and not stop.can_override
        await w.press("enter")
        assert "access_denied" in w.words and "at fault the person" in w.words
        await w.press("r")
        assert asks(w), "and can be tried again"


async def test_the_response_of_another_flow_is_refused() -> None:
    async with on_lab() as w:
        await w.to("callback")
        await w.paste(with_query(await redirected(w), state="another-flow"))
        assert "another flow's response" in w.words
        await w.press("enter")
        stop = blocked(w)
        assert stop and "state" in stop.reason
        sent = [event.exchange.request.url for event in w.walk.session.exchanges]
        assert not any(url.endswith("/token") for url in sent)


async def test_the_browser_comes_back_by_itself() -> None:
    async with on_lab() as w:
        await w.to("callback")
        assert "listening there" in w.words
        wire, url = Wire(), await redirected(w)
        stray = await wire.send(Request("GET", with_query(url, state="stray")))
        assert stray.status == 400
        await w.until(lambda: "turned away" in w.text)
        assert (await wire.send(Request("GET", url))).status == 200
        await w.until(lambda: asks(w) is None)
        await w.settle()
        assert answered(w.last)["via"] == "listener" and "state matches" in w.words
        await wire.close()


async def test_a_client_that_was_registered_by_hand() -> None:
    from flows.lab.registration import CLIENT_ID, CLIENT_SECRET

    async with on_lab("no-registration") as w:
        await w.to("client")
        while asks(w) is None:
            await w.press("enter")
        await w.to("client")
        await w.press("enter", *CLIENT_ID, "tab", *CLIENT_SECRET)
        assert CLIENT_SECRET not in w.text
        await w.press("enter")
        assert answered(w.last) == {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        await w.to("connect")


async def test_a_document_of_this_machine_names_the_client() -> None:
    async with on_lab("no-registration", "supports-cimd") as w:
        await w.to("client")
        while asks(w) is None:
            await w.press("enter")
        await w.to("client")
        assert "takes Client ID Metadata Documents" in w.words
        w.screen.query_one("#client-serve").focus()
        await w.press("enter")
        url = answered(w.last)["client_id"]
        assert answered(w.last)["source"] == "CIMD" and url.startswith("http://127.0.0.1:")
        await w.to("connect")
        client = w.walk.facts.client
        assert client and (client.source, client.client_id) == ("CIMD", url)


# Copying


async def test_curl_holds_variables_and_runs() -> None:
    async with on_lab() as w:
        await w.press("c")
        (command,) = w.copied
        assert command.count("curl") and w.lab and w.lab.mcp_url in command
        if curl := shutil.which("curl"):
            shell = await asyncio.create_subprocess_exec("sh", "-c", command, stdout=PIPE)
            out, _ = await shell.communicate()
            assert curl and shell.returncode == 0 and b" 401 " in out.splitlines()[0]
        await w.to("connect")
        w.copied.clear()
        await w.press("c")
        token = w.walk.facts.current_tokens
        assert token and "$ACCESS_TOKEN" in w.copied[0]
        assert not any(secret in w.copied[0] for secret in (token.access_token,))


async def test_curl_with_secrets_asks_first() -> None:
    async with on_lab() as w:
        await w.to("connect")
        token = w.walk.facts.current_tokens
        assert token
        await w.pilot.press("C")
        await w.until(lambda: isinstance(w.app.screen, Confirm))
        await w.press("enter")
        assert w.copied == [], "the safe answer is the one under the cursor"
        await w.pilot.press("C")
        await w.until(lambda: isinstance(w.app.screen, Confirm))
        await w.press("y")
        await w.until(lambda: w.copied)
        assert token.access_token in w.copied[0]


async def test_what_is_not_on_show_is_not_copied() -> None:
    async with on_lab("issuer-trailing-slash") as w:
        await w.stop()
        await w.press("enter")
        assert "at fault" in w.words
        await w.press("c", "C", "u")
        assert w.copied == [] and len(w.app.screen_stack) == 1
        await w.press("m", "l")
        await w.press("up")
        await w.press("c")
        assert "oauth-protected-resource" in w.copied[0]


async def test_urls_and_values_are_copied() -> None:
    async with on_lab() as w:
        await w.press("u")
        assert w.lab and w.copied == [w.lab.mcp_url]
        await w.press("enter", "m", "y")
        assert w.exchange.response
        assert json.loads(w.copied[1]) == json.loads(w.exchange.response.body)
        await w.to("callback")
        await w.press("u")
        assert w.copied[2] == w.walk.facts.authorization_url


# Saving


async def test_a_saved_walk_reopens_where_it_stood_and_asks_for_what_was_not_saved(
    tmp_path: Path,
) -> None:
    path = tmp_path / "kept.toml"
    async with on_lab() as w:
        await w.to("connect")
        assert "* unsaved" in w.text
        await w.pilot.press("ctrl+s")
        await w.until(lambda: isinstance(w.app.screen, SaveDialog))
        field = w.app.screen.query_one("#path", Input)
        field.value = str(path)
        await w.press("enter")
        await w.until(path.exists)
        await w.until(lambda: "* unsaved" not in w.text)
        before, step = [(r.step.id, r.state, r.word) for r in rows(w.walk)], w.stage.step
        token = w.walk.facts.current_tokens
        assert token and token.access_token not in path.read_text()
        async with shown(load(path)) as again:
            assert again.stage.step == step
            settled = [row for row in before if row[1] in ("ok", "warn", "error")]
            read = [(r.step.id, r.state, r.word) for r in rows(again.walk)]
            assert read[: len(settled)] == settled and len(settled) == 10
            assert "* unsaved" not in again.text
            assert "Not saved with this session: access token" in again.text
            assert "enter: authorize again" in again.hint
            await again.press("enter")
            assert again.stage.step == "client" and "enter binds" in again.hint


async def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    async with on_lab() as w:
        await w.press("enter")
        await w.pilot.press("ctrl+s")
        await w.until(lambda: isinstance(w.app.screen, SaveDialog))
        (tmp_path / "file").write_text("")
        w.app.screen.query_one("#path", Input).value = "/proc/nowhere/kept.toml"
        await w.press("enter")
        await w.until(lambda: not isinstance(w.app.screen, SaveDialog))
        await w.until(lambda: "/proc/nowhere" in w.text)
        assert "* unsaved" in w.text


# Tools, refresh, findings, token


@pytest.mark.parametrize("size", SIZES)
async def test_a_tool_is_called_through_its_form(size: tuple[int, int]) -> None:
    async with on_lab(size=size) as w:
        await w.to("call")
        await w.press("enter", *"add")
        await w.press("enter")
        await w.press("2", "enter", "3")
        await w.press("f5")
        await w.until(lambda: isinstance(w.walk.moves["call"], Done))
        await w.settle()
        assert "enter:" not in w.hint and "complete" in w.hint
        answer = w.exchange.response
        assert answer and b'"5"' in answer.body.replace(b"5.0", b"5")
        assert row(w, "call").word == "add" and "tools/call" in w.text
        await w.press("r")
        assert asks(w), "and another can be called"


async def test_refreshing_by_choosing_its_row() -> None:
    async with on_lab() as w:
        await w.to("connect")
        before = w.walk.facts.current_tokens
        await w.press("l", "up")
        assert w.stage.step == "refresh" and "grant_type" in w.text
        assert "enter sends POST" in w.hint
        await w.press("enter")
        assert row(w, "refresh").word == "200"
        assert w.walk.facts.current_tokens != before
        await w.to("call")


async def test_a_finding_leads_to_its_evidence_and_says_what_to_change() -> None:
    async with on_lab("missing-aud") as w:
        pane = w.screen.query_one("#findings-pane")
        assert str(pane.border_title) == "Findings" and not pane.border_subtitle
        await w.to("connect")
        assert str(pane.border_title) == "Findings 1"
        assert str(pane.border_subtitle) == "at fault: the authorization server"
        assert "→ Set aud" in w.text
        w.screen.query_one(FindingsList).focus()
        await w.pilot.pause()
        assert "evidence" in w.hint
        await w.press("enter")
        assert w.stage.step == "token" and '/"access_token"' in w.text
        assert w.screen.has_class("-show-middle")


@pytest.mark.parametrize("size", SIZES)
async def test_the_token_pane_says_what_is_missing(size: tuple[int, int]) -> None:
    async with on_lab("missing-aud", size=size) as w:
        await w.to("connect")
        await w.press("t")
        assert "aud (missing)" in w.words.replace("▌", "") and "verified" in w.words
        await w.paste("eyJhbGciOiJub25lIn0.eyJpc3MiOiJwYXN0ZWQifQ.")
        assert "pasted" in w.text
        await w.press("escape")
        assert "(missing)" in w.text


async def test_enter_walks_on_from_the_token_too() -> None:
    async with on_lab() as w:
        await w.to("connect")
        w.screen.point_at("token")
        await w.press("t", "escape", "down", "enter")
        assert w.stage.step == "connect" and w.hint.startswith("enter sends")
        count = len(w.events)
        w.screen.query_one("#token-rows").focus()
        await w.press("enter")
        assert len(w.events) == count + 1
        w.screen.query_one("#findings").focus()
        await w.pilot.pause()
        assert "nothing found" in w.hint


# Width classes


@pytest.mark.parametrize("size", SIZES)
async def test_every_pane_is_reached_by_keys(size: tuple[int, int]) -> None:
    async with on_lab(size=size) as w:
        await w.to("connect")
        for key, pane in (("l", "steps-pane"), ("m", "middle"), ("t", "token-pane")):
            await w.press("escape", key)
            assert pane in panes(w.app), key
            focused = w.app.focused
            assert focused and w.screen.query_one(f"#{pane}") in focused.ancestors
            assert w.screen.region.contains_region(focused.region) and focused.size.area
        await w.press("tab")
        while not isinstance(w.app.focused, FindingsList):
            await w.press("tab")
        assert "findings-pane" in panes(w.app)
        assert w.screen.region.contains_region(w.screen.query_one("#findings").region)


@pytest.mark.parametrize("size", [*SIZES, (70, 24), (60, 16)])
async def test_nothing_decisive_is_off_screen(size: tuple[int, int]) -> None:
    async with on_lab(size=size) as w:
        for step in STEPS:
            await w.to(step)
            *lines, hint, keys = w.lines
            assert len(w.lines) == size[1] and all(len(line) <= size[0] for line in lines)
            assert hint.strip() and "Help" in keys and "authwalk" in lines[0]
            assert STEP[step].title in "".join(lines), "the middle says which step it shows"
            assert "steps-pane" in panes(w.app) or size[0] < 80
        await w.press("l")
        assert "tools/call" in w.text


async def test_long_heads_are_scrolled_by_keys() -> None:
    async with on_lab(size=(80, 16)) as w:
        await w.press("enter", "m")
        head = w.screen.query_one("#head")
        assert head.max_scroll_y > 0, "the head has more lines than fit"
        await w.press("shift+tab")
        assert head.has_focus
        await w.press("end")
        assert head.scroll_offset.y == head.max_scroll_y


async def test_a_long_note_is_scrolled_by_keys() -> None:
    async with on_lab("issuer-mismatch", size=(80, 16)) as w:
        await w.stop()
        await w.press("enter", "m")
        note = w.screen.query_one("#note")
        assert note.has_focus and note.max_scroll_y > 0
        await w.press("end")
        assert note.scroll_offset.y == note.max_scroll_y


async def test_the_tab_on_show_stays_while_its_exchange_does() -> None:
    async with on_lab() as w:
        await w.press("enter", "m", "4")
        assert "first byte" in w.text
        w.screen.point_at("challenge")
        await w.settle()
        assert "first byte" in w.text
        await w.press("enter")
        assert "first byte" not in w.text


async def test_maximising_and_back() -> None:
    async with on_lab(size=LOW) as w:
        await w.press("enter", "m", "z")
        assert w.screen.maximized is w.app.focused
        await w.press("z")
        assert w.screen.maximized is None and "steps-pane" in panes(w.app)


# The end


async def test_leaving_frees_the_port() -> None:
    async with on_lab() as w:
        await w.to("callback")
        uri, wire = w.walk.facts.redirect_uri or "", Wire()
        w.app.show_start()
        await w.pilot.pause()
        await w.until(lambda: len(w.app.screen_stack) == 1 and not w.app.screen.query("#steps"))
        exchange = await wire.send(Request("GET", uri))
        assert exchange.error and exchange.error.kind == "refused"
        await wire.close()


@pytest.mark.parametrize("keys", [("ctrl+q", "y"), ("ctrl+n", "y")])
async def test_leaving_while_something_is_sent(keys: tuple[str, ...]) -> None:
    async with on_lab("slow-token") as w:
        await w.to("token")
        await w.pilot.press("enter")
        await w.until(lambda: "Cancel" in w.keys)
        await w.pilot.press(*keys)
        await w.until(lambda: not w.app.is_running or not w.app.screen.query("#steps"))
        assert w.app.return_code in (0, None)


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+n"])
async def test_leaving_before_all_is_there(key: str) -> None:
    app = AuthwalkApp(WireOptions(), session=new_session(Target("http://127.0.0.1:1/mcp")))
    async with app.run_test() as pilot:
        while not app.screen.query("#side"):
            await pilot.pause(0)
        await pilot.press(key)
        while app.is_running and app.screen.query("#steps"):
            await pilot.pause(0)


async def test_a_fault_of_ours_is_reported_and_the_walk_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with on_lab() as w:

        async def broken(*_: Any, **__: Any) -> None:
            raise LookupError("[/x] \x1b[31m nobody expected this")

        with monkeypatch.context() as patch:
            patch.setattr(w.walk, "perform", broken)
            await w.pilot.press("enter")
            await w.until(lambda: isinstance(w.app.screen, TextDialog))
        assert "The walk is kept" in w.words and "LookupError" in w.words
        assert "\x1b" not in screen_text(w.app)
        await w.press("escape")
        assert w.events == () and w.app.is_running
        await w.press("enter")
        assert isinstance(w.last, Exchanged) and row(w, "challenge").word == "401"


async def test_a_saved_walk_of_a_stopped_lab_shows_and_goes_on_by_refusal() -> None:
    async with shown(new_session(Target("http://127.0.0.1:1/mcp")), size=MEDIUM) as w:
        await w.press("enter")
        stop = blocked(w)
        assert stop and stop.word == "refused" and "refused" in w.words
        assert not any(isinstance(event, Received) for event in w.events)
        assert not isinstance(w.walk.moves["challenge"], Listen)


async def test_the_form_asks_for_lists_and_values_and_stays_where_it_is() -> None:
    async with on_lab() as w:
        await w.to("call")
        await w.press("enter", "ctrl+t")
        assert "not asked for yet; enter asks" in w.words
        await w.press("enter")
        assert w.stage.step == "call" and "Resources 2" in w.text and "lab://about" in w.text
        assert [e.label for e in w.walk.session.exchanges if e.step == "tools"] == [
            "tools/list",
            "resources/list",
        ]
        await w.press("ctrl+t", "enter", "enter", "ctrl+n")
        assert "lab://notes/" in w.words and "3 values" in w.words
        assert w.stage.step == "call" and isinstance(w.walk.current, Ask)
        await w.press("down", "enter", "f5")
        await w.until(lambda: w.walk.current is None)
        await w.settle()
        assert "lab://notes/pkce" in w.exchange.request.body.decode()
        await w.press("m", "5")
        assert "[resource lab://notes/pkce text/plain" in w.words


async def test_a_structured_result_is_checked_and_stays_on_show() -> None:
    async with on_lab() as w:
        await w.to("call")
        await w.press("enter", *"weather", "enter")
        w.screen.query_one("SchemaField Select", Select).value = '"north"'
        await w.press("f5")
        await w.until(lambda: not isinstance(w.walk.current, Act))
        await w.settle()
        assert "POST" in w.text and '"celsius": 4.5' in w.words
        assert "computed here" not in w.text
        (schema,) = (one for one in w.walk.findings if one.check == "MCP-19")
        assert schema.result == "pass"


async def test_a_pasted_curl_command_stands_in_for_the_request_on_show() -> None:
    async with shown(new_session(Target("http://127.0.0.1:9/mcp"))) as w:
        await w.paste("curl -X PUT http://127.0.0.1:9/other \\\n -H 'X-A: b'")
        assert isinstance(edit := w.stage.edit, Request)
        assert (edit.method, edit.url) == ("PUT", "http://127.0.0.1:9/other")
        assert "stands in for the request" in w.words and "PUT" in w.hint
        await w.paste("curl $URL")
        assert "the shell would put something in for $URL" in w.words
        assert w.stage.edit == edit


@pytest.mark.parametrize("size", [(80, 24), (140, 44)])
@pytest.mark.parametrize("keys", [("t",), ("t", "t", "escape"), ("m",)])
async def test_escape_leads_back_to_the_steps(size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async with on_lab(size=size) as w:
        await w.press(*keys)
        assert w.screen.focused is not w.screen.steps
        await w.press("escape")
        assert w.screen.focused is w.screen.steps


async def test_escape_on_the_steps_does_nothing_and_is_not_offered() -> None:
    async with on_lab(size=(140, 44)) as w:
        assert not w.screen.check_action("leave", ())
        await w.press("escape")
        assert w.screen.focused is w.screen.steps


async def test_on_a_low_screen_a_small_body_leaves_room_for_the_header() -> None:
    async with on_lab(size=(80, 24)) as w:
        await w.press("enter")
        head, body = w.screen.query_one("#head"), w.stage.exchange_view.body
        assert w.exchange.status == 401 and body.size.height == body.row_count
        assert "www-authenticate" in w.text and head.size.height > 7
        w.stage.exchange_view.action_tab("request")
        await w.settle()
        assert body.row_count > 7 and head.size.height == 4


async def test_what_is_wrong_is_told_whole_on_a_low_screen() -> None:
    async with on_lab("wrong-aud", size=(80, 24)) as w:
        await w.press("a")
        await w.press("A")
        await w.press("a")
        w.screen.point_at("claims")
        await w.settle()
        assert "Done: 8 claims." in w.text and "✗ aud https://api.example.com/mcp" in w.text
        assert "→ Set aud to" in w.text
        findings = w.screen.query_one("#findings-pane")
        await w.press("t")
        assert findings.outer_size.height == 5
        w.screen.query_one("#findings").focus()
        await w.settle()
        assert findings.outer_size.height > 10 and "→ Set aud" in w.text


async def test_once_the_token_is_found_wrong_the_hint_says_so() -> None:
    async with on_lab("wrong-aud") as w:
        await w.press("a")
        await w.press("A")
        await w.press("enter", "enter")
        assert (
            w.stage.step == "token"
            and w.hint == "✗ Claims found something wrong; enter: on to Connect"
        )
