"""Whatever is pressed, and however the terminal is resized meanwhile, the app goes on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.tui.walking import LOW, on_lab
from tui import browser

KEYS = (
    "enter e r a x c A p t T s w n y P u b d D h f l m z i g v j k up down left right home end "
    "pageup pagedown tab shift+tab escape ctrl+g ctrl+p f1 f10 f3 ctrl+n ctrl+d ctrl+r ctrl+t "
    "ctrl+s space backspace 1 2 3 4 5 Y left_square_bracket right_square_bracket slash plus minus "
    "underscore asterisk question_mark exclamation_mark"
).split()
SIZES = [(80, 24), (140, 44), (60, 16), (50, 10)]


@pytest.mark.parametrize("seed", range(4))
async def test_random_keys(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path))
    monkeypatch.setattr(browser, "open_in_browser", lambda url: "")
    chosen = random.Random(seed)
    async with on_lab("missing-aud", size=LOW) as w:
        for _ in range(100):
            await w.pilot.press(chosen.choice(KEYS))
            if chosen.random() < 0.05:
                await w.pilot.resize_terminal(*chosen.choice(SIZES))
        assert w.app.is_running
