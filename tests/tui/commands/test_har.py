from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.store import load
from tests.flows.test_har import CALLBACK, story
from tui.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "chatgpt.com.har"
    path.write_bytes(story())
    return str(path)


def test_the_story_from_a_browsers_har(file: str, tmp_path: Path, capsys: Capture) -> None:
    saved = tmp_path / "try.toml"
    assert main(["import", file, "--save", str(saved)]) == 0
    out = capsys.readouterr().out
    for words in (f"GET  {CALLBACK}", "500", "AR-09", "party     the client", "authwalk logs"):
        assert words in out
    assert "code-of-the-host" not in out and "code-of-the-host" not in saved.read_text()
    assert load(saved).target.redirect_uri == CALLBACK


def test_one_document(file: str, capsys: Capture) -> None:
    assert main(["import", file, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["verdict"]["check"], document["verdict"]["party"]) == ("AR-09", "client")
    assert document["sound"] is False


@pytest.mark.parametrize("data", [b"", b"[]", b'{"log": {"entries": []}}', b"\xff\xfe"])
def test_what_is_no_har(tmp_path: Path, capsys: Capture, data: bytes) -> None:
    path = tmp_path / "no.har"
    path.write_bytes(data)
    assert main(["import", str(path)]) == 6
    assert "no.har" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "absent.har")]) == 6
