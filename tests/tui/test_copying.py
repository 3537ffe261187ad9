"""What can be copied or saved, asked for by `y`."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from flows.export import EXPORTS
from flows.export.documents import DOCUMENTS
from tests.tui.walking import SIZES, Walking, on_lab
from tui.screens.copying import CopyDialog, CopyList
from tui.screens.dialogs import Confirm, SaveDialog
from tui.screens.preview import PreviewScreen
from tui.widgets.line_input import LineInput


async def choose(w: Walking, row: str, *keys: str) -> None:
    await w.pilot.press("l", "y")
    await w.until(lambda: isinstance(w.app.screen, CopyDialog))
    assert w.app.screen.query_one(CopyList).highlight(row), row
    await w.pilot.press(*keys)
    await w.until(lambda: not isinstance(w.app.screen, CopyDialog))


async def copied(w: Walking, row: str, *keys: str) -> str:
    before = len(w.copied)
    await choose(w, row, *keys, "enter")
    await w.until(lambda: len(w.copied) > before)
    return w.copied[-1]


@pytest.mark.parametrize("size", SIZES)
async def test_every_format_and_every_document(size: tuple[int, int]) -> None:
    async with on_lab(size=size) as w:
        await w.to("connect")
        await w.pilot.press("y")
        await w.until(lambda: isinstance(w.app.screen, CopyDialog))
        dialog = w.app.screen
        assert dialog.region.contains_region(dialog.query_one(".dialog").region)
        seen = w.text
        assert "The request on show" in seen and "s save" in seen and "$VARIABLES" in seen
        await w.press("ctrl+g")
        token = w.walk.facts.current_tokens
        assert token
        for name in (*EXPORTS, *DOCUMENTS):
            text = await copied(w, name)
            assert len(text) > 100 and token.access_token not in text, name


async def test_values_and_a_claim() -> None:
    async with on_lab() as w:
        await w.to("connect")
        facts = w.walk.facts
        assert facts.current_tokens and facts.pkce
        assert await copied(w, "access token") == facts.current_tokens.access_token
        assert await copied(w, "code verifier") == facts.pkce.code_verifier
        assert await copied(w, "authorization URL") == facts.authorization_url
        assert await copied(w, "claim iss") == (w.lab and w.lab.issuer)
        assert json.loads(await copied(w, "claim exp")) > 1_700_000_000


async def test_real_values_are_asked_about() -> None:
    async with on_lab() as w:
        await w.to("connect")
        token = w.walk.facts.current_tokens
        assert token
        await choose(w, "httpie", "v", "enter")
        await w.until(lambda: isinstance(w.app.screen, Confirm))
        await w.press("n")
        assert w.copied == []
        await choose(w, "httpie", "v", "enter")
        await w.until(lambda: isinstance(w.app.screen, Confirm))
        await w.press("y")
        await w.until(lambda: w.copied)
        assert token.access_token in w.copied[-1]
        text = await copied(w, "powershell", "v", "v")
        assert "redacted" in text and token.access_token not in text and "$env:" not in text


async def test_save_to_a_private_file(tmp_path: Path) -> None:
    async with on_lab() as w:
        await w.to("connect")
        await choose(w, "script", "s")
        await w.until(lambda: isinstance(w.app.screen, SaveDialog))
        path = tmp_path / "walk.sh"
        w.app.screen.query_one("#path", LineInput).value = str(path)
        await w.press("enter")
        await w.until(path.exists)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text().startswith("#!/bin/sh\n")
        await w.until(lambda: "saved" in w.words)


async def test_what_no_format_can_say_is_told() -> None:
    async with on_lab(dpop=True) as w:
        await w.stop()  # the lab binds no token to a key
        await choose(w, "script", "enter")
        await w.until(lambda: "cannot sign" in w.words)
        assert w.copied == []


async def test_before_the_first_request_there_is_a_draft_to_copy() -> None:
    async with on_lab() as w:
        assert "server/discover" in await copied(w, "http")


async def test_the_report_is_looked_at_before_it_is_handed_on(tmp_path: Path) -> None:
    async with on_lab("missing-aud", size=SIZES[2]) as w:
        assert not w.screen.check_action("report", ())
        await w.to("connect")
        await w.press("l", "P")
        await w.until(lambda: isinstance(w.app.screen, PreviewScreen))
        await w.settle()
        token = w.walk.facts.current_tokens
        assert token and "without secrets" in w.text and token.access_token not in w.text
        assert "the authorization server" in w.words
        await w.press("slash", *"aud", "enter")
        assert " of " in w.lines[-2]
        await w.press("c")
        await w.until(lambda: len(w.copied) == 1)
        assert w.copied[0].startswith("# ") and token.access_token not in w.copied[0]
        await w.press("P")
        await w.until(lambda: isinstance(w.app.screen, PreviewScreen))
        await w.press("s")
        await w.until(lambda: isinstance(w.app.screen, SaveDialog))
        path = tmp_path / "report.md"
        w.app.screen.query_one("#path", LineInput).value = str(path)
        await w.press("enter")
        await w.until(path.exists)


async def test_anything_that_can_be_copied_can_be_looked_at() -> None:
    async with on_lab() as w:
        await w.to("connect")
        for row, holds in (("script", "without secrets"), ("access token", "with secrets")):
            await choose(w, row, "p")
            await w.until(lambda: isinstance(w.app.screen, PreviewScreen))
            await w.settle()
            assert f"   {holds}" in w.text
            await w.press("q")
            assert not w.copied
