"""What `run` asks of a person, with a real process: the listener, a pasted line, credentials, and
what is kept when it ends early."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError

import pytest

from flows.lab import Lab
from flows.store import load

ROOT = Path(__file__).parents[3]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def redirect_of(url: str) -> str:
    """Where the lab sends the browser."""
    try:
        urllib.request.build_opener(NoRedirect).open(url)
    except HTTPError as answer:
        with answer:
            return str(answer.headers["Location"])
    raise AssertionError("no redirect")


@contextmanager
def started(*words: str, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "run", *words],
        cwd=ROOT,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # getpass must not find the terminal of whoever runs the tests
    )
    try:
        with process:
            yield process
    finally:
        process.kill()


def until(stream: IO[str], prompt: str) -> str:
    """What a stream says, up to a prompt that ends no line."""
    said = ""
    while not said.endswith(prompt):
        char = stream.read(1)
        assert char, said
        said += char
    return said


def authorization_url(lines: Iterable[str]) -> str:
    return next(line.strip() for line in lines if "/authorize?" in line)


def test_the_listener_takes_the_response(lab: Lab) -> None:
    with started(lab.mcp_url, "--wait", "60", "--json") as process:
        assert process.stdout and process.stderr
        url = redirect_of(authorization_url(process.stderr))
        with urllib.request.urlopen(url) as page:
            assert page.status == 200
        document = json.loads(process.stdout.read())
        assert process.wait(60) == 0
    assert document["outcome"] == "completed"
    assert next(s["word"] for s in document["steps"] if s["id"] == "callback") == "listener"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_a_pasted_line_takes_the_response(lab: Lab) -> None:
    terminal, stdin = os.openpty()
    try:
        with started(lab.mcp_url, "--json", stdin=stdin) as process:
            assert process.stdout and process.stderr
            url = redirect_of(authorization_url(process.stderr))
            os.write(terminal, b"this is not it\n")
            assert any("Neither a URL nor a code" in line for line in process.stderr)
            os.write(terminal, f"  <{url}>\n".encode())
            document = json.loads(process.stdout.read())
            assert process.wait(60) == 0
    finally:
        os.close(terminal)
        os.close(stdin)
    assert next(s["word"] for s in document["steps"] if s["id"] == "callback") == "pasted"


def test_a_response_that_is_not_ours_is_judged_when_time_is_up(lab: Lab) -> None:
    lab.set_faults(("missing-state",))
    with started(lab.mcp_url, "--wait", "4", "--json") as process:
        assert process.stdout and process.stderr
        url = redirect_of(authorization_url(process.stderr))
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(url)
        refused.value.close()
        document = json.loads(process.stdout.read())
        assert "Not ours" in process.stderr.read()
        assert process.wait(60) == 1
    assert document["verdict"]["step"] == "callback"
    assert document["verdict"]["cause"] == "state is missing."


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_client_credentials_are_asked_for(lab: Lab) -> None:
    lab.set_faults(("no-registration",))
    terminal, stdin = os.openpty()
    try:
        with started(lab.mcp_url, "--approve", "--json", stdin=stdin) as process:
            assert process.stdout and process.stderr
            errors = until(process.stderr, "client identifier: ")
            os.write(terminal, b"nobody\n")
            errors += until(process.stderr, "client secret (optional): ")
            os.write(terminal, b"hush-0123456789\n")
            document = json.loads(process.stdout.read())
            errors += process.stderr.read()
            assert process.wait(60) == 1
    finally:
        os.close(terminal)
        os.close(stdin)
    assert next(s["state"] for s in document["steps"] if s["id"] == "client") == "ok"
    assert document["verdict"]["step"] == "authorize"
    assert "hush" not in json.dumps(document) + errors


def test_a_walk_is_saved_when_its_reader_goes_away(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "walk.toml"
    with started(lab.mcp_url, "--wait", "60", "--save", str(path)) as process:
        assert process.stdout and process.stderr
        url = redirect_of(authorization_url(process.stdout))
        process.stdout.close()
        urllib.request.urlopen(url).close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 141
    assert load(path).events


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_an_interrupt_saves_and_reports(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "walk.toml"
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)  # "&" has a shell ignore it
    with started(lab.mcp_url, "--wait", "60", "--json", "--save", str(path)) as process:
        signal.signal(signal.SIGINT, heard)
        assert process.stdout and process.stderr
        authorization_url(process.stderr)
        process.send_signal(signal.SIGINT)
        document = json.loads(process.stdout.read())
        errors = process.stderr.read()
        assert process.wait(60) == 130
    assert document["error"]["code"] == "interrupted"
    assert "Traceback" not in errors
    assert [event.step for event in load(path).events][-1] == "authorize"
