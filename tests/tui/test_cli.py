"""The command line as a whole: what it imports, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows import __version__
from flows.client_authentication import AUTH_METHODS
from flows.session import GRANTS, LOG_LEVELS, PROTOCOLS
from flows.signing import ALGORITHMS
from tui import argument_groups, arguments, help_texts
from tui.cli import main

ROOT = Path(__file__).parents[2]
HEAVY = ("httpx", "textual", "jwt", "cryptography", "mcp", "asyncio", "dataclasses", "rich")


def python(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_answers_at_once_without_the_engine(option: str) -> None:
    code = (
        "import sys; from tui.cli import main; code = main([sys.argv[1]]);"
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = python("-c", code, option)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert done.returncode == 0
    assert "authwalk" in done.stdout
    assert "tui" in loaded
    assert not loaded & set(HEAVY)


def test_version_is_the_engines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"authwalk {__version__}\n"


@pytest.mark.parametrize("command", help_texts.COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"usage: authwalk {command}")
    assert max(map(len, lines)) <= 90


def test_help_lists_commands_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"    {command}" in out for command in help_texts.COMMANDS)
    assert "examples:" in out
    assert "exit codes:" in out


def test_the_choices_are_those_of_the_engine() -> None:
    assert argument_groups.PROTOCOLS == PROTOCOLS
    assert argument_groups.AUTH_METHODS == AUTH_METHODS
    assert argument_groups.KEY_ALGORITHMS == ALGORITHMS
    assert argument_groups.GRANTS == GRANTS
    assert argument_groups.LOG_LEVELS == LOG_LEVELS


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["rnu"], "did you mean run"),
        (["chekc", "http://x/mcp"], "chekc is no command: did you mean check"),
        (["chekc", "--junit", "x"], "chekc is no command: did you mean check"),
        (["check", "http://x/mcp", "--junti", "x"], "no option --junti: did you mean --junit"),
        (["check", "http://x/mcp", "--junti", "x"], "Try: authwalk check --help"),
        (["run", "http://x/mcp", "--fault", "x"], "no option --fault: it is one of demo and lab"),
        (["run", "http://x/mcp", "http://y"], "unrecognized argument: http://y"),
        (["check", "http://x/mcp", "--fail-on", "warnin"], "did you mean warn"),
        (["mcp.example.com/mcp"], "did you mean https://mcp.example.com/mcp"),
        (["nonsense"], "no command, no http or https URL and no session file"),
        (["run"], "Try: authwalk run --help"),
        (["run", "ftp://x"], "no http or https URL"),
        (["run", "http://[bad/"], "Invalid IPv6 URL"),
        (["run", "mcp.example.com"], "did you mean https://mcp.example.com"),
        (["run", "http://x", "--call", "=1"], "NAME or NAME=JSON"),
        (["run", "http://x", "--call", "add=[1]"], "no JSON object"),
        (["run", "http://x", "--call", "add={"], "not JSON"),
        (["run", "http://x", "--header", "nonsense"], "'Name: value'"),
        (["run", "http://x", "--bearer-env", "AUTHWALK_NOT_SET"], "no variable AUTHWALK_NOT_SET"),
        (["run", "http://x", "--timeout", "-1"], "no number above 0"),
        (["run", "http://x", "--issuer-only", "--call", "a"], "needs an MCP server"),
        (["run", "http://x", "--protocol", "1999-01-01"], "none of auto, 2026-07-28"),
        (["lab", "--fault", "missing-audd"], "did you mean missing-aud"),
        (["lab", "--port", "70000"], "no port"),
        (["export", "x.toml"], "--as"),
        (["export", "x.toml", "--as", "curl", "--step", "nope"], "the steps are challenge"),
        (["https://mcp.example.com/mcp"], "the app needs a terminal"),
        ([], "the app needs a terminal"),
        (["demo"], "the app needs a terminal"),
    ],
)
def test_wrong_usage(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--json"],
        ["run", "nonsense", "--json"],
        ["run", "http://x", "--call", "add=1", "--json"],
        ["run", "http://x", "--json", "--nonsense"],
    ],
)
def test_wrong_usage_still_prints_one_document(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["code"] == "usage"
    assert document["outcome"] == "stopped"
    assert document["verdict"]["step"] is None


def test_the_value_of_a_wrong_option_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "http://x", "--client-secret=hush-hush"]) == 2
    err = capsys.readouterr().err
    assert "did you mean --client-secret-env" in err and "hush-hush" not in err


@pytest.mark.parametrize(
    ("word", "means"), [("warning", "warn"), ("MUST", "error"), ("none", "never"), ("info", "info")]
)
def test_levels_go_by_other_words_too(word: str, means: str) -> None:
    assert arguments.parse(["check", "http://x/mcp", "--fail-on", word]).fail_on == means


def test_the_value_of_a_wrong_header_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "http://x", "--header", ": hush-hush"]) == 2
    assert "hush-hush" not in capsys.readouterr().err


def test_a_missing_session_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([str(tmp_path / "no.toml")]) == 6
    assert "no such file" in capsys.readouterr().err


def test_a_fault_of_ours_is_said_and_documented(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(method: str, text: str) -> None:
        raise RuntimeError("\x1b[31mboom")

    monkeypatch.setattr("tui.commands.run.act_of", broken)
    assert main(["run", "http://x", "--call", "a", "--json"]) == 70
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["error"]["code"] == "internal"
    assert "RuntimeError: \\x1b[31mboom" in document["error"]["text"]
    assert "\x1b" not in err


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "lab", "--list-faults"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == 141
    process.stderr.close()


def test_a_terminal_without_our_signs_gets_ascii() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = python("-m", "tui", "run", "http://127.0.0.1:9/mcp", env=environment)
    assert done.returncode == 4
    assert "x Unreachable at Challenge" in done.stdout


@pytest.mark.parametrize("shell", arguments.SHELLS)
def test_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert "authwalk" in out
    assert "list-faults" in out


def test_completion_for_bash_is_a_script_bash_reads(capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", "bash"])
    script = capsys.readouterr().out
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
