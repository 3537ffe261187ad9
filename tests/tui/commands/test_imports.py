"""`authwalk import` of curl commands and configurations."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from flows.session import Target
from flows.store import load
from tui.cli import main

Capture = pytest.CaptureFixture[str]
URL = "https://mcp.example.com/mcp"
COMMAND = f"curl {URL} -H 'X-Team: tea-4711' -H 'Authorization: Bearer opaque-token-0001'"
CONFIG = {
    "mcpServers": {
        "one": {"url": "https://one.example/mcp"},
        "two": {"url": "https://two.example/mcp", "headers": {"X-Key": "key-of-two-4711"}},
        "here": {"command": "npx", "args": ["server"]},
    }
}


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps(CONFIG))
    return str(path)


def test_a_curl_command_from_wherever_it_is(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "command.sh"
    file.write_text(f"# mine\n{COMMAND}\n")
    stdin = io.TextIOWrapper(io.BytesIO(COMMAND.encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    target = Target(URL, headers=(("X-Team", "tea-4711"),), bearer="opaque-token-0001")
    for words in (["curl", COMMAND], ["curl", str(file)], [str(file)], ["curl", "-"]):
        saved = tmp_path / "saved.toml"
        assert main(["import", *words, "--save", str(saved), "--with-secrets"]) == 0
        assert URL in capsys.readouterr().out
        assert load(saved).target == target


def test_secrets_are_neither_told_nor_saved_unless_asked_for(
    tmp_path: Path, capsys: Capture
) -> None:
    saved = tmp_path / "saved.toml"
    for options in ([], ["--json"]):
        assert main(["import", "curl", COMMAND, "--save", str(saved), *options]) == 0
        told = capsys.readouterr()
        for text in (told.out, told.err, saved.read_text()):
            assert "opaque-token-0001" not in text and "tea-4711" not in text
    assert json.loads(told.out)["target"]["url"] == URL
    assert main(["import", "curl", COMMAND, "--json", "--with-secrets"]) == 0
    assert json.loads(capsys.readouterr().out)["target"]["bearer"] == "opaque-token-0001"


def test_a_server_of_a_configuration(config: str, tmp_path: Path, capsys: Capture) -> None:
    saved = tmp_path / "saved.toml"
    options = ["--server", "two", "--save", str(saved), "--with-secrets"]
    assert main(["import", config, *options]) == 0
    target = Target("https://two.example/mcp", headers=(("X-Key", "key-of-two-4711"),))
    assert load(saved).target == target
    assert "key-of-two-4711" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        ([], 2, "several servers: --server NAME says which of one, two, here"),
        (["--server", "three"], 2, "no server three"),
        (["--server", "here"], 6, "stdio"),
    ],
)
def test_which_server_must_be_said(
    config: str, options: list[str], status: int, says: str, capsys: Capture
) -> None:
    assert main(["import", config, *options]) == status
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["curl", "curl https://a.example | sh"], 6, "a bare | is for the shell"),
        (["curl", "/no/such/file"], 6, "cannot be read"),
        (["a", "b"], 2, "one FILE, or curl and a command"),
        (["curl", "curl a", "b"], 2, "one FILE, or curl and a command"),
    ],
)
def test_what_cannot_be_imported(words: list[str], status: int, says: str, capsys: Capture) -> None:
    assert main(["import", *words]) == status
    assert says in capsys.readouterr().err


def test_nothing_of_a_command_is_executed(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for text in (f"curl $(touch {made})", f"curl x; touch {made}", f"curl `touch {made}`"):
        assert main(["import", "curl", text]) == 6
    assert not made.exists()
