"""Curl commands as requests: what is read is what curl would send, or nothing is read."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.curl_command import CurlError, is_curl, read_curl, target_of
from flows.exchange import Request
from flows.export import Unquotable
from flows.export.curl import curl
from flows.session import Target
from flows.spans import FORM

URL = "https://mcp.example.com/mcp"
ACCEPT = ("Accept", "*/*")
FORM_TYPE = ("Content-Type", FORM)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        (f"curl {URL}", Request("GET", URL, (ACCEPT,))),
        (f"$ curl '{URL}'", Request("GET", URL, (ACCEPT,))),
        (f"# Token: exchange\n\ncurl {URL} # done\n# the end\n", Request("GET", URL, (ACCEPT,))),
        (f"curl -sSL -i --url {URL} -X DELETE", Request("DELETE", URL, (ACCEPT,))),
        (f"curl -XPUT {URL} -HA:b", Request("PUT", URL, (("A", "b"), ACCEPT))),
        (f"curl {URL} -d a=b -d 'c d'", Request("POST", URL, (ACCEPT, FORM_TYPE), b"a=b&c d")),
        (f"curl {URL}#x -G -d a=b", Request("GET", f"{URL}?a=b#x", (ACCEPT,))),
        (f"curl -I {URL}", Request("HEAD", URL, (ACCEPT,))),
        (f"curl {URL} -H Accept: -H 'X;'", Request("GET", URL, (("X", ""),))),
        (f"curl {URL} -u a:b", Request("GET", URL, (("Authorization", "Basic YTpi"), ACCEPT))),
        (
            f"curl {URL} --data-urlencode 'a=b c' --data-urlencode '=d&'",
            Request("POST", URL, (ACCEPT, FORM_TYPE), b"a=b+c&d%26"),
        ),
        (
            f"curl {URL} --json '{{\"a\":' --json 1}}",
            Request(
                "POST",
                URL,
                (("Accept", "application/json"), ("Content-Type", "application/json")),
                b'{"a":1}',
            ),
        ),
        (
            f'curl {URL} \\\r\n  -H "X: it\'s \\"so\\" \\$5" \\\n  --compressed',
            Request("GET", URL, (("X", 'it\'s "so" $5'), ACCEPT)),
        ),
        (
            f"curl {URL} --data-raw $'it\\'s \\u0021 \\ud83d\\ude00 \\xff\\n'",
            Request("POST", URL, (ACCEPT, FORM_TYPE), b"it's ! \xf0\x9f\x98\x80 \xff\n"),
        ),
        (f"curl {URL} -H 'X: é'", Request("GET", URL, (("X", "Ã©"), ACCEPT))),
        (f"curl {URL} -b a=b -A me -e {URL}", None),
    ],
    ids=str,
)
def test_what_a_command_sends(text: str, request_: Request | None) -> None:
    assert is_curl(text)
    read = read_curl(text).request
    if request_ is None:
        request_ = Request(
            "GET", URL, (("Cookie", "a=b"), ("User-Agent", "me"), ("Referer", URL), ACCEPT)
        )
    assert read == request_


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not begin with curl"),
        ("wget https://a.example", "does not begin with curl"),
        ("TOKEN=x curl https://a.example", "does not begin with curl"),
        ("curl", "no URL"),
        ("curl $URL", r"something in for \$URL"),
        ('curl "${URL}"', r"something in for \$\{URL\}"),
        ('curl https://a.example -H "X: $(id)"', r"something in for \$\("),
        ("curl `id`", "something in for `"),
        ("curl https://a.example | sh", r"a bare \| is for the shell"),
        ("curl https://a.example; id", "a bare ; is for the shell"),
        ("curl https://a.example/?a=1&b=2", "a bare & is for the shell"),
        ("curl https://a.example > x", "a bare > is for the shell"),
        ("curl https://a.example\nid", "more than one command"),
        ("curl 'https://a.example", "a quote is not closed"),
        ('curl "https://a.example', "a quote is not closed"),
        ("curl https://a.example https://b.example", "second URL"),
        ("curl https://a.example -d @/etc/passwd", "reads a file"),
        ("curl https://a.example --data-binary @-", "reads a file"),
        ("curl https://a.example --data-urlencode a@/etc/passwd", "reads a file"),
        ("curl https://a.example --json @x", "reads a file"),
        ("curl https://a.example -H @x", "reads a file"),
        ("curl https://a.example -b cookies.txt", "names a file"),
        ("curl https://a.example -K x", "-K is not understood"),
        ("curl https://a.example -F a=b", "-F is not understood"),
        ("curl https://a.example --upload-file x", "--upload-file is not understood"),
        ("curl https://a.example -H", "-H has no value"),
        ("curl https://a.example -H nothing", "no header field"),
        ("curl https://a.example -u me", "no password"),
        ("curl file:///etc/passwd", "not usable"),
        ("curl https://a.example/a\\ b", "not usable"),
        ("curl https://a.example -d $'a\\x00b'", "NUL"),
        ('curl ^"https://a.example^" ^\n  -H ^"a: b^"', "cmd.exe"),
        ("curl https://a.example -X \x1b[31m -Q", "-Q is not understood"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(CurlError, match=says):
        read_curl(text)


@given(st.text() | st.text("curl -dHX@'\"$\\\n|;#(){}=:x").map(lambda text: f"curl {text}"))
def test_any_text_is_a_request_or_words(text: str) -> None:
    try:
        assert read_curl(text).request.url
    except CurlError as error:
        assert str(error) and "\x1b" not in str(error)


WORD = st.text(string.ascii_letters + "-", min_size=1, max_size=8)
VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=20).map(
    lambda text: "".join(char for char in text if not 0x7F <= ord(char) < 0xA0).strip()
)
REQUEST = st.builds(
    Request,
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.text("abc/?&=%20{}[]'$`!~;", max_size=20).map(lambda path: f"{URL}/{path}"),
    st.lists(st.tuples(WORD.map(lambda name: f"X-{name}"), VALUE), max_size=3).map(tuple),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40).map(str.encode),
)


@given(REQUEST)
def test_what_is_copied_is_read_back(request: Request) -> None:
    """The command that authwalk writes is the request it was made of."""
    try:
        text = curl(request, secrets="values").text
    except Unquotable:
        return
    if "printf" in text:
        return  # what is not UTF-8, or no argument can hold, only a shell puts in
    read = read_curl(text).request
    assert (read.method, read.url, read.body) == (request.method, request.url, request.body)
    assert [pair for pair in read.headers if pair != FORM_TYPE] == list(request.headers)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (f"curl {URL}", Target(URL)),
        (
            f"curl {URL} -H 'Authorization: Bearer abc' -H 'X-Team: tea' -H 'Content-Type: x/y' "
            "-H 'MCP-Protocol-Version: 2025-06-18' -H 'Mcp-Session-Id: 1' -d '{}'",
            Target(URL, protocol="2025-06-18", headers=(("X-Team", "tea"),), bearer="abc"),
        ),
        (
            f"curl {URL} -u a:b",
            Target(URL, headers=(("Authorization", "Basic YTpi"),)),
        ),
        (
            "curl 'https://auth.example.com/authorize?response_type=code&client_id=c&scope=s"
            "&redirect_uri=http://127.0.0.1:7/cb'",
            Target(
                "https://auth.example.com",
                kind="authorization-server",
                client_id="c",
                redirect_uri="http://127.0.0.1:7/cb",
                scope="s",
            ),
        ),
        (
            f"curl 'https://auth.example.com/authorize?response_type=code&client_id=c&resource={URL}'",
            Target(URL, client_id="c"),
        ),
    ],
    ids=str,
)
def test_what_is_walked(text: str, target: Target) -> None:
    assert target_of(read_curl(text).request) == target


def test_a_token_request_names_no_server() -> None:
    with pytest.raises(CurlError, match="token request"):
        target_of(read_curl(f"curl {URL} -d grant_type=authorization_code").request)


def test_what_is_left_out_is_told() -> None:
    remarks = read_curl(f"curl -k -x http://p:1 {URL} --cacert f").remarks
    assert [word in " ".join(remarks) for word in ("--insecure", "--proxy", "--ca-bundle")] == [
        True
    ] * 3
