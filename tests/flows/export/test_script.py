"""The script of a walk, run from end to end against the lab that was walked."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.export import Unquotable
from flows.export.script import script
from flows.lab import Lab
from flows.session import Protocol, Session, Target
from flows.store import redact_session
from flows.walk import Walk, new_session
from flows.wire import Wire
from tests.flows.world import MCP, World, answer
from tests.hostile import HOSTILE
from tests.tui.commands.conftest import lab_in_a_thread

SHELLS = ("sh", "dash", "bash")
PROTOCOLS: tuple[Protocol, ...] = ("2026-07-28", "2025-11-25")


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    with lab_in_a_thread() as lab:
        yield lab


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    yield running
    running.set_faults(())


def recorded(target: Target) -> Session:
    """A walk of the lab to the result of a tool."""

    async def walk_it() -> Session:
        walk = Walk(new_session(target), Wire())
        try:
            await walk.run(hold=frozenset())
            assert await walk.approve() == ""
            await walk.run(hold=frozenset())
            walk.answer("call", name="add", arguments=json.dumps({"a": 20, "b": 22}))
            await walk.run(hold=frozenset())
            assert walk.current is None and walk.diagnosis.sound
            return walk.session
        finally:
            await walk.close()

    return asyncio.run(walk_it())


@pytest.fixture(scope="module")
def sessions(running: Lab) -> dict[str, Session]:
    running.set_faults(())
    return {one: recorded(Target(running.mcp_url, protocol=one)) for one in PROTOCOLS}


def script_of(session: Session) -> str:
    return script(Walk(session, Wire()))


def run(
    text: str,
    shell: str,
    folder: Path,
    *words: str,
    path: str | None = None,
    typed: str = "",
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    file = folder / "walk.sh"
    file.write_text(text)
    found = shutil.which(shell)
    assert found
    environment = {"PATH": path or os.environ["PATH"], "TMPDIR": str(folder), **variables}
    done = subprocess.run(
        [found, str(file), *words],
        input=typed,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert list(folder.iterdir()) == [file]  # nothing is left behind
    return done


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_it_walks_from_end_to_end(
    shell: str, protocol: str, sessions: dict[str, Session], tmp_path: Path
) -> None:
    done = run(script_of(sessions[protocol]), shell, tmp_path, "--approve")
    assert (done.returncode, done.stderr) == (0, "")
    assert "== step 9, Exchange code\n200\n" in done.stdout
    assert "== step 14, tools/call" in done.stdout and "42" in done.stdout
    assert done.stdout.endswith("\nEvery step went as in the record.\n")


def test_a_session_without_secrets_gives_a_script_too(
    sessions: dict[str, Session], tmp_path: Path
) -> None:
    text = script_of(redact_session(sessions["2025-11-25"]))
    assert run(text, "dash", tmp_path, "--approve").returncode == 0


def test_it_needs_no_jq(sessions: dict[str, Session], tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in "sh curl openssl mktemp rm tr sed grep od mv cat".split():
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    home = tmp_path / "home"
    home.mkdir()
    for session in sessions.values():
        done = run(script_of(session), "dash", home, "--approve", path=str(programs))
        assert (done.returncode, done.stderr) == (0, "")
        assert '"access_token":"..."' in done.stdout.replace(" ", "")


def test_tokens_are_printed_only_when_asked_for(
    sessions: dict[str, Session], tmp_path: Path
) -> None:
    text = script_of(sessions["2026-07-28"])
    assert "eyJ" not in run(text, "dash", tmp_path, "--approve").stdout
    shown = run(text, "dash", tmp_path, APPROVE="1", SHOW_SECRETS="1")
    assert shown.returncode == 0 and "eyJ" in shown.stdout


def test_it_asks_for_the_redirect_and_checks_its_state(
    sessions: dict[str, Session], tmp_path: Path
) -> None:
    text = script_of(sessions["2026-07-28"])
    done = run(text, "dash", tmp_path, typed="http://127.0.0.1/callback?code=c&state=other\n")
    assert "Open this in a browser" in done.stdout and "Paste that address" in done.stdout
    assert "STOPPED at step 8, Response: state is not the one that was sent" in done.stderr
    done = run(
        text, "dash", tmp_path, typed="http://x/?error=access_denied&error_description=a%20b"
    )
    assert "STOPPED at step 8, Response: access_denied a b" in done.stderr
    assert "no redirect was given" in run(text, "dash", tmp_path).stderr


STOPS = {
    "challenge-login-redirect": "1, Challenge: 302, where the record has 401",
    "no-challenge-header": "1, Challenge: the answer has no www-authenticate",
    "resource-metadata-missing": "2, Resource metadata: 404, where the record has 200",
    "resource-mismatch": "2, Resource metadata: resource is ",
    "issuer-mismatch": "3, Server metadata: issuer is ",
    "no-token-endpoint": "3, Server metadata: token_endpoint is missing",
    "jwks-500": "4, Signing keys: 500, where the record has 200",
    "register-fails": "5, Client: 500, where the record has 201",
    "register-no-client-id": "5, Client: the answer has no client_id",
    "authorize-500": "8, Response: the server wants a person",
    "consent-denied": "8, Response: access_denied",
    "wrong-state": "8, Response: state is not the one that was sent",
    "missing-state": "8, Response: state is not the one that was sent",
    "wrong-iss-response": "8, Response: iss is https://issuer.example, not ",
    "missing-iss-response": "8, Response: iss is missing",
    "callback-without-code": "8, Response: the response has no code",
    "token-500": "9, Exchange code: 500, where the record has 200",
    "token-200-error": "9, Exchange code: the answer has no access_token",
    "token-html": "9, Exchange code: the answer has no access_token",
    "expired-code": "9, Exchange code: 400, where the record has 200",
}


@pytest.mark.parametrize("fault", STOPS)
def test_it_stops_where_a_fault_stops_it(
    fault: str, lab: Lab, sessions: dict[str, Session], tmp_path: Path
) -> None:
    lab.set_faults((fault,))
    done = run(script_of(sessions["2026-07-28"]), "dash", tmp_path, "--approve")
    assert done.returncode == 1
    assert f"STOPPED at step {STOPS[fault]}" in done.stderr
    assert "Every step" not in done.stdout


def test_a_walk_that_stopped_gives_a_script_that_stops_there(tmp_path: Path) -> None:
    world = World()
    world.routes["POST https://auth.example.com/register"] = answer(403, {"error": "x'$(id)`"})
    world.walk()
    text = script_of(world.session)
    assert "stop 'the recorded walk stopped here: registration refused with 403" in text
    assert subprocess.run(["dash", "-n"], input=text, text=True).returncode == 0


def test_what_no_answer_brings_must_be_set(tmp_path: Path) -> None:
    target = Target(MCP, client_id="my-client", client_secret="the-client-secret")
    world = World(target)
    world.walk()
    text = script_of(world.session)
    assert "the-client-secret" not in text
    assert "#   CLIENT_SECRET=...   must be set" in text.replace("'", "")
    done = run(text, "dash", tmp_path)
    assert done.returncode == 2 and "CLIENT_SECRET" in done.stderr


def test_header_values_of_the_person_must_be_set(tmp_path: Path) -> None:
    world = World(Target(MCP, headers=(("X-Tenant", "tenant key 0815"),)))
    world.walk()
    text = script_of(world.session)
    assert "0815" not in text and "'X-Tenant: '\"$CREDENTIALS\"" in text


def test_signed_requests_have_no_script() -> None:
    world = World(Target(MCP, dpop=True))
    world.walk()
    with pytest.raises(Unquotable, match="DPoP"):
        script_of(world.session)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_server_says_stays_text(text: str, tmp_path: Path) -> None:
    """Nothing of it is run, and a terminal that shows the script obeys nothing."""
    world = World()
    evil = f"'; touch {tmp_path}/pwned; '{text}$(touch {tmp_path}/pwned)"
    world.routes["POST https://auth.example.com/register"] = answer(
        400, {"error": evil, "error_description": evil}
    )
    world.walk()
    done = script_of(world.session)
    assert not [char for char in done if not char.isprintable() and char != "\n"]
    lines = done[done.index("\nCODE_VERIFIER=") if "\nCODE_VERIFIER=" in done else 0 :]
    only_words = "\n".join(
        line for line in lines.split("\n") if line.startswith(("stop ", "step ", "same ", "#"))
    )
    functions = "step() { :; }; stop() { :; }; same() { :; }\n"
    subprocess.run(["dash", "-c", functions + only_words], check=True, timeout=30)
    assert list(tmp_path.iterdir()) == []
