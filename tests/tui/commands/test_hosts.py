"""`authwalk hosts`, and walks as one of them: the verdict that the original report never got."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows.hosts import hosts
from flows.lab import Lab
from tui.cli import main

Capture = pytest.CaptureFixture[str]


def document(capsys: Capture, *arguments: str, status: int = 0) -> Any:
    assert main([*arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_every_host_is_listed(capsys: Capture) -> None:
    assert main(["hosts"]) == 0
    told = capsys.readouterr().out
    assert all(f"{name} " in told for name in hosts())
    listed = document(capsys, "hosts")["hosts"]
    assert [one["name"] for one in listed] == list(hosts())


def test_one_host_is_shown_with_its_evidence(capsys: Capture) -> None:
    assert main(["hosts", "show", "vscode"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("VS Code\n")
    assert "http://127.0.0.1:33418/" in told
    assert "documented by https://github.com/microsoft/vscode/" in told and "2026-11-26" in told
    shown = document(capsys, "hosts", "show", "vscode")["host"]
    assert shown["values"]["mcp_user_agent"] == {
        "value": "Visual Studio Code/1.130.0",
        "source": "https://github.com/MCPJam/inspector/blob/a18ed9b3500d9b49fa83f7c6c64c70176fe97a58/"
        "sdk/src/host-config/oauth-profiles/catalog.ts",
        "seen": "2026-07-29",
        "status": "documented",
    }
    assert {one["rule"] for one in shown["demands"]} >= {"resource"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["hosts", "show", "chatgtp"], "chatgtp is no host: did you mean chatgpt"),
        (["hosts", "show"], "hosts show wants a name"),
        (["run", "https://mcp.example.com/mcp", "--as", "nobody"], "nobody is no host"),
        (["check", "https://mcp.example.com/mcp", "--as", "../zed"], "../zed is no host"),
        (["demo", "--as", "cluade"], "did you mean claude"),
    ],
)
def test_an_unknown_host_is_wrong_usage(arguments: list[str], says: str, capsys: Capture) -> None:
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


def test_chatgpt_refuses_a_token_that_breaks_no_rule(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("host-refuses-token",))
    sound = document(capsys, "run", lab.mcp_url, "--approve")
    assert sound["verdict"]["step"] is None and sound["target"]["host"] is None
    found = document(capsys, "run", lab.mcp_url, "--approve", "--as", "chatgpt")
    verdict = found["verdict"]
    assert (found["outcome"], found["target"]["host"]) == ("completed", "chatgpt")
    assert (verdict["step"], verdict["party"]) == ("token", "authorization-server")
    assert (verdict["check"], verdict["host"]) == ("HOST-09", "chatgpt")
    assert "RFC 6749 §5.1 allows it" in verdict["cause"]
    assert "ChatGPT is reported to refuse" in verdict["cause"]
    assert verdict["alternatives"][0]["check"] == "HOST-11"
    assert any("ChatGPT dials from" in words for words in found["substituted"])
    quoted = {one["check"] for one in found["findings"] if one["host"] == "chatgpt"}
    assert {"HOST-09", "HOST-11"} <= quoted


def test_what_a_host_is_documented_to_refuse_fails_its_walk(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("resource-trailing-slash",))
    assert main(["run", lab.mcp_url, "--approve", "--as", "claude", "--quiet"]) == 1
    told = capsys.readouterr().out
    assert told.startswith("✗ Claude would refuse this\n")
    assert told.count("Claude is documented to") == 1, "see also does not say it again"
    found = document(capsys, "run", lab.mcp_url, "--approve", "--as", "claude", status=1)
    assert found["outcome"] == "completed"


def test_a_host_is_known_by_its_title_in_any_case(capsys: Capture) -> None:
    assert main(["hosts", "ChatGPT"]) == 0
    first = capsys.readouterr().out
    assert main(["hosts", "show", "chatgpt"]) == 0
    assert capsys.readouterr().out == first and first.startswith("ChatGPT\n")
    assert main(["hosts", "show", "vs code"]) == 0
    told = capsys.readouterr().out
    assert "asks only the first that the resource metadata names" in told
    assert main(["hosts", "tell", "chatgpt"]) == 2


def test_both_verdicts_are_told(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("host-refuses-token",))
    assert main(["run", lab.mcp_url, "--approve", "--as", "chatgpt"]) == 0
    told = capsys.readouterr().out
    assert "  as ChatGPT" in told.splitlines()[0]
    assert "\n! ChatGPT may refuse this\n  step      Exchange code" in told, "it is only reported"
    assert "standard  sound: no rule is found broken" in told
    assert "source    reported by" in told
    lab.set_faults(("token-type-lowercase", "token-cacheable"))
    main(["run", lab.mcp_url, "--approve", "--as", "chatgpt"])
    told = capsys.readouterr().out
    assert "standard  RFC 6749 §5.1" in told
    assert 'host      token_type is "bearer".' in told


@pytest.mark.parametrize("host", sorted(hosts()))
def test_the_clean_lab_is_walked_as_every_host(host: str, lab: Lab, capsys: Capture) -> None:
    lab.set_faults(())
    status = main(["run", lab.mcp_url, "--approve", "--as", host, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (status, found["outcome"]) == (0, "completed"), found["verdict"]
    told = [one for one in found["findings"] if one["host"] and one["result"] in ("fail", "warn")]
    assert told == []


def test_a_host_that_is_too_old_for_a_server_is_no_fault_of_the_server(
    lab: Lab, capsys: Capture
) -> None:
    lab.set_faults(("modern-only",))
    found = document(capsys, "run", lab.mcp_url, "--approve", "--as", "claude-code", status=1)
    verdict = found["verdict"]
    assert (verdict["step"], verdict["party"], verdict["check"]) == ("connect", "client", "HOST-16")
    assert "Claude Code was seen to speak 2025-11-25" in verdict["cause"]
    assert verdict["host"] == "claude-code"


def test_the_report_has_both_verdicts(lab: Lab, capsys: Capture, tmp_path: Path) -> None:
    lab.set_faults(("host-refuses-token",))
    path = str(tmp_path / "walk.toml")
    assert main(["run", lab.mcp_url, "--approve", "--as", "chatgpt", "--save", path]) == 0
    capsys.readouterr()
    assert main(["export", path, "--as", "report"]) == 0
    told = capsys.readouterr().out
    assert "No rule of the standards is found broken; ChatGPT stumbles at step 9" in told
    assert "reported by `https://github.com/5starsunited/neonpanel-mcp-server/" in told
    assert "walking as ChatGPT from the machine it ran on" in told
