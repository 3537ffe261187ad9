"""Words are drawn again only when they are others, and laid out only when they take other lines."""

from __future__ import annotations

from typing import Any, Self

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from tui.widgets.words import Words


class Watched(Words):
    """Notes each refresh, and whether it asks for a layout."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[bool] = []

    def refresh(self, *regions: Any, layout: bool = False, **more: Any) -> Self:
        self.asked.append(layout)
        return super().refresh(*regions, layout=layout, **more)


class Saying(App[None]):
    def compose(self) -> ComposeResult:
        yield Watched()


@pytest.mark.parametrize(
    ("then", "asked"),
    [
        (Content("one two"), []),
        (Content.styled("one two", "bold"), [False]),
        (Content("six ten"), [False]),
        (Content("three four five"), [True]),
    ],
)
async def test_words_ask_for_no_more_than_they_need(then: Content, asked: list[bool]) -> None:
    app = Saying()
    async with app.run_test(size=(10, 5)) as pilot:
        words = app.query_one(Watched)
        words.say(Content("one two"))
        await pilot.pause()
        words.asked.clear()
        words.say(then)
        assert words.asked == asked
