"""`authwalk lab`: the practice servers alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from flows.lab.faults import FAULTS
from tui.cli import main

ROOT = Path(__file__).parents[3]


def test_the_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "--list-faults"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FAULTS)


def test_the_faults_as_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "--list-faults", "--json"]) == 0
    assert [fault["name"] for fault in json.loads(capsys.readouterr().out)] == list(FAULTS)


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for option in ("--port", "--as-port"):
            assert main(["lab", option, str(port)]) == 4
            said = capsys.readouterr().err
            assert f"port {port} is in use: " in said and f"give {option} another" in said


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_it_serves_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "tui", "lab", "--json", "--fault", "missing-aud"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            ready = json.loads(process.stdout.readline())
            assert ready["faults"] == ["missing-aud"]
            url = f"{ready['issuer']}/.well-known/oauth-authorization-server"
            with urllib.request.urlopen(url) as answer:
                assert json.load(answer)["issuer"] == ready["issuer"]
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()
