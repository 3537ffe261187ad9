"""PowerShell's commands, run by PowerShell where there is one, and by a reader of its rules."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from flows.exchange import Request
from flows.export import EXPORTS, Command, Unquotable
from flows.secrets import secrets_of
from tests.flows.export.corpus import CORPUS, FORM, get, json_body, requests
from tests.flows.export.echo import (
    Arrived,
    Echo,
    as_sent,
    assert_safe,
    at,
    environment,
    sent,
    the_one,
)
from tests.flows.export.powershell_reader import QUOTES, Reader, read_command_line

PWSH = shutil.which("pwsh")
powershell = EXPORTS["powershell"]


def by_reader(command: Command, echo: Echo, home: Path) -> Arrived:
    reader = Reader(home, dict(command.variables))
    (done,) = reader.run(command.text)
    assert (done.returncode, done.stderr) == (0, b""), command.text
    assert not [path for path in reader.made if path.exists()]
    return the_one(echo, command.text)


def by_pwsh(command: Command, echo: Echo, home: Path) -> Arrived:
    assert PWSH
    script = home / "command.ps1"
    script.write_text(command.text.replace("curl.exe", "curl"))
    variables = environment(command, home)
    done = subprocess.run(
        [os.fsencode(PWSH), b"-NoProfile", b"-File", os.fsencode(script)],
        env=variables,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b""), command.text
    return the_one(echo, command.text)


def check(request: Request, echo: Echo, home: Path) -> None:
    commands = []
    for secrets in ("variables", "values"):
        try:
            commands.append(powershell(request, secrets=secrets))
        except Unquotable as refusal:
            words = ("holds a character that curl", "among bytes that are no text")
            assert any(word in str(refusal) for word in words) and secrets_of(request), refusal
    for command in commands:
        assert_safe(command.text)
        assert command.text.isascii()
        arrived = by_reader(command, echo, home)
        assert as_sent(arrived) == sent(request), command.text
        if PWSH:
            assert as_sent(by_pwsh(command, echo, home)) == sent(request), command.text
    for secret in secrets_of(request):
        if len(secret.value) >= 6:
            for command in commands[:1] if commands and commands[0].variables else ():
                assert secret.value not in command.text
            assert secret.value not in powershell(request, secrets="redacted").text


@pytest.mark.parametrize("name", CORPUS)
def test_the_bytes_arrive(name: str, echo: Echo, home: Path) -> None:
    check(at(CORPUS[name], echo), echo, home)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request=requests())
def test_the_bytes_of_any_request_arrive(request: Request, echo: Echo, home: Path) -> None:
    check(at(request, echo), echo, home)


@pytest.mark.parametrize("quote", QUOTES)
def test_no_quote_of_powershell_ends_a_text(quote: str, echo: Echo, home: Path) -> None:
    evil = f"a{quote}; New-Item pwned; {quote}b $(New-Item pwned) `$x {quote}{quote}"
    check(at(json_body(f'{{"a": "{evil}"}}'.encode()), echo), echo, home)
    check(at(get("/?q=" + evil.replace(" ", "%20")), echo), echo, home)
    check(at(get("/", ("X-Evil", evil.encode().decode("latin-1"))), echo), echo, home)


def test_a_token_request_reads_well() -> None:
    request = Request(
        "POST",
        "https://as.example/token",
        (("Content-Type", FORM), ("User-Agent", "a"), ("Accept", "*/*")),
        b"grant_type=authorization_code&code=the-code-1",
    )
    assert powershell(request, comments=("Exchange code",)).text.split("\n") == [
        "# Exchange code",
        "# $env:AUTH_CODE = ...",
        "curl.exe -sS -i `",
        "  'https://as.example/token' `",
        "  -H 'User-Agent: a' `",
        "  --data-urlencode 'grant_type=authorization_code' `",
        "  --data-urlencode ('code=' + $env:AUTH_CODE) `",
        "  --max-time '60'",
    ]


def test_what_a_comment_says_stays_in_it() -> None:
    request = Request("GET", "https://h/")
    command = powershell(request, comments=("one\nGet-Item \u2028pwned",))
    assert command.text.count("\n") == powershell(request, comments=("one",)).text.count("\n")
    assert_safe(command.text)


def test_the_reader_takes_a_command_line_apart_as_windows_does() -> None:
    # The examples of "Parsing C command-line arguments".
    assert read_command_line(r'"a b c" d e') == ["a b c", "d", "e"]
    assert read_command_line(r'"ab\"c" "\\" d') == ['ab"c', "\\", "d"]
    assert read_command_line(r"a\\\b d'e f'g h") == ["a\\\\\\b", "d'e", "f'g", "h"]
    assert read_command_line(r"a\\\"b c d") == ['a\\"b', "c", "d"]
    assert read_command_line(r'a\\\\"b c" d e') == ["a\\\\b c", "d", "e"]
