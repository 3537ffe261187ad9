"""The acceptance test of a command: run it, and compare what arrived, byte for byte."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.exchange import Headers, Request
from flows.export import EXPORTS, Command, CurlOptions, Unquotable, curl
from flows.secrets import secrets_of
from flows.text import visible

FORM = "application/x-www-form-urlencoded"
SHELLS = ("dash", "bash")
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJ1c2VyLTQyIn0.c2lnbmF0dXJlLWJ5dGVz"
PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True)
class Arrived:
    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...]
    body: bytes


class Echo:
    """Takes one request a connection and keeps its bytes."""

    def __init__(self) -> None:
        self.requests: SimpleQueue[Arrived] = SimpleQueue()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(10)
                method, target, _ = stream.readline().rstrip(b"\r\n").split(b" ")
                headers = []
                while line := stream.readline().rstrip(b"\r\n"):
                    name, _, value = line.partition(b":")
                    headers.append((name.decode().lower(), value.strip(b" \t")))
                body = stream.read(int(dict(headers).get("content-length", b"0")))
                self.requests.put(Arrived(method.decode(), target, tuple(headers), body))
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.socket.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def run(command: Command, shell: str, echo: Echo, home: Path) -> Arrived:
    """The one request that arrives when `shell` runs the command."""
    script = home / "command.sh"
    script.write_bytes(command.text.encode())
    environment = {b"HOME": os.fsencode(home), b"PATH": os.environb[b"PATH"], b"LC_ALL": b"C.UTF-8"}
    for name, value in command.variables:
        environment[name.encode()] = value.encode("utf-8", "surrogateescape")
    done = subprocess.run(
        [shell, str(script)], env=environment, cwd=home, capture_output=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, b""), command.text
    assert done.stdout == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    arrived = echo.requests.get_nowait()
    assert echo.requests.empty(), command.text
    return arrived


def sent(request: Request) -> Arrived:
    """What a server should see of `request`, without what an HTTP client adds of its own."""
    target = request.url.partition("#")[0].split("/", 3)[3]
    return Arrived(
        request.method,
        b"/" + quote(target, safe=PRINTABLE).encode(),
        fields((name.lower(), value.encode("latin-1")) for name, value in request.headers),
        request.body,
    )


def fields(headers: object) -> tuple[tuple[str, bytes], ...]:
    assert isinstance(headers, Iterator)
    kept = ((name, value.strip(b" \t")) for name, value in headers)
    return tuple(sorted((f for f in kept if f[0] not in ("host", "content-length")), key=first))


def first(pair: tuple[str, bytes]) -> str:
    return pair[0]


def as_sent(arrived: Arrived) -> Arrived:
    return Arrived(arrived.method, arrived.target, fields(iter(arrived.headers)), arrived.body)


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


def assert_safe(text: str) -> None:
    """A terminal shows all of it and obeys none of it."""
    assert visible(text.replace("\n", "")) == text.replace("\n", "")
    assert not re.search(r"\\ +$", text, re.MULTILINE)


def form(body: bytes | str, *headers: tuple[str, str]) -> Request:
    data = body if isinstance(body, bytes) else body.encode()
    return Request("POST", "{}/token", (("Content-Type", FORM), *headers), data)


def json_body(body: bytes, *headers: tuple[str, str]) -> Request:
    return Request("POST", "{}/mcp", (("Content-Type", "application/json"), *headers), body)


def get(target: str, *headers: tuple[str, str], method: str = "GET") -> Request:
    return Request(method, "{}" + target, headers)


EVIL = "';touch pwned;'\"`touch pwned`$(touch pwned)${HOME}!! \\ \\' %s %n\\047"

CORPUS = {
    "plain": get("/mcp", ("Accept", "*/*"), ("User-Agent", "authwalk")),
    "nothing of curl's own": get("/"),
    "bare origin with query": get("/?x=1"),
    "evil path and query": get("/" + EVIL.replace(" ", "%20") + "?q=" + EVIL),
    "globs": get("/a[1-3]b{x,y}?z=[]&c=\\[\\{"),
    "percent": get("/%2F%zz%?%41=%"),
    "not ASCII in the URL": get("/caf\u00e9/\u202e?\u00e9=\x1b]52;c;x\x07\n"),
    "dot segments": get("/a/../b/./c/%2e%2E/.."),
    "fragment": get("/a?b=c#access_token=kept-here"),
    "evil header": get("/", ("X-Evil", EVIL), ("X-At", "@/etc/passwd"), ("X-Semi", "a;")),
    "only a semicolon": get("/", ("X-Semi", ";"), ("X-Colon", ":")),
    "empty headers": get("/", ("X-Empty", ""), ("X-Blank", " \t "), ("Accept", "")),
    "white space around": get("/", ("X-Space", "  a b \t"), ("User-Agent", " x ")),
    "tab inside": get("/", ("X-Tab", "a\tb")),
    "bytes in a header": get(
        "/", ("X-Bytes", "\xe9\xff\x80\x81\x88\x9b"), ("X-C", "\x1b[31m\x7f!")
    ),
    "UTF-8 in a header": get("/", ("X-Text", "\u00e9\u4e2d".encode().decode("latin-1"))),
    "bidi in a header": get("/", ("X-Text", "\u202eabc".encode().decode("latin-1"))),
    "repeated": get("/", ("A", "1"), ("B", "2"), ("a", "3"), ("Accept", "x/y"), ("Accept", "*/*")),
    "gzip": get("/", ("Accept-Encoding", "gzip, br")),
    "identity": get("/", ("Accept-Encoding", "identity")),
    "other host": get("/", ("Host", "mcp.example.com")),
    "HEAD": get("/", method="HEAD"),
    "DELETE": get("/mcp", ("Mcp-Session-Id", "abc"), method="DELETE"),
    "odd method": get("/", method="G'`x`*|~"),
    "POST of nothing": get("/", method="POST"),
    "POST of nothing, form": form(b""),
    "PUT of nothing": get("/", method="PUT"),
    "GET with a body": Request("GET", "{}/", (("Content-Type", "text/plain"),), b"x"),
    "no content type": Request("POST", "{}/", (), b"a=b"),
    "form": form(urlencode({"scope": "mcp:read a", "resource": "https://m.example/mcp?a=b#c"})),
    "form, spaces as %20": form("scope=mcp%3Aread%20a"),
    "form, evil": form(urlencode({"a": EVIL, "b": "@/etc/passwd", "c": "=", "d": "&"})),
    "form, evil name": form(quote_plus(EVIL) + "=1&a@b=c&@/etc/passwd=2&a'b=c"),
    "form, name only": form("@/etc/passwd"),
    "form, no name": form("=value&x=1"),
    "form, empty parts": form("&a=1&&b=2&"),
    "form, equals": form("a=b=c&d==&e="),
    "form, controls": form(urlencode({"a": "\r\n\t\0\x1b\u202e\u200b"})),
    "form, lower case escapes": form("a=%2f&b=%7e&c=~&d=*"),
    "form, not UTF-8": form(b"a=\xff\xfe&b=%ff"),
    "form, raw line feeds": form("a=1\n&b=2\r\n"),
    "form, charset": Request("POST", "{}/", (("Content-Type", f"{FORM};charset=UTF-8"),), b"a=b"),
    "JSON": json_body(b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"a":"it\'s"}}'),
    "JSON, lines": json_body(b'{\n  "a": 1\n}\n'),
    "JSON, evil": json_body(f'{{"a": "{EVIL}"}}'.encode()),
    "JSON, bidi": json_body('{"a": "\u202e\u00e9\U000e0041"}'.encode()),
    "body like a file": json_body(b"@/etc/passwd"),
    "body like an option": json_body(b"-K/etc/passwd"),
    "body like an option of printf": json_body(b"-v\n%d"),
    "every byte": json_body(bytes(range(256)) * 2 + b"%s\\n\\\\0001\n\n"),
    "digits after an escape": json_body(b"\x001\x0123\xff777"),
    "large": json_body(b'{"a": "' + b"x" * 1_200_000 + b'"}'),
    "bearer": get("/", ("Authorization", "Bearer at-'$(x)'\"`")),
    "bearer, JWT": get("/", ("Authorization", f"DPoP {JWT}"), ("DPoP", JWT.replace("k", "z"))),
    "unknown scheme": get("/", ("Authorization", "Negotiate YII-abcdefgh=")),
    "no scheme": get("/", ("authorization", "raw-token-without-scheme")),
    "cookies": get("/", ("Cookie", "sid=cookie-one; theme=; b=cookie-two")),
    "query secrets": get("/cb?code=a%2Fb'c%22-code&state=s&access_token=tok-[1]-{2}"),
    "form secrets": form(
        urlencode({"grant_type": "authorization_code", "code": EVIL, "code_verifier": "v" * 43})
    ),
    "form secrets, two of one name": form("token=first-token&token=second-token"),
    "form secrets, %20": form("client_secret=with%20a%20space&password=short"),
    "form secrets, controls": form("client_secret=line%0Afeed-%00-and-more"),
    "form secrets, not UTF-8": form(b"client_secret=\xff\xfe-secret"),
    "JSON secrets": json_body(b'{"refresh_token": "r-to/ken\\u0041\\"", "password": "p@ss\'w0rd"}'),
    "JSON secrets, lines": json_body(b'{\n"client_secret": "s3cr3t-%s-value"\n}'),
    "JWT in text": json_body(f'{{"params": {{"note": "use {JWT}."}}}}'.encode()),
    "the same twice": json_body(
        b'{"a": "token-of-mine"}', ("Authorization", "Bearer token-of-mine")
    ),
}


def basic(pair: str) -> Request:
    return get("/", ("Authorization", "Basic " + b64encode(pair.encode()).decode()))


CORPUS |= {
    f"Basic {pair}": basic(pair)
    for pair in (
        "id:the-secret",
        ":no-user",
        "id:",
        "a'b:c:d%2F'$x",
        "\u00e9:\u00e9-secret",
        "@f:@g",
    )
}
CORPUS["Basic, a line feed"] = basic("id:line\nfeed")
CORPUS["Basic, no pair"] = get("/", ("Authorization", "Basic not-base64"))
CORPUS["Basic twice"] = get(
    "/", ("Authorization", "Basic aWQ6c2VjcmV0LTE="), ("Authorization", "Basic aWQ6c2VjcmV0LTI=")
)


def at(request: Request, echo: Echo) -> Request:
    url = request.url.replace("{}", echo.origin, 1)
    return Request(request.method, url, request.headers, request.body)


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


# Generated requests

hostile = st.text(
    st.sampled_from("ab =&+%;:@'\"`$(){}[]<>|\\!*?~#^,-./\t\u00e9\u202e\U0001f600\x1b\x7f\x85"),
    max_size=20,
)
anything = st.one_of(hostile, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
secret = st.builds(lambda head, tail: f"S3cr3t-{head:08x}-{tail}", st.integers(0, 2**32), hostile)
field_value = st.text(
    st.characters(max_codepoint=255, exclude_characters="\r\n\0\v\f"), max_size=20
)
headers = st.lists(
    st.tuples(
        st.sampled_from(["X-One", "x-'`~!#$%&*", "User-Agent", "Accept", "Accept-Encoding"]),
        st.one_of(field_value, hostile.map(lambda text: text.encode().decode("latin-1"))),
    ),
    max_size=4,
)
credentials = st.one_of(
    st.just(()),
    secret.map(lambda s: (("Authorization", f"Bearer {s.encode().decode('latin-1')}"),)),
    secret.map(
        lambda s: (("Authorization", f"Basic {b64encode(f'id:{quote(s)}'.encode()).decode()}"),)
    ),
)
form_fields = st.lists(
    st.one_of(
        st.tuples(anything, anything),
        st.tuples(st.sampled_from(["code", "client_secret", "refresh_token"]), secret),
    ),
    max_size=5,
)
bodies = st.one_of(
    form_fields.map(lambda pairs: (FORM, urlencode(pairs).encode())),
    form_fields.map(lambda pairs: (FORM, urlencode(pairs, quote_via=quote).encode())),
    anything.map(lambda text: (FORM, text.encode())),
    st.binary(max_size=60).map(lambda data: ("application/octet-stream", data)),
    anything.map(lambda text: ("application/json", text.encode())),
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]))
    path, query = draw(anything).replace("#", ""), draw(anything).replace("#", "")
    path = path.replace("?", "")
    fields: Headers = (*draw(headers), *draw(credentials))
    kind, body = draw(bodies) if method != "HEAD" else ("", b"")
    if body and draw(st.booleans()):
        fields = (*fields, ("Content-Type", kind))
    return Request(method, f"{{}}/{path}?{query}", fields, body)


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
