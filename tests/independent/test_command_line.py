"""The same servers by the command line: one process there, one here."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.independent.conftest import ROOT, Start

ADD = ("--call", 'add={"a": 2, "b": 3}')


def run(*arguments: str) -> tuple[int, str]:
    """`authwalk run ARGUMENTS` without a terminal: its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "tui", "run", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("server", "verdict"),
    [
        ("sdk_open.py", "Sound"),
        ("sdk_combined.py", "Completed, with 1 warning"),
        ("fastmcp_oauth.py", "Sound"),
    ],
)
def test_to_the_tool_result(start: Start, server: str, verdict: str) -> None:
    code, said = run(start(server), "--approve", "--list", *ADD)
    assert code == 0, said
    assert "add  Add two numbers." in said
    assert verdict in said


def test_typescript_sdk(start: Start) -> None:
    call = ("--call", 'greet={"name": "Ada"}')
    code, said = run(start("sdk_example.mjs"), "--approve", "--list", *call)
    assert code == 0, said
    assert "multi-greet" in said
    assert "Hello, Ada!" in said


def test_as_one_document(start: Start) -> None:
    code, said = run(start("fastmcp_oauth.py"), "--approve", "--refresh", "--json", *ADD)
    assert code == 0, said
    document: dict[str, Any] = json.loads(said)
    assert document["outcome"] == "completed"


def test_issuer_alone(start: Start) -> None:
    issuer = start("oauth2_mock.mjs")
    client = ("--client-id", "walker", "--scope", "openid")
    code, said = run(issuer, "--issuer-only", "--approve", *client)
    assert code == 0, said


def test_a_form_needs_a_person(start: Start) -> None:
    issuer = start("oidc_mock.py")
    code, said = run(issuer, "--issuer-only", "--approve", "--scope", "openid")
    assert code == 3, said
    assert "A person is needed at Response" in said


def test_misspelt_issuer(start: Start) -> None:
    issuer = start("sdk_authorization_server.py")
    server = start("sdk_resource_server.py", f"{issuer}/", "introspection")
    code, said = run(server, "--approve")
    assert code == 1, said
    assert "trailing slash" in said


def test_what_changes_is_said_as_it_happens(start: Start) -> None:
    heard = ("--subscribe", "note://one", "--log-level", "info", "--listen", "3")
    code, said = run(start("sdk_changing.py"), *heard, "--call", "touch")
    assert code == 0, said
    lines = [line.split() for line in said.splitlines()]
    assert ["updated", "note://one"] in lines
    assert ["warning", "about", "to", "change"] in lines
    assert ["progress", "1", "of", "2", "half", "done"] in lines
    assert said.index("subscriptions/listen") < said.index("updated  ") < said.index("Sound")


def test_what_changed_is_in_the_document(start: Start) -> None:
    subscribe = ("--subscribe", "demo://resource/dynamic/text/1", "--listen", "3", "--json")
    call = ("--call", "toggle-subscriber-updates")
    code, said = run(start("everything.mjs", "streamableHttp"), *subscribe, *call)
    assert code == 0, said
    document: dict[str, Any] = json.loads(said)
    told = [(n["step"], n["method"], n["params"]) for n in document["notifications"]]
    uri = {"uri": "demo://resource/dynamic/text/1"}
    assert ("connect", "notifications/resources/updated", uri) in told
    assert [call["method"] for call in document["calls"]] == ["resources/subscribe", "tools/call"]
    connect = next(step for step in document["steps"] if step["id"] == "connect")
    assert connect["exchanges"][-1]["label"] == "end of the session"
    assert connect["exchanges"][-1]["method"] == "DELETE"


def test_the_older_transport(start: Start) -> None:
    call = ("--call", 'echo={"message": "hi"}')
    code, said = run(start("everything.mjs", "sse"), "--protocol", "2024-11-05", *call)
    assert code == 0, said
    assert "      Echo: hi" in said
