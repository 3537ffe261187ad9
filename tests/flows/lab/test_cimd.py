"""Clients that are named by the URL of their metadata document, served from loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.flows.lab.conftest import REDIRECT, Hand

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Documents(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        document: dict[str, Any] = {
            "client_id": f"http://{self.headers['Host']}{self.path}",
            "client_name": "By document",
            "redirect_uris": [REDIRECT],
        }
        status = 200
        match self.path:
            case "/other-id":
                document["client_id"] = "https://client.example/id"
            case "/secret":
                document["client_secret"] = "s"
            case "/no-redirects":
                document["redirect_uris"] = []
            case "/long":
                document["padding"] = "x" * 6000
            case "/moved":
                status = 302
        self.send_response(status)
        self.send_header("Location", "/good")
        self.end_headers()
        self.wfile.write(b"not json" if self.path == "/text" else json.dumps(document).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def documents() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Documents) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def test_a_document_is_enough(hand: Hand, documents: str) -> None:
    client = f"{documents}/good"
    response = await hand.token(await hand.code(client), client_id=client)
    assert response.status_code == 200
    other = await hand.authorize(client, redirect_uri="http://127.0.0.1/elsewhere")
    assert other.status_code == 400 and "location" not in other.headers


@pytest.mark.parametrize(
    "path", ["/other-id", "/secret", "/no-redirects", "/long", "/moved", "/text"]
)
async def test_documents_that_are_refused(hand: Hand, documents: str, path: str) -> None:
    response = await hand.authorize(f"{documents}{path}")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client")


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example/id",
        "https://client.example",
        "https://client.example/",
        "https://user@client.example/id",
        "https://client.example/a/../id",
        "https://client.example/id#x",
        "ftp://client.example/id",
        "https://[broken/id",
    ],
)
async def test_identifiers_that_are_never_fetched(hand: Hand, url: str) -> None:
    response = await hand.authorize(url)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client")
