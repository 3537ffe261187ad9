"""`authwalk serve`: the app in a browser on this machine, by textual-serve.

Whoever reaches the server can start the app, which reads files and sends requests. So it listens on
127.0.0.1 alone, wants a token that only the printed URL has, takes no other Host (a name that was
rebound to this machine) and no other Origin (a page that opens a WebSocket to it).
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import secrets
import shlex
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flows.text import visible
from tui.arguments import parse
from tui.commands import SOUND, unreadable, usage
from tui.commands.options import not_listening

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler

HOST = "127.0.0.1"
_MISSING = "the browser needs textual-serve: pip install 'authwalk[web]'"
_HEADERS = {
    # Nothing from elsewhere is loaded, and nobody elsewhere learns of the URL.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self' ws:; img-src 'self' data:; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def main(args: argparse.Namespace) -> int:
    try:
        import textual_serve  # noqa: F401
    except ImportError as error:
        raise usage(_MISSING) from error
    if args.rest and parse(args.rest).module not in ("app", "demo"):
        raise usage("serve opens the app: authwalk serve [URL | SESSION.toml | demo] [options]")
    try:
        listening = socket.create_server((HOST, args.port))
    except OSError as error:
        raise unreadable(not_listening(args.port, "--port", error)) from error
    token = secrets.token_urlsafe(24)
    url = f"http://{HOST}:{listening.getsockname()[1]}/?token={token}"
    print(f"authwalk in the browser: {url}\nctrl+c ends it", flush=True)
    if args.open:
        from tui.browser import open_in_browser

        if words := open_in_browser(url):
            print(visible(words), file=sys.stderr)
    asyncio.run(serve(listening, token, args.rest))
    return SOUND


async def serve(listening: socket.socket, token: str, arguments: Sequence[str]) -> None:
    """Serve the app with these arguments until cancelled, an app for each page that is opened."""
    from aiohttp import web

    app = await application(listening, token, arguments)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def application(
    listening: socket.socket, token: str, arguments: Sequence[str]
) -> web.Application:
    from textual_serve.server import Server

    class Quiet(Server):
        async def on_startup(self, app: web.Application) -> None:
            """Says nothing: its own words would lack the token."""

    port = listening.getsockname()[1]
    command = shlex.join([sys.executable, "-m", "tui", *arguments])
    served = Quiet(command, host=HOST, port=port, title="authwalk")
    app = await served._make_app()  # there is no other way to the routes
    app.middlewares.append(guard(port, token))
    return app


def guard(port: int, token: str) -> Any:
    """What every request passes first: 403 unless it is for us, from us, and knows the token."""
    from aiohttp import web

    name, ours = f"authwalk-{port}", f"{HOST}:{port}"

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.query.get("token") or request.cookies.get(name, "")
        origin = request.headers.get("Origin", f"http://{ours}")
        if request.host != ours or origin != f"http://{ours}" or not _same(given, token):
            raise web.HTTPForbidden(text="authwalk serve printed the URL that opens this page.\n")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
            response.set_cookie(name, token, httponly=True, samesite="Strict", path="/")
        return response

    return guarded


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
