"""`authwalk serve`: who may open it, and a walk in a real browser."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tui.cli import main
from tui.commands.serve import HOST, serve

TOKEN = "a token of the test"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
Capture = pytest.CaptureFixture[str]


def children() -> set[str]:
    """The processes that this one has started and that still run."""
    return {*Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}


@asynccontextmanager
async def served(*arguments: str) -> AsyncIterator[str]:
    """The base URL of the app in a browser."""
    others = children()  # servers of other tests
    listening = socket.create_server((HOST, 0))
    task = asyncio.create_task(serve(listening, TOKEN, arguments))
    try:
        yield f"http://{HOST}:{listening.getsockname()[1]}"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while children() - others:  # the apps have been told to end
            await asyncio.sleep(0.01)


PATHS = ["/", "/ws", "/static/js/textual.js", "/download/x"]


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_gets_in_without_the_token(path: str) -> None:
    async with served() as url, aiohttp.ClientSession() as session:
        host = url.removeprefix("http://")
        known = {"token": TOKEN}
        for params, headers in (
            ({}, {}),
            ({"token": "x"}, {}),
            ({}, {"Cookie": f"authwalk-{host.partition(':')[2]}=x"}),
            (known, {"Host": "rebound.example"}),
            (known, {"Host": f"localhost:{host.partition(':')[2]}"}),
            (known, {"Origin": "https://page.example"}),
            (known, {"Origin": "null"}),
        ):
            async with session.get(f"{url}{path}", params=params, headers=headers) as response:
                assert response.status == 403
                assert TOKEN not in await response.text()


async def test_the_token_opens_the_page_and_a_cookie_the_rest() -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # of an IP address
    async with served() as url, aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.get(url, params={"token": TOKEN}) as response:
            assert response.status == 200 and "textual.js" in await response.text()
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
            cookie = response.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        async with session.get(f"{url}/static/js/textual.js") as response:
            assert response.status == 200
        async with session.ws_connect(f"{url}/ws?width=100&height=30", origin=url) as socket_:
            painted = b""
            while b"authwalk" not in painted:
                message = await socket_.receive(timeout=60)
                painted += message.data if message.type is aiohttp.WSMsgType.BINARY else b""
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{url}/ws", origin="https://page.example")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "https://a.example/mcp"], "serve opens the app"),
        (["https://a.example/mcp", "--no-such-option"], "--no-such-option"),
    ],
)
def test_only_the_app_is_served(arguments: list[str], words: str, capsys: Capture) -> None:
    assert main(["serve", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(capsys: Capture) -> None:
    with socket.create_server((HOST, 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 6
    assert "is in use: end what listens there, or give --port" in capsys.readouterr().err


class Browser:
    """A page in Chromium, by the DevTools protocol."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self._connection = connection
        self._sent = 0
        self.painted = ""
        """What the terminal in the page was told to draw so far, without its sequences."""

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._sent += 1
        number = self._sent
        await self._connection.send_json({"id": number, "method": method, "params": params})
        while (message := await self._receive()).get("id") != number:
            pass
        result: dict[str, Any] = message.get("result", {})
        return result

    async def until(self, true: Callable[[], object]) -> None:
        while not true():
            await self._receive()

    async def press(self, key: str) -> None:
        code = {"Enter": 13}.get(key, ord(key[:1].upper()))
        text = "\r" if key == "Enter" else key
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if kind == "keyDown" else {}
            await self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **typed
            )

    async def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads((await self._connection.receive(timeout=60)).data)
        if message.get("method") == "Network.webSocketFrameReceived":
            frame = message["params"]["response"]
            if frame["opcode"] == 2:
                drawn = base64.b64decode(frame["payloadData"]).decode("utf-8", "replace")
                self.painted += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)
        return message


@asynccontextmanager
async def browsing(profile: Path) -> AsyncIterator[Browser]:
    assert CHROMIUM
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr
        address = ""
        while not address:
            line = (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
            assert line, "Chromium did not start"
            if found := re.search(r"ws://(\S+?)/", line):
                address = found[1]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{address}/json") as response:
                pages = [page for page in await response.json() if page["type"] == "page"]
            async with session.ws_connect(
                pages[0]["webSocketDebuggerUrl"], max_msg_size=1 << 25
            ) as connection:
                yield Browser(connection)
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
async def test_a_walk_in_a_browser(tmp_path: Path) -> None:
    async with served("demo") as url, browsing(tmp_path / "profile") as page:
        await page.call("Network.enable")
        await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        await page.call("Page.navigate", url=f"{url}/?token={TOKEN.replace(' ', '%20')}")
        await page.until(lambda: "Challenge" in page.painted)
        drawn = await page.call(
            "Runtime.evaluate", expression="document.querySelectorAll('canvas').length"
        )
        assert drawn["result"]["value"] > 0
        await page.call("Runtime.evaluate", expression="document.querySelector('textarea').focus()")
        await page.press("Enter")
        await page.until(lambda: "401" in page.painted)
        picture = await page.call("Page.captureScreenshot", format="png")
        assert len(base64.b64decode(picture["data"])) > 10_000
        (tmp_path / "page.png").write_bytes(base64.b64decode(picture["data"]))
        await page.press("a")
        await page.until(lambda: "/authorize?" in page.painted)
        await page.press("A")
        await page.until(lambda: "approved" in page.painted)
        await page.press("a")
        await page.until(lambda: "8 claims" in page.painted)
