"""What a line of an exchange leads to: a token is taken apart, a URL opened in the browser."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

from textual.app import App

from flows.facts import Facts
from flows.session import Target
from flows.text import visible
from flows.wellknown import is_web_url

_JWT = r"(?a)(?<![\w.-])e[wy][\w-]{8,}(?:\.[\w-]*){2,4}"
_URL = r"(?i)https?://[^\s\"'<>\\^`{|}]+"

_BEHIND = ".,;:!?)"
"""What may stand behind a URL in a sentence."""


def token_in(text: str) -> str:
    """The first JWT in a text, signed or encrypted; "" where there is none."""
    found = re.search(_JWT, text)
    return found[0] if found else ""


def url_in(text: str) -> str:
    """The first http or https URL in a text; "" where there is none."""
    found = re.search(_URL, text.replace("\\/", "/"))
    url = found[0].rstrip(_BEHIND) if found else ""
    return url if is_web_url(url) else ""


def openable(text: str) -> list[tuple[int, int]]:
    """The columns of every URL in a text, and of every token's first part: all of it, over ten
    lines, would cover what stands around."""
    tokens = [(found.start(), text.index(".", found.start())) for found in re.finditer(_JWT, text)]
    urls = (
        (found.start(), found.start() + len(found[0].rstrip(_BEHIND)))
        for found in re.finditer(_URL, text)
    )
    return sorted((*tokens, *urls))


async def open_value(app: App[None], text: str) -> None:
    """Follow what stands in a line. A URL is shown whole before a browser has it."""
    from tui.browser import open_in_browser
    from tui.screens.dialogs import Confirm
    from tui.screens.token import TokenScreen

    if token := token_in(text):
        walk = getattr(app.screen_stack[0], "walk", None)
        facts = walk.facts if walk else Facts(Target(""), datetime.now(UTC))
        app.push_screen(TokenScreen(facts, pasted=token))
    elif url := url_in(text):
        question = f"{visible(url)}\n\nThe server named it. Open it in the browser?"
        dialog = Confirm(question, title="Open in the browser", danger=True)
        if await app.push_screen_wait(dialog):
            if words := await asyncio.to_thread(open_in_browser, url):
                app.notify(words, severity="warning")
    else:
        app.notify("There is no token and no URL in this line.")
