from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.flows.test_logs import AUTHORIZE, OTHER, combined
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
        "✗ 2026-11-25 10:04:05  500 ×1  POST /oauth2/token  203.0.113.9  python-httpx/0.28.1",
        "the authorization server",
    ):
        assert words in out


def test_every_failure_is_told(tmp_path: Path, capsys: Capture) -> None:
    refused = AUTHORIZE.replace(" 302 ", " 400 ")
    well = [combined("/token", agent=f"well/{n:02}") for n in range(12)]
    again = [combined("/token", status, agent="again/1") for status in (400, 200)]
    path = written(tmp_path, refused, combined("/token", 500), *again, *well, OTHER)
    assert main(["logs", path]) == 0
    out = capsys.readouterr().out
    for words in (
        "400 ×1  GET /oauth2/authorize  203.0.113.9",
        "✓ 2026-11-25 10:04:05  200 ×1, 400 ×1  POST /token  203.0.113.9  again/1",
        "500 ×1  POST /token  203.0.113.9  python-httpx/0.28.1",
        "401 ×1  POST /api/token  203.0.113.9  okhttp/4",
        "well/11",
        "and 2 more before, answered",
    ):
        assert words in out
    assert "well/01" not in out


def test_the_window_is_told_beside_what_the_log_spans(tmp_path: Path, capsys: Capture) -> None:
    path = written(tmp_path, combined("/token"), OTHER)
    assert main(["logs", path, "--around", "2026-11-25T11:07:00+01:00", "--minutes", "2"]) == 0
    out = capsys.readouterr().out
    assert "2 lines, from 2026-11-25 10:04:05 to 2026-11-25 10:06:05 UTC" in out
    assert "1 of them within 2 min of 2026-11-25 10:07:00 UTC" in out
    assert main(["logs", path, "--around", "2026-11-25T12:00:00Z", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["window"]["lines"] == 0 and "time asked for" in told["verdict"]["says"]


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
    [
        (["/no/such/file"], 6),
        (["x", "--around", "noon"], 2),
        (["x", "--around", "0001-01-01T00:00+09:00"], 2),
        (["x", "--minutes", "-1"], 2),
    ],
)
def test_what_cannot_be_read(words: list[str], code: int, capsys: Capture) -> None:
    assert main(["logs", *words]) == code
    assert capsys.readouterr().err.startswith("authwalk")


def test_gzip_that_was_cut(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(combined("/token").encode() * 99)[:60])
    assert main(["logs", str(path)]) == 6
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "status"), [(b"hello\nworld\n", 6), (b"", 0)])
def test_a_log_without_a_request_is_told(
    content: bytes, status: int, tmp_path: Path, capsys: Capture
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(content)
    assert main(["logs", str(log)]) == status
    told = capsys.readouterr().out
    assert ("The log is empty." if status == 0 else "AWS ALB and HAProxy") in told
