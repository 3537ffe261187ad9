from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.har import read_har
from flows.recorded import session_of
from flows.store import load
from flows.wire import WireOptions
from tests.flows.test_har import CALLBACK, story
from tests.tui.walking import SIZES, screen_lines
from tui.app import AuthwalkApp
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


def test_a_saved_record_tells_the_same_story(file: str, tmp_path: Path, capsys: Capture) -> None:
    saved = str(tmp_path / "try.toml")
    assert main(["import", file, "--save", saved]) == 0
    _, _, story = capsys.readouterr().out.partition("\n\n")
    assert main(["show", saved]) == 0
    _, _, shown = capsys.readouterr().out.partition("\n\n")
    assert shown.strip() and shown.strip() in story
    assert "No rule is broken" not in shown


def test_a_record_without_a_fault_is_not_called_sound(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "short.har"
    path.write_bytes(story(200))
    assert main(["import", str(path)]) == 0
    assert "No rule is broken, and the record ends at Response." in capsys.readouterr().out
    assert main(["import", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sound"] is False and document["lacks"] == ["the record ends at Response"]


@pytest.mark.parametrize("size", SIZES)
async def test_in_the_app_it_is_read_from_its_end(file: str, size: tuple[int, int]) -> None:
    session = session_of(read_har(Path(file).read_bytes()))
    async with AuthwalkApp(WireOptions(), session=session).run_test(size=size) as pilot:
        await pilot.pause()
        lines = screen_lines(pilot.app)
        assert "8 Response" in lines[1] and any("▌ 8 ✗ Response" in line for line in lines)
        assert "Internal" not in lines[-2] and "enter: on to Challenge" in lines[-2]


@pytest.mark.parametrize("data", [b"", b"[]", b'{"log": {"entries": []}}', b"\xff\xfe"])
def test_what_is_no_har(tmp_path: Path, capsys: Capture, data: bytes) -> None:
    path = tmp_path / "no.har"
    path.write_bytes(data)
    assert main(["import", str(path)]) == 6
    assert "no.har" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "absent.har")]) == 6


def test_a_har_in_place_of_a_session_is_told_as_that(file: str, capsys: Capture) -> None:
    assert main(["show", file]) == 6
    assert "authwalk import FILE --save FILE.toml" in " ".join(capsys.readouterr().err.split())


def test_how_much_of_the_record_is_of_the_connection_is_told(
    tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "a.har"
    file.write_bytes(story())
    main(["import", str(file)])
    assert "2 of its 3 requests are of this connection" in capsys.readouterr().out
