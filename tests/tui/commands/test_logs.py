from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.flows.test_logs import AUTHORIZE, combined
from tui.cli import main

Capture = pytest.CaptureFixture[str]
CODE = "/callback-token/token?code=secret-code-1&client_id=abc"


def written(folder: Path, *lines: str) -> str:
    path = folder / "access.log.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return str(path)


def test_what_arrived_and_whom_that_points_at(tmp_path: Path, capsys: Capture) -> None:
    path = written(tmp_path, AUTHORIZE, combined("/oauth2/token", 500))
    assert main(["logs", path]) == 0
    out = capsys.readouterr().out
    for words in (
        "2 lines, from 2026-11-25 10:04:05",
        "authorization        1   302 ×1",
        "2026-11-25 10:04:05  500  203.0.113.9  python-httpx/0.28.1",
        "the authorization server",
    ):
        assert words in out


def test_a_code_in_a_query_is_not_told(tmp_path: Path, capsys: Capture) -> None:
    path = written(tmp_path, combined(CODE))
    assert main(["logs", path, "--json"]) == 0
    out = capsys.readouterr().out
    assert "secret-code-1" not in out
    (entry,) = json.loads(out)["requests"]["token"]["entries"]
    assert entry["parameters"] == [["code", "…"], ["client_id", "abc"]]


def test_hostile_lines_are_shown_safely(tmp_path: Path, capsys: Capture) -> None:
    path = written(tmp_path, combined("/token").replace("python-httpx", "\x1b]52;c;x\x07"))
    assert main(["logs", path]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [(["/no/such/file"], 6), (["x", "--around", "noon"], 2), (["x", "--minutes", "-1"], 2)],
)
def test_what_cannot_be_read(words: list[str], code: int, capsys: Capture) -> None:
    assert main(["logs", *words]) == code
    assert capsys.readouterr().err.startswith("authwalk")


def test_gzip_that_was_cut(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(combined("/token").encode() * 99)[:60])
    assert main(["logs", str(path)]) == 6
    assert "cannot be read" in capsys.readouterr().err
