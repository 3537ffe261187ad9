"""What is not as in the attempt before is marked, in the head and in the body."""

from __future__ import annotations

from tests.tui.walking import LOW, Walking, on_lab
from tui.widgets.body_view import BodyView
from tui.widgets.exchange_view import Head
from tui.widgets.rows_view import RowsView


def signs(w: Walking, part: type[RowsView] = BodyView) -> dict[str, str]:
    """The sign in front of each row of the body or the head that has one, by the row."""
    shown = w.stage.exchange_view.query_one(part)
    rows = {shown.rows.text(row).strip(): shown.sign(row) for row in range(len(shown.rows))}
    return {text: sign for text, sign in rows.items() if sign != " "}


async def test_only_what_changed_is_marked() -> None:
    async with on_lab(size=LOW) as w:
        await w.to("call")
        w.screen.point_at("tools")
        assert not signs(w)
        assert w.lab
        w.lab.set_faults(("tools-empty",))
        await w.press("l", "r", "enter")
        assert '"tools": [],' in signs(w) and '"jsonrpc": "2.0",' not in signs(w)
        assert set(signs(w).values()) == {"≠"}
        assert any(line.lstrip("│ ").startswith("≠") or "≠" in line for line in w.lines)
        assert [text.partition(":")[0] for text in signs(w, Head)] == ["content-length"]
        w.stage.exchange_view.action_tab("request")
        assert all(text.startswith('"id"') for text in signs(w))
        w.stage.exchange_view.action_tab("timing")
        assert not signs(w)
        await w.press("left_square_bracket")
        w.stage.exchange_view.action_tab("response")
        assert not signs(w)


async def test_a_body_that_is_too_large_is_not_compared() -> None:
    async with on_lab(size=LOW) as w:
        body = w.stage.exchange_view.body
        body.show(b"[1, 2]", "application/json")
        body.compare_with(b"[1, 3]", "application/json")
        await w.settle()
        assert signs(w) == {"2": "≠"}
        body.compare_with(b"[" + b"1, " * 200_000 + b"1]", "application/json")
        assert not signs(w)
