"""What a walk without the app asks of a person: the authorization response, client credentials.

The loopback listener and a pasted line race; the first wins.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from flows.facts import Facts
from flows.listener import Rejected
from flows.moves import Ask
from flows.paste import read_pasted
from flows.steps.client import LOOPBACK
from flows.text import visible
from flows.walk import Walk
from flows.wellknown import is_web_url, origin
from tui.console import Console

LISTENING = 300.0
"""Seconds to wait for a browser that was opened when nobody can paste."""


def can_answer() -> bool:
    """Whether a person sits in front of stdin."""
    return sys.stdin is not None and sys.stdin.isatty()


def mention(console: Console) -> Callable[[Rejected], None]:
    """Says of each request to the listener that was not ours what was wrong with it."""

    def rejected(request: Rejected) -> None:
        console.tell(f"  Not ours: {visible(request.method)}, {visible(request.reason)}")

    return rejected


async def response(walk: Walk, console: Console, *, open_url: bool, wait: float | None) -> bool:
    """Have the authorization response recorded; False when none can come, or none came in time.

    `wait` is in seconds; without it a person at a terminal has all the time they need.
    """
    pastes = can_answer()
    if open_url and not pastes and wait is None:
        wait = LISTENING
    if pastes or wait is not None or not console.quiet:  # else nothing can come of it
        _invite(walk.facts, console, pastes=pastes, listens=walk.listener is not None)
    if open_url:
        _open(walk.facts.authorization_url or "", console)
    sources = []
    if walk.listener and (pastes or wait is not None):
        sources.append(asyncio.create_task(walk.wait_for_response()))
    if pastes:
        sources.append(asyncio.create_task(_pasted(walk, console)))
    if not sources:
        return False
    try:
        done, _ = await asyncio.wait(sources, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in sources:
            task.cancel()
        await asyncio.gather(*sources, return_exceptions=True)
    for task in done:
        task.result()
    return bool(done) or _take_rejected(walk)


async def credentials(walk: Walk, ask: Ask, console: Console) -> bool:
    """Ask for a client identifier and its secret; False when nobody is there to answer."""
    if not can_answer():
        return False
    console.tell("", visible(ask.prompt))
    values: dict[str, str] = {}
    for field in ask.fields:
        prompt = f"{field.label}{'' if field.required else ' (optional)'}: "
        if field.secret:
            from getpass import getpass

            values[field.name] = (await asyncio.to_thread(getpass, prompt)).strip()
            continue
        sys.stderr.write(prompt)
        sys.stderr.flush()
        values[field.name] = (await _line() or "").strip()
        if field.required and not values[field.name]:
            return False
    walk.answer(ask.step, **{name: value for name, value in values.items() if value})
    return True


def _invite(facts: Facts, console: Console, *, pastes: bool, listens: bool) -> None:
    url = facts.authorization_url or ""
    console.tell("", "Open this address in a browser and approve:", "", visible(url))
    if pastes and listens:
        where = f"The browser comes back to {visible(facts.redirect_uri or '')}."
        console.tell("", where, "If it does not, paste the address it ends up at:")
    elif pastes:
        console.tell("", "Then paste the address it ends up at:")
        host = urlsplit(facts.redirect_uri or "").hostname
        if host not in LOOPBACK:
            console.tell(f"(at once: the page of {visible(host or 'another')} may use the code up)")


def _open(url: str, console: Console) -> None:
    """The system's opener gets a web URL and nothing else: a hostile metadata document names
    the endpoint."""
    if not is_web_url(url) or not (url.isascii() and url.isprintable()) or " " in url:
        console.tell("  Not opened: this is no plain http or https URL.")
        return
    import webbrowser

    console.tell(f"  Opening {visible(origin(url))} in the browser.")
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


async def _pasted(walk: Walk, console: Console) -> None:
    while True:
        line = await _line()
        if line is None:
            await asyncio.Event().wait()  # stdin ended: only the browser can answer now
            return
        if not line.strip():
            continue
        pasted = read_pasted(line)
        if not pasted.problem:
            walk.answer("callback", redirect=line.strip(), via="pasted")
            return
        console.tell(f"  {visible(pasted.problem[:1].upper() + pasted.problem[1:])}.")


def _take_rejected(walk: Walk) -> bool:
    """When time is up, a response that came without our state is worth a verdict."""
    rejected = (
        [entry for entry in walk.listener.rejected if entry.callback] if walk.listener else []
    )
    if rejected:
        walk.answer("callback", redirect=rejected[-1].url, via="listener")
    return bool(rejected)


async def _line() -> str | None:
    """A line from stdin, or None at its end. The thread that reads is left behind when something
    else answers first; it reads past Python's buffers, whose lock would hang the exit."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str | None] = loop.create_future()

    def resolve(text: str | None) -> None:
        if not answer.done():
            answer.set_result(text)

    def read() -> None:
        try:
            data = os.read(sys.stdin.fileno(), 65536)
        except OSError:
            data = b""
        text = data.decode("utf-8", "replace") if data else None
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(resolve, text)

    threading.Thread(target=read, daemon=True).start()
    return await answer
