"""`authwalk help`, the manual page, and `authwalk keys`."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flows.lab import Lab
from tui import config
from tui.cli import main
from tui.help_texts import COMMANDS
from tui.topics import TOPICS, manual

Capture = pytest.CaptureFixture[str]


def test_every_topic_and_every_command_is_helped_with(capsys: Capture) -> None:
    assert main(["help"]) == 0
    listed = capsys.readouterr().out
    for topic, (summary, _) in TOPICS.items():
        assert f"{topic} " in listed and summary in listed
        assert main(["help", topic]) == 0
        told = capsys.readouterr().out
        assert len(told) > 200 and all(len(line) <= 100 for line in told.splitlines())
    for command in COMMANDS:
        assert main(["help", command]) == 0
        assert f"authwalk {command}" in capsys.readouterr().out


def test_a_topic_that_is_none_is_guessed_at(capsys: Capture) -> None:
    assert main(["help", "secret"]) == 2
    assert "did you mean secrets" in capsys.readouterr().err


def test_the_manual_page_is_roff_without_complaint(capsys: Capture) -> None:
    assert main(["help", "--man"]) == 0
    assert capsys.readouterr().out == manual() + "\n"
    for name in COMMANDS:
        assert f".B {name.replace('-', chr(92) + '-')}\n" in manual()
    if groff := shutil.which("groff"):
        done = subprocess.run(
            [groff, "-man", "-ww", "-Tutf8", "-z"], input=manual(), text=True, capture_output=True
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_keys_are_listed_as_they_are_set(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "folder", lambda: tmp_path)
    assert main(["keys"]) == 0
    told = capsys.readouterr().out
    assert "  enter              walk.next                Make the next move\n" in told
    (tmp_path / "keys.toml").write_text('"walk.next" = "f5"\n"walk.nx" = "f6"\n')
    assert main(["keys", "--json"]) == 0
    captured = capsys.readouterr()
    keys = {entry["id"]: entry["keys"] for entry in json.loads(captured.out)["keys"]}
    assert keys["walk.next"] == ["f5"] and keys["app.help"] == ["f1", "?"]
    assert "there is no walk.nx: did you mean walk.next" in captured.err


def test_the_gate_of_the_topic_ci_runs_as_written(
    lab: Lab, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written = [line for line in TOPICS["ci"][1].splitlines() if "authwalk check" in line]
    assert len(written) == 3
    for line in written:
        words = shlex.split(line.partition("authwalk ")[2])
        assert main([lab.mcp_url if "URL" in word else word for word in words]) == 0
        assert ElementTree.parse("report.xml").getroot().tag == "testsuites"


def test_completion_knows_the_topics(capsys: Capture) -> None:
    assert main(["completion", "bash"]) == 0
    out = capsys.readouterr().out
    assert all(topic in out for topic in TOPICS)
