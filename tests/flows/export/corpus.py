"""Requests that a command may get wrong, by name and at random. `{}` stands for the origin."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote, quote_plus, urlencode

from hypothesis import strategies as st

from flows.exchange import Headers, Request

FORM = "application/x-www-form-urlencoded"
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJ1c2VyLTQyIn0.c2lnbmF0dXJlLWJ5dGVz"


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
