"""`authwalk replay` and `authwalk compare`: exit codes, words, documents, and no secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.lab import Lab
from flows.session import Session, Target
from flows.store import load, save
from flows.store.redaction import known_secrets
from flows.walk import new_session
from tests.hostile import HOSTILE
from tui.cli import main

Capture = pytest.CaptureFixture[str]


def run(lab: Lab, path: Path, *words: str) -> Path:
    call = ["--call", 'add={"a":1,"b":2}']
    main(["run", lab.mcp_url, "--approve", "--quiet", "--save", str(path), *call, *words])
    return path


@pytest.fixture
def saved(lab: Lab, tmp_path: Path, capsys: Capture) -> Path:
    path = run(lab, tmp_path / "walk.toml", "--with-secrets")
    capsys.readouterr()
    return path


@pytest.fixture
def broken(lab: Lab, tmp_path: Path, capsys: Capture) -> Path:
    lab.set_faults(["missing-aud"])
    path = run(lab, tmp_path / "broken.toml", "--with-secrets")
    lab.set_faults(())
    capsys.readouterr()
    return path


def secrets_of(*sessions: Session) -> set[str]:
    return {secret for one in sessions for secret in known_secrets(one) if len(secret) >= 6}


def test_a_replay_that_is_the_same(saved: Path, capsys: Capture) -> None:
    assert main(["replay", str(saved), "--approve"]) == 0
    out = capsys.readouterr().out
    assert "Nothing differs but what must." in out and "14 ✓ tools/call" in out


def test_a_replay_against_a_fault_and_what_it_saves(
    lab: Lab, saved: Path, tmp_path: Path, capsys: Capture
) -> None:
    lab.set_faults(["expires-in-string"])
    new = tmp_path / "new.toml"
    assert main(["replay", str(saved), "--approve", "--save", str(new)]) == 1
    out = capsys.readouterr().out
    assert "They differ at 9 Exchange code: response /expires_in" in out
    assert '          A  3600\n          B  "3600"\n' in out
    assert not secrets_of(load(saved)) & set(out.split())
    assert [event.step for event in load(new).exchanges][-1] == "call"


def test_a_replay_as_a_document_holds_no_secret(lab: Lab, saved: Path, capsys: Capture) -> None:
    lab.set_faults(["missing-aud"])
    assert main(["replay", str(saved), "--approve", "--json"]) == 1
    text = capsys.readouterr().out
    document = json.loads(text)
    assert (document["same"], document["first"], document["stopped"]) == (False, "token", None)
    (token,) = (step for step in document["steps"] if step["id"] == "token")
    (event,) = token["events"]
    differing = [one["field"] for one in event["differences"] if not one["must"]]
    assert differing == ["/access_token, claim aud"]
    must = {one["field"]: one for one in event["differences"] if one["must"]}
    assert "redacted" in must["form code"]["a"] and "redacted" in must["form code"]["b"]
    assert not [secret for secret in secrets_of(load(saved)) if secret in text]


def test_secrets_are_shown_when_they_are_asked_for(lab: Lab, saved: Path, capsys: Capture) -> None:
    assert main(["replay", str(saved), "--approve", "--json", "--with-secrets"]) == 0
    text = capsys.readouterr().out
    assert any(secret in text for secret in secrets_of(load(saved)))


def test_against_another_server(saved: Path, html_server: str, capsys: Capture) -> None:
    assert main(["replay", str(saved), "--against", html_server, "--approve"]) == 1
    out = capsys.readouterr().out
    assert "They differ at 1 Challenge: response status" in out and "Not all was made" in out


def test_nobody_is_there_and_nobody_answers(saved: Path, capsys: Capture) -> None:
    assert main(["replay", str(saved)]) == 3
    assert "wants a person" in capsys.readouterr().out
    assert main(["replay", str(saved), "--against", "http://127.0.0.1:1/mcp"]) == 4
    assert "refused" in capsys.readouterr().out


def test_offline_and_one_step(lab: Lab, saved: Path, capsys: Capture) -> None:
    assert main(["replay", str(saved), "--offline", "--quiet"]) == 0
    assert capsys.readouterr().out == "✓ Nothing differs but what must.\n"
    assert main(["replay", str(saved), "--step", "tools"]) == 0
    assert "13 ✓ tools/list" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--step", "nothing"],
        ["--step", "tools", "--against", "http://127.0.0.1:1/"],
        ["--step", "tools", "--offline"],
        ["--offline", "--against", "http://127.0.0.1:1/"],
        ["--offline", "--save", "x.toml"],
        ["--against", "no url"],
    ],
)
def test_wrong_usage(words: list[str], saved: Path, capsys: Capture) -> None:
    assert main(["replay", str(saved), *words]) == 2
    assert "authwalk: " in capsys.readouterr().err


def test_what_the_file_lacks_is_given_anew(lab: Lab, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "bearer.toml"
    target = Target(lab.mcp_url, bearer="a-token-of-the-person-0001")
    save(path, new_session(target))
    assert main(["run", lab.mcp_url, "--approve", "--save", str(path), "--with-secrets"]) == 0
    session = load(path)
    token = next(
        json.loads(event.exchange.response.body)["access_token"]
        for event in session.exchanges
        if event.step == "token" and event.exchange.response
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MCP_TOKEN", token)
        words = ["--bearer-env", "MCP_TOKEN", "--call", 'echo={"text": "hi"}']
        assert main(["run", lab.mcp_url, *words, "--save", str(path)]) == 0
        assert main(["replay", str(path), "--quiet"]) == 1, "the token was not saved"
        assert main(["replay", str(path), "--bearer-env", "MCP_TOKEN"]) == 0
    assert token not in capsys.readouterr().out


def test_compare(saved: Path, broken: Path, capsys: Capture) -> None:
    assert main(["compare", str(saved), str(saved)]) == 0
    assert "Nothing differs but what must." in capsys.readouterr().out
    assert main(["compare", str(saved), str(broken)]) == 1
    out = capsys.readouterr().out
    assert "response /access_token, claim aud" in out and "B  not there" in out
    assert "check JWT-07" in out and "nothing to say" in out


def test_compare_as_a_document(saved: Path, broken: Path, capsys: Capture) -> None:
    assert main(["compare", str(saved), str(broken), "--json"]) == 1
    text = capsys.readouterr().out
    document = json.loads(text)
    assert document["first"] == "token" and document["a"]["name"] == str(saved)
    assert not [one for one in secrets_of(load(saved), load(broken)) if one in text]
    assert main(["compare", str(saved), str(broken), "--json", "--with-secrets"]) == 1
    assert any(one in capsys.readouterr().out for one in secrets_of(load(saved)))


def test_files_that_cannot_be_read(saved: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["compare", str(saved), str(tmp_path / "none.toml")]) == 6
    assert main(["replay", str(tmp_path / "none.toml"), "--json"]) == 6
    assert "none.toml" in capsys.readouterr().err


def test_hostile_text_is_shown_and_not_obeyed(
    lab: Lab, saved: Path, tmp_path: Path, capsys: Capture
) -> None:
    lab.set_faults(["hostile-text"])
    assert main(["replay", str(saved), "--approve"]) == 1
    other = run(lab, tmp_path / "hostile.toml")
    assert main(["compare", str(saved), str(other)]) == 1
    out = capsys.readouterr().out
    assert out.isascii() or all(char.isprintable() or char == "\n" for char in out)
    assert not any(text in out for text in HOSTILE if not text.isprintable())
