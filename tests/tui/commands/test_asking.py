"""What `authwalk run` and the app declare, and tools that are tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.lab import Lab
from flows.session import CAPABILITIES
from tui.cli import main

Capture = pytest.CaptureFixture[str]


def report(*words: str, capsys: Capture, code: int) -> dict[str, Any]:
    assert main(["run", *words, "--approve", "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize("protocol", ["2026-07-28", "2025-11-25"])
def test_a_tool_that_is_a_task_just_works(lab: Lab, capsys: Capture, protocol: str) -> None:
    words = ("--call", 'brew_tea={"cups": 2}', "--protocol", protocol)
    form = ("--elicit", '{"strength": "weak"}')
    document = report(lab.mcp_url, *words, *form, capsys=capsys, code=0)
    (call,) = document["calls"]
    assert call["result"]["content"][0]["text"] == "2 x weak tea"
    assert call["error"] is None


@pytest.mark.parametrize("protocol", ["2026-07-28", "2025-11-25"])
def test_a_task_is_printed_once_it_is_over(lab: Lab, capsys: Capture, protocol: str) -> None:
    words = ["--call", "brew_tea", "--protocol", protocol, "--elicit", "accept"]
    assert main(["run", lab.mcp_url, "--approve", *words]) == 0
    out = capsys.readouterr().out
    assert out.count("✓ tools/call") == 1 and "1 x strong tea" in out
    assert "tasks/get" in out and "requestedSchema" not in out


def test_a_task_that_asks_needs_a_person(lab: Lab, capsys: Capture) -> None:
    document = report(lab.mcp_url, "--call", "brew_tea", capsys=capsys, code=3)
    assert "--elicit" in document["verdict"]["fix"]
    (call,) = document["calls"]
    assert call["result"] is None and "asks for input" in call["error"]["message"]


def test_who_declares_nothing_gets_no_task(lab: Lab, capsys: Capture) -> None:
    words = ("--call", "brew_tea", "--declare", "none")
    document = report(lab.mcp_url, *words, capsys=capsys, code=0)
    assert document["calls"][0]["result"]["content"][0]["text"] == "1 x tea, as it comes"


def test_a_url_is_accepted_without_being_fetched(lab: Lab, capsys: Capture) -> None:
    for protocol in ("2026-07-28", "2025-11-25"):
        words = ("--call", "connect_calendar", "--elicit", "accept", "--protocol", protocol)
        document = report(lab.mcp_url, *words, capsys=capsys, code=0)
        said = document["calls"][0]["result"]["content"][0]["text"]
        assert said.startswith("You chose to accept")


@pytest.mark.parametrize(
    ("words", "declared", "task"),
    [
        ([], CAPABILITIES, False),
        (["--declare", "roots"], ("roots",), False),
        (["--declare", "none", "--task"], (), True),
    ],
)
def test_the_app_declares_what_it_can_answer(
    words: list[str], declared: tuple[str, ...], task: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []

    def open_on(**options: Any) -> int:
        opened.append(options["target"])
        return 0

    monkeypatch.setattr("tui.commands.app.open_on", open_on)
    assert main(["https://mcp.example.com/mcp", *words]) == 0
    (target,) = opened
    assert (target.declare, target.task) == (declared, task)
