"""Raw HTTP, sent as it is; .http files, read by the rules that their clients share."""

from __future__ import annotations

import re
import socket

import pytest
from hypothesis import HealthCheck, given, settings

from flows.exchange import Request
from flows.export import EXPORTS, Command, Unquotable
from flows.export.message import http_files
from flows.secrets import secrets_of
from tests.flows.export.corpus import CORPUS, requests
from tests.flows.export.echo import Arrived, Echo, as_sent, at, sent, the_one

raw, http_file = EXPORTS["raw"], EXPORTS["http"]


def send_raw(text: str, echo: Echo) -> Arrived:
    head, _, body = text.partition("\n\n")
    message = head.replace("\n", "\r\n") + "\r\n\r\n"
    with socket.create_connection(("127.0.0.1", echo.socket.getsockname()[1]), 10) as connection:
        connection.sendall(message.encode("utf-8", "surrogateescape") + body.encode())
        while connection.recv(4096):
            pass
    return the_one(echo, text)


def check_raw(request: Request, echo: Echo) -> None:
    try:
        command = raw(request)
    except Unquotable:
        return
    shows_no_secret(request, command)
    assert all(f"${name}" in command.text for name, _ in command.variables)
    arrived = send_raw(raw(request, secrets="values").text, echo)
    assert as_sent(arrived) == sent(request)


def shows_no_secret(request: Request, command: Command) -> None:
    for secret in secrets_of(request):
        if len(secret.value) >= 6:
            assert secret.value not in command.text


def read_http_file(text: str) -> Request:
    """One request of an .http file, as the VS Code REST Client reads it: definitions and comments
    go wherever they stand, then request line, fields, an empty line, the body."""
    assert text.count("###") == 1
    definitions, _, rest = text.partition("###")
    assert all(re.fullmatch(r"@\w+ =.*", line) for line in definitions.split("\n") if line)
    values = dict(re.findall(r"^@(\w+) = ?(.*)$", definitions, re.MULTILINE))
    lines = [one for one in rest.split("\n")[1:] if not re.match(r"\s*(#|//)", one)]
    head, _, body = "\n".join(lines).partition("\n\n")
    for name, value in values.items():
        head, body = (part.replace(f"{{{{{name}}}}}", value) for part in (head, body))
    assert "{{" not in head + body
    first, *fields = head.split("\n")
    method, url, version = first.split(" ")
    assert version == "HTTP/1.1"
    pairs = tuple((one.partition(":")[0], one.partition(":")[2].strip()) for one in fields)
    assert not any(re.match(r"\s*(<|>)", line) for line in body.split("\n"))
    return Request(method, url, pairs, body.encode())


def check_http_file(request: Request) -> bool:
    try:
        command = http_file(request, comments=("Exchange code", "2026-11-25"))
    except Unquotable:
        return False
    shows_no_secret(request, command)
    shows_no_secret(request, http_file(request, secrets="redacted"))
    text = command.text
    for name, value in command.variables:
        text = text.replace(f"@{name} =", f"@{name} = {value}", 1)
    found = read_http_file(text)
    assert sent(found) == sent(request)
    return True


TEXTS = (
    "plain",
    "evil path and query",
    "evil header",
    "form",
    "form, evil",
    "JSON",
    "JSON, evil",
    "JSON, lines",
    "bearer",
    "cookies",
    "form secrets",
    "JSON secrets",
    "JSON secrets, lines",
    "JWT in text",
    "the same twice",
)
"""Of the corpus: what raw HTTP must be able to say."""


@pytest.mark.parametrize("name", CORPUS)
def test_the_bytes_arrive_as_raw_http(name: str, echo: Echo) -> None:
    check_raw(at(CORPUS[name], echo), echo)


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_text_is_not_refused(name: str, echo: Echo) -> None:
    assert raw(at(CORPUS[name], echo)).text


@pytest.mark.parametrize("name", CORPUS)
def test_an_http_file_says_the_request(name: str, echo: Echo) -> None:
    accepted = check_http_file(at(CORPUS[name], echo))
    assert accepted or name not in ("plain", "form", "JSON", "bearer", "form secrets", "cookies")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request=requests())
def test_any_request_is_said_or_refused(request: Request, echo: Echo) -> None:
    request = at(request, echo)
    check_raw(request, echo)
    check_http_file(request)


def test_a_raw_request_gets_the_fields_that_http_needs() -> None:
    text = raw(
        Request("POST", "https://as.example/token?x=1", (("A", "b"),), b"code=the-code")
    ).text
    assert text.split("\n") == [
        "POST /token?x=1 HTTP/1.1",
        "Host: as.example",
        "A: b",
        "Content-Length: 13",
        "",
        "code=$AUTH_CODE",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"< /etc/passwd",
        b"<@ /etc/passwd",
        b"{}\n< /etc/passwd",
        b"{}\n> {% client.log(1) %}",
        b"{}\n### next\nGET https://evil.example/",
        b"{}\n  # comment",
        b"{}\n// comment",
        b'{"a": "{{$processEnv HOME}}"}',
        b"{{= require('fs') }}",
        b"@a = b",
        b"{}\n```\ntest",
        b"{}\n?? status == 200",
        b"{}\n\n",
        b"\n{}",
        b"a\rb",
        b"\x1b]52;c;x\x07",
        b"\xff\xfe",
        b"\0",
        "\u202eabc".encode(),
    ],
)
def test_what_a_client_would_obey_is_refused(body: bytes) -> None:
    request = Request("POST", "https://h/", (("Content-Type", "text/plain"),), body)
    with pytest.raises(Unquotable):
        http_file(request)


def test_a_title_gives_no_command() -> None:
    command = http_file(Request("GET", "https://h/"), comments=("@import x\n{{a}}", "@name evil"))
    assert command.text.split("\n") == [
        "### '@import x\\n{ {a}}'",
        "# '@name evil'",
        "GET https://h/ HTTP/1.1",
    ]


def test_one_file_of_several_defines_a_variable_once() -> None:
    one = http_file(Request("GET", "https://h/", (("Authorization", "Bearer token-one"),))).text
    two = http_file(Request("GET", "https://h/2", (("Authorization", "Bearer token-two"),))).text
    text = http_files((one, two))
    assert text.count("@ACCESS_TOKEN =") == 1 and text.startswith("@ACCESS_TOKEN =\n\n###")
    assert text.count("Authorization: Bearer {{ACCESS_TOKEN}}") == 2
