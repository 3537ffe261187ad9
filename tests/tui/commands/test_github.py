"""`authwalk check --format github`: the findings as workflow commands, each whole on its line."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from flows.lab import Lab
from tui.cli import main

Capture = pytest.CaptureFixture[str]
COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\n]*)::([^\n]*)")


def commands(lab: Lab, capsys: Capture, *options: str, code: int) -> list[tuple[str, str, str]]:
    """`(command, title, message)` of every line, as the runner reads them."""
    assert main(["check", lab.mcp_url, "--format", "github", *options]) == code
    found = []
    for line in capsys.readouterr().out.splitlines():
        read = COMMAND.fullmatch(line)
        assert read, line
        found.append((read[1], unquote(read[2]), unquote(read[3])))
    return found


def test_one_for_each_finding(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("introspect-open", "expires-in-string"))
    told = {
        title: (command, says)
        for command, title, says in commands(lab, capsys, "--approve", code=1)
    }
    command, says = told["INT-01, the authorization server"]
    assert command == "error"
    assert says.splitlines()[1:3] == [
        f"POST {lab.issuer}/introspect 200, response /active: false",
        "RFC 7662 §2.1, §4",
    ]
    command, says = told["TOK-09, the authorization server"]
    assert command == "warning" and 'response /expires_in: "3600"' in says
    assert told["TOK-21"][0] == "notice"


def test_of_a_sound_server_there_is_none(lab: Lab, capsys: Capture) -> None:
    assert main(["check", lab.mcp_url, "--format", "github"]) == 0
    out, err = capsys.readouterr()
    assert out == "" and "✓ Sound" in err


def test_hosts_and_persons_have_theirs(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("no-registration",))
    found = commands(lab, capsys, "--approve", "--hosts", code=3)
    assert ("error", "a person is needed") in [(command, title) for command, title, _ in found]
    assert ("warning", "ChatGPT would refuse") in [(command, title) for command, title, _ in found]


def test_a_server_cannot_give_commands(lab: Lab, capsys: Capture) -> None:
    lab.set_faults(("hostile-text", "register-fails"))
    main(["check", lab.mcp_url, "--approve", "--format", "github"])
    out, err = capsys.readouterr()
    assert all(COMMAND.fullmatch(line) for line in out.splitlines()) and out
    assert err == ""


def test_the_junit_file_beside_it(lab: Lab, capsys: Capture, tmp_path: Path) -> None:
    lab.set_faults(("introspect-open",))
    path = tmp_path / "report.xml"
    assert commands(lab, capsys, "--junit", str(path), code=1) and path.stat().st_size
    lab.set_faults(())
    words = ["check", lab.mcp_url, "--format", "github", "--junit", "-"]
    assert main(words) == 2
