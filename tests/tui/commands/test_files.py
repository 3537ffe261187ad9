"""`authwalk show` and `authwalk export`: what a saved session tells."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from flows.lab import Lab
from flows.session import Session, Target
from flows.store import save
from flows.walk import new_session
from tui.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def saved(lab: Lab, tmp_path: Path, capsys: Capture) -> Path:
    """A walk with a refresh and two calls; what `run` printed lies beside it."""
    path = tmp_path / "walk.toml"
    words = ["--refresh", "--call", 'add={"a":1,"b":2}', "--call", "fail", "--list"]
    assert main(["run", lab.mcp_url, "--approve", "--save", str(path), *words]) == 5
    path.with_suffix(".txt").write_text(capsys.readouterr().out)
    return path


def body(text: str) -> list[str]:
    """The lines of the walk, without head and the note that it was saved."""
    lines = text.splitlines()
    lines = [line for line in lines if not line.startswith(("authwalk", "walked", "  Saved"))]
    return lines


def test_show_prints_what_run_printed(saved: Path, capsys: Capture) -> None:
    assert main(["show", str(saved), "--list"]) == 0
    out = capsys.readouterr().out
    assert body(out) == body(saved.with_suffix(".txt").read_text())


def test_show_as_a_document(saved: Path, capsys: Capture) -> None:
    assert main(["show", str(saved), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["code"] == "tool-error"
    assert [call["name"] for call in document["calls"]] == ["add", "fail"]


def test_show_of_a_walk_that_never_began(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "empty.toml"
    save(path, new_session(Target("https://mcp.example.com/mcp")))
    assert main(["show", str(path)]) == 0
    assert "Ended before Challenge" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["show"], ["export", "--as", "curl"]])
@pytest.mark.parametrize("content", [None, b"", b"not toml [", b"\xff\xfe", b"x = 1\n"])
def test_files_that_are_no_session(
    command: list[str], content: bytes | None, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "broken.toml"
    if content is not None:
        path.write_bytes(content)
    assert main([command[0], str(path), *command[1:]]) == 6
    out, err = capsys.readouterr()
    assert out == ""
    assert str(path) in err


def test_a_broken_file_as_a_document(tmp_path: Path, capsys: Capture) -> None:
    assert main(["show", str(tmp_path / "no.toml"), "--json"]) == 6
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "file"


def test_export_gives_a_command_for_every_request(saved: Path, capsys: Capture) -> None:
    main(["show", str(saved), "--json"])
    shown = json.loads(capsys.readouterr().out)
    number = sum(len(step["exchanges"]) for step in shown["steps"])
    assert main(["export", str(saved), "--as", "curl"]) == 0
    out = capsys.readouterr().out
    assert len(re.findall(r"^curl -sS ", out, re.MULTILINE)) == number
    assert "# Challenge: server/discover" in out
    assert subprocess.run(["bash", "-n"], input=out, text=True).returncode == 0


FIRST_WORDS = {"powershell": "curl.exe -sS -i", "httpie": "http --", "http": "### ", "raw": "POST "}


@pytest.mark.parametrize("form", FIRST_WORDS)
def test_export_in_the_words_of_other_tools(form: str, saved: Path, capsys: Capture) -> None:
    assert main(["export", str(saved), "--as", form, "--step", "token"]) == 0
    out = capsys.readouterr().out
    assert len(re.findall(f"^{re.escape(FIRST_WORDS[form])}", out, re.MULTILINE)) == 1
    assert "AUTH_CODE" in out and "CODE_VERIFIER" in out


def test_export_redacted(saved: Path, capsys: Capture) -> None:
    assert main(["export", str(saved), "--as", "curl", "--redacted", "--step", "token"]) == 0
    out = capsys.readouterr().out
    assert "redacted-" in out and "$" not in out
    assert main(["export", str(saved), "--as", "curl", "--redacted", "--with-secrets"]) == 2


def test_export_as_a_script_that_runs(saved: Path, capsys: Capture) -> None:
    assert main(["export", str(saved), "--as", "script"]) == 0
    out = capsys.readouterr().out
    words = ["sh", "-s", "--", "--approve"]
    done = subprocess.run(words, input=out, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Every step went as in the record.\n")


def test_export_as_har_is_redacted_and_can_be_imported(
    saved: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["export", str(saved), "--as", "har"]) == 0
    out = capsys.readouterr().out
    file = tmp_path / "walk.har"
    file.write_text(out)
    assert main(["import", str(file), "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out)


def test_export_of_one_step(saved: Path, capsys: Capture) -> None:
    assert main(["export", str(saved), "--as", "curl", "--step", "token"]) == 0
    out = capsys.readouterr().out
    assert out.count("curl -sS") == 1
    assert '"$AUTH_CODE"' in out


def test_export_of_a_step_without_requests(saved: Path, capsys: Capture) -> None:
    assert main(["export", str(saved), "--as", "curl", "--step", "pkce"]) == 0
    out, err = capsys.readouterr()
    assert "no requests at PKCE" in err
    assert "curl" not in out


def test_export_says_when_there_are_no_secrets_to_give(saved: Path, capsys: Capture) -> None:
    assert main(["export", str(saved), "--as", "curl", "--with-secrets"]) == 0
    assert "saved without its secrets" in capsys.readouterr().err


def test_export_with_secrets(lab: Lab, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "walk.toml"
    words = ["--approve", "--with-secrets", "--save", str(path)]
    assert main(["run", lab.mcp_url, *words]) == 0
    capsys.readouterr()
    assert main(["export", str(path), "--as", "curl", "--with-secrets", "--step", "tools"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert re.search(r"Authorization: Bearer eyJ[\w.-]{100,}", out)


def test_a_hostile_target_is_made_visible(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "hostile.toml"
    session: Session = new_session(Target("http://x/\x1b]52;c;aGk=\x07"))
    save(path, session)
    assert main(["show", str(path)]) == 0
    assert "\x1b" not in capsys.readouterr().out
