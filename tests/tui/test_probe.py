from __future__ import annotations

from tests.tui.walking import on_lab
from tui.screens.dialogs import Confirm
from tui.screens.walk import WalkScreen
from tui.widgets.findings_list import FindingsList


async def test_probes_are_asked_for_sent_and_judged() -> None:
    async with on_lab("introspect-open") as w:
        await w.to("client")
        events, step = len(w.events), w.stage.step
        await w.press("w")
        await w.until(lambda: isinstance(w.app.screen, Confirm))
        assert "no client would make" in " ".join(w.text.split())
        await w.press("n")
        await w.until(lambda: isinstance(w.app.screen, WalkScreen))
        assert len(w.events) == events
        await w.press("w")
        await w.until(lambda: isinstance(w.app.screen, Confirm))
        await w.press("y")
        await w.until(lambda: any(one.check == "INT-01" and one.speaks for one in w.walk.findings))
        await w.settle()
        assert "probes sent; the walk has" in w.words
        assert w.stage.step == step, "what is on show stays on show"
        assert w.screen.query_one(FindingsList).row_count
        assert "Introspection answers without credentials" in " ".join(w.words.split())
