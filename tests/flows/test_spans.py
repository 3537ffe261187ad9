from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import jwt
from flows.spans import (
    FORM,
    MARK,
    VARIABLES,
    Span,
    basic_pair,
    body_spans,
    header_spans,
    marked,
    pair_spans,
    redact,
    redact_jwts,
    url_spans,
)

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJ1c2VyLTQyIn0.c2lnbmF0dXJlLWJ5dGVz"
UNSIGNED = JWT.rpartition(".")[0]
JWE = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.a2V5.aXZpdml2.Y2lwaGVy.dGFn"


def named(spans: tuple[Span, ...]) -> list[tuple[str, str]]:
    return [(span.secret.name, span.secret.value) for span in spans]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Authorization", "Bearer the-token", [("access_token", "the-token")]),
        ("authorization", "bearer  the-token ", [("access_token", "the-token")]),
        ("Authorization", f"DPoP {JWT}", [("access_token", JWT)]),
        ("Authorization", "Basic aWQ6cHc=", [("basic_credentials", "aWQ6cHc=")]),
        ("Authorization", "Digest a, b", [("credentials", "a, b")]),
        ("Authorization", "raw-token", [("credentials", "raw-token")]),
        ("Authorization", "Bearer", []),
        ("Authorization", "", []),
        ("Proxy-Authorization", "Bearer x", [("access_token", "x")]),
        ("DPoP", JWT, [("dpop_proof", JWT)]),
        ("DPoP-Nonce", "nonce", []),
        ("X-API-Key", " key ", [("api_key", "key")]),
        ("Cookie", "a=one; b=; c=three", [("cookie", "one"), ("cookie", "three")]),
        ("Cookie", "bare", [("cookie", "bare")]),
        ("Set-Cookie", "sid=abc; Path=/; HttpOnly", [("cookie", "abc")]),
        ("Location", "https://h/cb?code=a%2Fb&state=s", [("code", "a/b")]),
        ("Location", "/cb#access_token=t&x=y", [("access_token", "t")]),
        ("Referer", "https://h/?code=c", [("code", "c")]),
        ("Mcp-Session-Id", "abc", []),
        ("WWW-Authenticate", 'Bearer error="invalid_token"', []),
        ("X-Other", f"see {JWT}.", [("jwt", JWT)]),
        ("X-Other", JWE, []),
    ],
)
def test_headers(name: str, value: str, expected: list[tuple[str, str]]) -> None:
    assert named(header_spans(name, value)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/p?code=c&state=s#id_token=i", [("code", "c"), ("id_token", "i")]),
        ("cursor://callback?code=c", [("code", "c")]),
        ("https://user:p%40ss@h/x", [("password", "p@ss")]),
        ("https://a-token@h/x", [("password", "a-token")]),
        ("https://h/@x?u=y@z", []),
        ("https://h/?CODE=c&access-token=t", [("code", "c"), ("access_token", "t")]),
        ("https://h/?code=&code_challenge=x&state=y", []),
        (f"https://h/?request={JWT}", [("jwt", JWT)]),
        (f"https://h/?id_token_hint={JWT}&x", [("id_token_hint", JWT)]),
        ("#?code=x", [("code", "x")]),
        ("", []),
    ],
)
def test_urls(url: str, expected: list[tuple[str, str]]) -> None:
    if url.startswith("#"):
        expected = []  # the fragment's only name is "?code"
    assert named(url_spans(url)) == expected


@pytest.mark.parametrize(
    ("media", "body", "expected"),
    [
        (FORM, "a=b&code=x+y%21&code_verifier=v\n", [("code", "x y!"), ("code_verifier", "v")]),
        (FORM, '{"access_token": "t"}', [("access_token", "t")]),
        ("text/plain", "access_token=t&scope=s", [("access_token", "t")]),
        ("application/json", '{"a":[{"x":{"access_token" : "t"}}]}', [("access_token", "t")]),
        ("", '{"accessToken":"t","x":"y"}', [("access_token", "t")]),
        ("", r'{"access\u005ftoken":"a\"\/\u0062"}', [("access_token", 'a"/b')]),
        ("text/event-stream", 'data: {"id_token":"i"}\n\n', [("id_token", "i")]),
        ("", '{"access_token":"cut in the mid', [("access_token", "cut in the mid")]),
        ("", '{"access_token":"cut\\', [("access_token", "cut")]),
        ("", '{"error":{"code":"not_found"}}', []),
        ("", '{"code":"c","grant_type":"authorization_code"}', [("code", "c")]),
        ("", '{"arguments":{"code":"print(1)"}}', []),
        ("", '{"properties":{"password":{"type":"string"}},"required":["password","x"]}', []),
        ("", '{"access_token":null,"x":"y","refresh_token":5,"z":"t"}', []),
        ("", '["access_token","x",":","y"]', []),
        ("", '{"x":"access_token","y":"z"}', []),
        ("", '{"kty":"EC","x":"pub","d":"priv"}', [("private_key", "priv")]),
        ("", '{"d":"not a key"}', []),
        ("text/html", f"<p>{JWT}</p>", [("jwt", JWT)]),
        ("", f'{{"t":"a\\n{JWT}"}}', [("jwt", JWT)]),
        ("", f"x%20{JWT}", [("jwt", JWT)]),
        ("", "", []),
    ],
)  # fmt: skip
def test_bodies(media: str, body: str, expected: list[tuple[str, str]]) -> None:
    # A backslash at the very end of a cut body is no part of the value, and stays behind.
    assert [(n, v.rstrip("\\")) for n, v in named(body_spans(body, media))] == expected


def test_named_values() -> None:
    assert named(pair_spans("code_verifier", "v", "made")) == [("code_verifier", "v")]
    url = "https://as/authorize?client_secret=x"
    assert named(pair_spans("authorization_url", url, "made")) == [("client_secret", "x")]
    assert named(pair_spans("document", '{"client_secret": "x"}', "")) == [("client_secret", "x")]
    assert pair_spans("state", "xyz", "made") == ()


def test_basic_credentials_keep_the_client_identifier() -> None:
    value = "Basic " + b64encode(b"my%3Aclient:s3cr3t%2Fvalue").decode()
    assert basic_pair(value[6:]) == ("my%3Aclient", "s3cr3t%2Fvalue")
    redacted = marked(value, header_spans("Authorization", value))
    assert basic_pair(redacted[6:]) == ("my%3Aclient", redact("s3cr3t%2Fvalue"))
    assert basic_pair("bm8gY29sb24=") is None
    assert basic_pair("\u00e9") is None and basic_pair("a") is None


def test_marks() -> None:
    assert redact("short") == "redacted-5-f9b0078b"
    assert redact("x" * 23).startswith("redacted-23-")
    assert redact("abcd" * 6).startswith("abcd..redacted-24-")
    assert redact("a.cd" * 6).startswith("redacted-24-")
    assert redact("\ud800") != redact("\udc80")


@given(st.text(max_size=60))
def test_a_mark_is_short_and_stands_for_itself(value: str) -> None:
    mark = redact(value)
    assert MARK.fullmatch(mark)
    assert redact(mark) == mark
    assert value not in mark or len(value) < 3 or MARK.fullmatch(value)


def test_a_redacted_jwt_still_decodes() -> None:
    mark = redact(JWT)
    assert mark.startswith(UNSIGNED + ".redacted-sha256-")
    assert redact(mark) == mark
    assert redact_jwts(f"({JWT}) {JWT}, {JWE}") == f"({mark}) {mark}, {JWE}"
    assert jwt.read_token(mark).claims == jwt.read_token(JWT).claims == {"sub": "user-42"}


def test_what_only_looks_like_a_jwt_is_left_or_marked_whole() -> None:
    for text in ("eyJub3QiOiJhIGp3dCJ9.e30.c2ln", "ewewewewewe.ab.cd", "a.b.c", UNSIGNED + "."):
        assert redact_jwts(text) == text
        assert MARK.fullmatch(redact(text))
    nested = b64encode(b'{"alg":' + b"[" * 100_000).decode().rstrip("=")
    assert redact_jwts(f"{nested}.e30.c2ln") == f"{nested}.e30.c2ln"


secret = st.text(min_size=1, max_size=12)


@given(secret, secret)
def test_every_member_of_a_json_document_is_found(first: str, second: str) -> None:
    document = {"x": [{"access_token": first, "note": second}], "client_secret": second}
    for ascii_ in (True, False):
        text = json.dumps(document, ensure_ascii=ascii_)
        spans = body_spans(text, "application/json")
        assert named(spans) == [("access_token", first), ("client_secret", second)]
        parsed = json.loads(marked(text, spans))
        assert parsed["x"][0]["access_token"] == redact(first)
        assert parsed["x"][0]["note"] == second


@given(st.text(), st.sampled_from([FORM, "application/json", ""]))
def test_spans_are_in_order_and_apart_whatever_the_text(text: str, media: str) -> None:
    for spans in (body_spans(text, media), url_spans(text), header_spans("Cookie", text)):
        ends = [0, *(span.end for span in spans)]
        assert all(end <= span.start < span.end for end, span in zip(ends, spans, strict=False))
        assert all(span.secret.variable in VARIABLES.values() for span in spans)


@pytest.mark.parametrize(
    "part", ['"', '{"a":', '{"password":"x",', "ey", "eyJ.", "\\", "a=", "://", "&code=", "%20ew"]
)
def test_hostile_sizes_are_read_once(part: str) -> None:
    """Quadratic time would not end here."""
    text = part * 200_000
    assert marked(text, body_spans(text)) is not None
    assert marked(text, url_spans(text)) is not None
    assert marked(text, header_spans("Cookie", text)) is not None
    assert marked(text, header_spans("Authorization", text)) is not None
