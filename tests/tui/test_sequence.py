from __future__ import annotations

import pytest

from tests.tui.walking import SIZES, on_lab
from tui.screens.sequence import SequenceScreen
from tui.screens.walk import WalkScreen
from tui.widgets.list_view import LineList


@pytest.mark.parametrize("size", SIZES)
async def test_the_walk_as_arrows_and_the_failing_one_leads_to_its_exchange(
    size: tuple[int, int],
) -> None:
    async with on_lab("token-500", size=size) as w:
        await w.to("token")
        await w.press("enter")
        await w.press("s")
        await w.until(lambda: isinstance(w.app.screen, SequenceScreen))
        await w.until(lambda: "verdict" in w.text or "◀" in w.text)
        for words in ("Person", "Client", "MCP server", "Auth server", "POST /token", "500"):
            assert words in w.text
        assert "at fault the authorization server" in " ".join(w.text.split())
        await w.press("enter")
        await w.until(lambda: isinstance(w.app.screen, WalkScreen))
        assert w.stage.step == "token" and w.exchange.status == 500


async def test_nothing_sent_yet_and_the_way_back() -> None:
    async with on_lab() as w:
        await w.press("s")
        await w.until(lambda: isinstance(w.app.screen, SequenceScreen))
        assert w.app.screen.query_one(LineList).row_count == 0
        assert "Nothing has been sent yet." in w.text
        await w.press("enter", "escape")
        await w.until(lambda: isinstance(w.app.screen, WalkScreen))
        assert w.stage.step == "challenge"
