"""The keys that hints and the tour name, as the person has set them in keys.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from flows.frozen import frozen

_ELSEWHERE = {
    "demo": "start.demo",
    "explain": "steps.explain",
    "help": "app.help",
    "leave_answer": "response.leave",
    "leave_token": "token.clear",
    "open_typing": "response.open",
    "copy_url_typing": "response.copy-url",
    "tips": "walk.end-tour",
}


@frozen
class HintKeys:
    """By the last part of the id of each binding, which is one of the walk's but for `_ELSEWHERE`;
    what they are as long as nobody sets them. With `typing` they work within a field."""

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
    copy_url: str = "u"
    open_typing: str = "ctrl+o"
    copy_url_typing: str = "ctrl+y"
    leave_answer: str = "esc"
    token: str = "t"
    token_large: str = "T"
    leave_token: str = "esc"
    save: str = "ctrl+s"
    back: str = "b"
    faults: str = "f"
    tips: str = "f3"
    explain: str = "i"
    help: str = "f1"
    demo: str = "ctrl+d"


def hint_keys(keymap: Mapping[str, str]) -> HintKeys:
    """The first of the keys that `keymap` has for the id of each binding."""
    from tui.all_keys import named_key

    names = [one.name for one in fields(HintKeys)]
    ids = {name: _ELSEWHERE.get(name, f"walk.{name.replace('_', '-')}") for name in names}
    own = {name: keymap[id].partition(",")[0] for name, id in ids.items() if id in keymap}
    return HintKeys(**{name: _short(named_key(key)) for name, key in own.items()})


def _short(key: str) -> str:
    return "esc" if key == "escape" else key
