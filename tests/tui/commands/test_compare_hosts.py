"""`authwalk compare URL --as A --as B`: the same server walked as two hosts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from flows.lab import Lab
from tui.cli import main

Capture = pytest.CaptureFixture[str]


def compared(capsys: Capture, *arguments: str, status: int) -> dict[str, Any]:
    assert main(["compare", *arguments, "--approve", "--json"]) == status
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize("host", ["chatgpt", "cursor", "goose", "vscode"])
def test_what_hosts_send_of_their_own_is_no_difference(
    lab: Lab, capsys: Capture, host: str
) -> None:
    found = compared(capsys, lab.mcp_url, "--as", "claude", "--as", host, status=0)
    assert found["same"] and found["first"] is None
    assert [walk["target"]["host"] for walk in found["walks"]] == ["claude", host]
    assert [walk["outcome"] for walk in found["walks"]] == ["completed", "completed"]


def test_the_first_step_that_one_host_minds_is_named(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("host-refuses-token",))
    found = compared(capsys, lab.mcp_url, "--as", "claude", "--as", "chatgpt", status=1)
    assert found["first"] == "token"
    one, other = (walk["verdict"] for walk in found["walks"])
    assert one["step"] is None
    assert (other["step"], other["host"], other["check"]) == ("token", "chatgpt", "HOST-09")
    told = next(step for step in found["steps"] if step["id"] == "token")
    assert [item["field"] for item in told["findings"]] == ["HOST-09"]


def test_where_one_ends_is_told_and_what_follows_does_not_count(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("user-agent-blocked",))
    arguments = [lab.mcp_url, "--as", "claude", "--as", "chatgpt", "--approve", "--quiet"]
    assert main(["compare", *arguments]) == 1
    told = capsys.readouterr().out
    assert "They differ at 1 Challenge" in told and "more step" not in told
    assert "A ends at 1 Challenge." in told


def test_in_words_it_ends_with_both_verdicts(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("host-refuses-token",))
    arguments = [lab.mcp_url, "--as", "claude", "--as", "chatgpt", "--approve", "--quiet"]
    assert main(["compare", *arguments]) == 1
    told = capsys.readouterr().out
    first, second = told.split("B  as ChatGPT")
    assert "They differ at 9 Exchange code" in first
    assert "A  as Claude\n✓ Sound" in first
    assert 'token_type is "bearer"' in second and "reported by" in second


def test_without_a_person_both_wait_at_the_login(lab: Lab, capsys: Capture) -> None:
    arguments = ["compare", lab.mcp_url, "--as", "claude", "--as", "cursor"]
    assert main([*arguments, "--quiet"]) == 3
    told = capsys.readouterr().out
    assert "… Nothing differs but what must, up to 8 Response.\n  --approve goes on" in told
    assert main([*arguments, "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["says"] == "Nothing differs but what must, up to 8 Response."
    assert [walk["outcome"] for walk in found["walks"]] == ["needs-person", "needs-person"]


def test_secrets_stay_out_of_the_document(lab: Lab, capsys: Capture) -> None:
    whole = re.compile(r"eyJ[\w-]+\.[\w-]+\.(?!redacted-)[\w-]{20}")
    hosts = ("--as", "vscode", "--as", "cursor")
    assert not whole.search(json.dumps(compared(capsys, lab.mcp_url, *hosts, status=0)))
    asked = compared(capsys, lab.mcp_url, *hosts, "--with-secrets", status=0)
    assert whole.search(json.dumps(asked))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["http://127.0.0.1:9/mcp", "--as", "claude"], "to compare two hosts"),
        (["http://127.0.0.1:9/mcp", "--as", "claude", "--as", "claude"], "two hosts are compared"),
        (["http://127.0.0.1:9/mcp", "--as", "claude", "--as", "cluade"], "did you mean claude"),
        (["a.toml", "b.toml", "--as", "claude", "--as", "cursor"], "to compare two hosts"),
        (["a.toml", "--as", "claude", "--as", "cursor"], "has no scheme"),
        (["a.toml"], "two session files, or a URL with --as twice"),
        (["a.toml", "b.toml", "--approve"], "goes with a URL and --as"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(
    arguments: list[str], words: str, capsys: Capture
) -> None:
    assert main(["compare", *arguments]) == 2
    assert words in capsys.readouterr().err
