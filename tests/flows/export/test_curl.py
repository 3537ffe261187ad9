"""The acceptance test of a command: run it, and compare what arrived, byte for byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.exchange import Request
from flows.export import EXPORTS, Command, CurlOptions, Unquotable, curl
from flows.secrets import secrets_of
from flows.text import visible
from tests.flows.export.corpus import CORPUS, FORM, get, requests
from tests.flows.export.echo import Echo, as_sent, assert_safe, at, run, sent

SHELLS = ("dash", "bash")


def check(request: Request, echo: Echo, home: Path, shells: tuple[str, ...] = SHELLS) -> Command:
    """Runs the command in every mode and shell; returns the one with variables."""
    command = curl(request)
    assert_safe(command.text)
    for secret in secrets_of(request):
        if len(secret.value) >= 6:
            assert secret.value not in command.text
            assert secret.value not in curl(request, secrets="redacted").text
    assert_safe(curl(request, secrets="redacted").text)
    for shell in shells:
        for each in (command, curl(request, secrets="values")):
            arrived = run(each, shell, echo, home)
            assert as_sent(arrived) == sent(request), each.text
            if request.body or request.method == "POST":
                assert dict(arrived.headers)["content-length"] == b"%d" % len(request.body)
    return command


@pytest.mark.parametrize("name", CORPUS)
def test_the_bytes_arrive(name: str, echo: Echo, home: Path) -> None:
    check(at(CORPUS[name], echo), echo, home)
    assert not (home / "pwned").exists()


@pytest.mark.parametrize("name", [name for name in CORPUS if name != "large"])
def test_the_bytes_arrive_without_secrets_in_arguments(name: str, echo: Echo, home: Path) -> None:
    request = at(CORPUS[name], echo)
    try:
        command = curl(request, argv_secrets=False)
    except Unquotable as refusal:
        assert "configuration" in str(refusal)
        return
    assert_safe(command.text)
    before_curl, _, after = command.text.rpartition("curl -sS")
    assert not re.search(r'"\$[A-Z]', after)
    if command.variables:
        assert "printf '%s\\n'" in before_curl
    for shell in SHELLS:
        assert as_sent(run(command, shell, echo, home)) == sent(request)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(request=requests(), shell=st.sampled_from(SHELLS))
def test_the_bytes_of_any_request_arrive(
    request: Request, shell: str, echo: Echo, home: Path
) -> None:
    check(at(request, echo), echo, home, (shell,))


# What the text says


def lines(request: Request, **options: object) -> list[str]:
    return EXPORTS["curl"](request, **options).text.split("\n")


TOKEN_REQUEST = Request(
    "POST",
    "https://as.example/token",
    (("Host", "as.example"), ("Content-Type", FORM), ("Content-Length", "99"), ("Accept", "*/*")),
    b"grant_type=authorization_code&code=the-code&scope=a+b&code_verifier=" + b"v" * 43,
)


def test_a_token_request_reads_well() -> None:
    note = "Exchange code (RFC 6749 section 4.1.3), 2026-11-23T08:10:00.000Z"
    command = curl(TOKEN_REQUEST, comments=(note,))
    assert command.text.split("\n") == [
        f"# '{note}'",
        "# export AUTH_CODE=...",
        "# export CODE_VERIFIER=...",
        "curl -sS -i \\",
        "  https://as.example/token \\",
        "  -H User-Agent: \\",
        "  --data-urlencode 'grant_type=authorization_code' \\",
        "  --data-urlencode 'code='\"$AUTH_CODE\" \\",
        "  --data-urlencode 'scope=a b' \\",
        "  --data-urlencode 'code_verifier='\"$CODE_VERIFIER\" \\",
        "  --max-time 60",
    ]
    assert command.variables == (("AUTH_CODE", "the-code"), ("CODE_VERIFIER", "v" * 43))
    assert command.warnings == ("Content-Length is left out: curl counts the body itself.",)


def test_marks_stand_for_secrets_when_redacted() -> None:
    command = curl(TOKEN_REQUEST, secrets="redacted", comments=("with the-code",))
    assert command.variables == ()
    assert command.text.count("redacted-8-") == 2  # the field and the comment
    assert "the-code" not in command.text


def test_options_are_given_only_when_set() -> None:
    options = CurlOptions(
        ca_bundle="/my ca.pem",
        insecure=True,
        proxy="http://user:proxy-pass@proxy:8080",
        max_time=1.5,
        http_version="HTTP/2",
        resolve="h:443:127.0.0.1",
    )
    request = Request("GET", "https://h/", (("Accept", "*/*"), ("User-Agent", "a/1")))
    assert lines(request, options=options) == [
        "# export PASSWORD=...",
        "# the certificate of the server is not verified",
        "curl -sS -i --http2 -k \\",
        "  https://h/ \\",
        "  -H 'User-Agent: a/1' \\",
        "  --max-time 1.5 \\",
        "  --cacert '/my ca.pem' \\",
        '  --proxy http://user:"$PASSWORD"@proxy:8080 \\',
        "  --resolve h:443:127.0.0.1",
    ]
    direct = lines(request, options=CurlOptions(proxy="", max_time=None))
    assert direct[2:] == ["  -H 'User-Agent: a/1' \\", "  --noproxy '*'"]
    redacted = lines(request, options=options, secrets="redacted")
    assert "proxy-pass" not in "\n".join(redacted)


def test_the_session_id_is_no_secret_and_redirects_are_not_followed() -> None:
    text = curl(Request("GET", "https://h/", (("Mcp-Session-Id", "abc"),))).text
    assert "'Mcp-Session-Id: abc'" in text
    assert "-L" not in text


def test_a_value_that_had_to_be_encoded_says_so() -> None:
    command = curl(Request("GET", "https://h/cb?code=a%2Fb-code"))
    assert command.text.startswith("# export AUTH_CODE=..., encoded as in the request\n")
    assert command.variables == (("AUTH_CODE", "a%2Fb-code"),)


@pytest.mark.parametrize(
    "hostile",
    [
        "a\nrm -rf ~",
        "a\r\nb",
        "\x1b]52;c;x\x07",
        "\u202e",
        "$(touch pwned)",
        "`touch pwned`",
        "a'b",
    ],
)
def test_a_comment_stays_a_comment(hostile: str, echo: Echo, home: Path) -> None:
    """Even where a shell takes the line for a command, as zsh does at its prompt."""
    request = at(get("/"), echo)
    command = curl(request, comments=(hostile,))
    assert_safe(command.text)
    assert command.text.count("\n") == curl(request, comments=("a",)).text.count("\n")
    as_a_command = Command(command.text.replace("# ", ": ", 1))
    for shell in SHELLS:
        run(as_a_command, shell, echo, home)
    assert not (home / "pwned").exists()


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "file:///etc/passwd"),
        Request("GET", "-K/etc/passwd"),
        Request("GET", ""),
        Request("GET", "https://"),
        Request("GET", "https://b\u00fccher.example/"),
        Request("GET", "https://a b/"),
        Request("GET", "https://a\\@b/"),
        Request("GET", "https://a@b@c/"),
        Request("GET", "https://h\n/"),
        Request("GET\n", "https://h/"),
        Request("", "https://h/"),
        Request("GET", "https://h/", (("@/etc/passwd", "x"),)),
        Request("GET", "https://h/", (("", "x"),)),
        Request("GET", "https://h/", (("X: y", "x"),)),
        Request("GET", "https://h/", (("X-\x1b", "x"),)),
        Request("GET", "https://h/", (("X", "a\r\nEvil: b"),)),
        Request("GET", "https://h/", (("X", "a\nb"),)),
        Request("GET", "https://h/", (("X", "a\0b"),)),
        Request("GET", "https://h/", (("X", "\u4e2d"),)),
        Request("GET", "https://h/", (("X", " \f\v"),)),
        Request("HEAD", "https://h/", (), b"x"),
        Request("POST", "https://h/", (), b'{"password": "a\0b-secret"}'),
        # The same secret in two encodings: one variable cannot stand for both.
        Request("GET", "https://h/a%2fb-secret?client_secret=a%2Fb-secret"),
    ],
)
def test_what_no_command_can_send_is_refused(request_: Request) -> None:
    with pytest.raises(Unquotable) as refusal:
        curl(request_)
    assert visible(str(refusal.value)) == str(refusal.value)


def test_user_information_is_left_out_with_a_warning() -> None:
    command = curl(Request("GET", "https://user:pass-word@h/x"))
    assert "pass-word" not in command.text and "https://h/x" in command.text
    assert command.warnings == ("The user name and password in the URL are left out.",)
