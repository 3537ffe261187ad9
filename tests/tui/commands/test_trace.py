"""What --trace wrote is what the servers received, request for request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.lab import Lab
from flows.lab.layers import buffered
from tests.tui.commands.conftest import lab_in_a_thread
from tui.cli import main

Seen = tuple[str, str, tuple[tuple[str, str], ...], str]
"""Method, path with query, header fields in their order with names in lower case, and body."""


class Recorder:
    """A layer that keeps every request of both servers as it came."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def recording(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                target = scope["raw_path"]
                if scope["query_string"]:
                    target += b"?" + scope["query_string"]
                fields = tuple((k.decode(), v.decode("latin-1")) for k, v in scope["headers"])
                body, receive = await buffered(receive)
                self.seen.append((scope["method"], target.decode(), fields, body.decode()))
            await app(scope, receive, send)

        return recording


@pytest.fixture
def recorded() -> Iterator[tuple[Lab, Recorder]]:
    recorder = Recorder()
    with lab_in_a_thread(recorder) as lab:
        yield lab, recorder


def traced(path: Path) -> list[Seen]:
    requests = (json.loads(line)["request"] for line in path.read_text().splitlines())
    return [
        (
            request["method"],
            urlsplit(request["url"])._replace(scheme="", netloc="").geturl(),
            tuple((name.lower(), value) for name, value in request["headers"]),
            request["body"],
        )
        for request in requests
    ]


@pytest.mark.parametrize("protocol", ["auto", "2025-11-25", "2025-06-18"])
def test_a_whole_walk(recorded: tuple[Lab, Recorder], tmp_path: Path, protocol: str) -> None:
    lab, recorder = recorded
    trace = tmp_path / "trace.jsonl"
    options = ["--protocol", protocol, "--approve", "--refresh", "--list", "--elicit"]
    options.append('{"guests": 3}')
    calls = [
        'echo={"text": "gr\u00fc\u00df dich \\u2028"}',
        'weather={"region": "north"}',
        'count={"to": 2}',
        'book_table={"day": "2026-12-01"}',
        'wipe_notes={"confirm": true}',  # for which the walk steps up
    ]
    words = [f"--call={call}" for call in calls]
    words += ["--read", "lab://about", "--prompt", 'explain_token={"claim": "aud"}']
    assert (
        main(["run", lab.mcp_url, *options, *words, "--trace", str(trace), "--with-secrets"]) == 0
    )
    written = traced(trace)
    # An exchange is written when it has ended, and some are under way beside others.
    assert sorted(written) == sorted(recorder.seen)
    bodies = [body for *_, body in written]
    for call in calls:
        name = call.partition("=")[0]
        assert any(f'"name":"{name}"' in body for body in bodies), name
    assert sum("code_verifier=" in body for body in bodies) == 2  # and once more to step up
