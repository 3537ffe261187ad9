"""The keys that hints and the tour name, as the person has set them in keys.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

_ELSEWHERE = {"explain": "steps.explain", "help": "app.help", "tips": "walk.end-tour"}


@dataclass(frozen=True, slots=True)
class HintKeys:
    """By the last part of the id of each binding, which is one of the walk's but for `_ELSEWHERE`;
    what they are as long as nobody sets them."""

    next: str = "enter"
    edit: str = "e"
    rerun: str = "r"
    run: str = "a"
    cancel: str = "x"
    override: str = "!"
    curl: str = "c"
    open: str = "o"
    paste: str = "p"
    approve: str = "A"
    token: str = "t"
    save: str = "ctrl+s"
    back: str = "b"
    faults: str = "f"
    tips: str = "f3"
    explain: str = "i"
    help: str = "f1"


def hint_keys(keymap: Mapping[str, str]) -> HintKeys:
    """The first of the keys that `keymap` has for the id of each binding."""
    from tui.all_keys import named_key

    ids = {one.name: _ELSEWHERE.get(one.name, f"walk.{one.name}") for one in fields(HintKeys)}
    own = {name: keymap[id].partition(",")[0] for name, id in ids.items() if id in keymap}
    return HintKeys(**{name: named_key(key) for name, key in own.items()})
