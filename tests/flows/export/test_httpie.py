"""HTTPie's commands, run in dash and bash; what HTTPie would change must have been refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from flows.exchange import Request
from flows.export import EXPORTS, CurlOptions, Unquotable
from flows.secrets import secrets_of
from tests.flows.export.corpus import CORPUS, FORM, get, requests
from tests.flows.export.echo import Echo, as_sent, assert_safe, at, run, sent

httpie = EXPORTS["httpie"]

REFUSED = {
    "evil path and query": "URL",
    "globs": "URL",
    "percent": "URL",
    "not ASCII in the URL": "URL",
    "dot segments": "URL",
    "query secrets": "URL",
    "bytes in a header": "X-Bytes",
    "odd method": "capital letters",
}
"""Of the corpus, and what is said of it."""


def check(request: Request, echo: Echo, home: Path) -> None:
    command = httpie(request)
    assert_safe(command.text)
    for secret in secrets_of(request):
        if len(secret.value) >= 6:
            assert secret.value not in command.text
            assert secret.value not in httpie(request, secrets="redacted").text
    assert as_sent(run(command, "dash", echo, home)) == sent(request), command.text
    if command.variables:
        plain = httpie(request, secrets="values")
        assert as_sent(run(plain, "bash", echo, home)) == sent(request), plain.text


@pytest.mark.parametrize("name", CORPUS)
def test_the_bytes_arrive(name: str, echo: Echo, home: Path) -> None:
    request = at(CORPUS[name], echo)
    if name in REFUSED:
        with pytest.raises(Unquotable, match=REFUSED[name]):
            httpie(request)
        return
    check(request, echo, home)
    assert not (home / "pwned").exists()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request=requests())
def test_the_bytes_of_any_request_arrive(request: Request, echo: Echo, home: Path) -> None:
    request = at(request, echo)
    try:
        httpie(request)
    except Unquotable:
        return
    check(request, echo, home)


def test_a_value_that_would_be_a_file_or_a_separator_is_none(echo: Echo, home: Path) -> None:
    fields = (("X-A", "@/etc/passwd"), ("X-B", "=a:b"), ("X-C", "==x"), ("X-D", ";"), ("X-E", ""))
    check(at(get("/", *fields), echo), echo, home)
    with pytest.raises(Unquotable, match="X-F"):
        httpie(at(get("/", ("X-F", "a\\=b")), echo))


def test_a_token_request_reads_well() -> None:
    request = Request(
        "POST",
        "https://as.example/token",
        (("Content-Type", FORM), ("User-Agent", "a"), ("Accept", "*/*")),
        b"grant_type=authorization_code&code=the-code-1",
    )
    options = CurlOptions(proxy="", insecure=True, max_time=None)
    assert httpie(request, comments=("Exchange code",), options=options).text.split("\n") == [
        "# Exchange code",
        "# export AUTH_CODE=...",
        "# the certificate of the server is not verified",
        "NO_PROXY='*' http --ignore-netrc -p hb --ignore-stdin \\",
        "  '--verify=no' \\",
        "  --form \\",
        "  POST https://as.example/token \\",
        f"  Content-Type:{FORM} \\",
        "  User-Agent:a \\",
        "  'Accept:*/*' \\",
        "  Accept-Encoding: \\",
        "  Connection: \\",
        "  'grant_type=authorization_code' \\",
        "  'code='\"$AUTH_CODE\"",
    ]
