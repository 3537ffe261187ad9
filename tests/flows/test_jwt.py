from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.jwt import MAX_LENGTH, decode_segment, read_token


def b64(data: bytes | str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt(header: Any, claims: Any, signature: bytes = b"signature") -> str:
    parts = (part if isinstance(part, str) else json.dumps(part) for part in (header, claims))
    return ".".join((*map(b64, parts), b64(signature)))


GOOD = jwt({"alg": "RS256", "kid": "k1"}, {"iss": "https://as.example", "name": "Zoë 日本"})
# RFC 7516 appendix A.1, its ciphertext shortened
JWE = (
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJ"
    ".48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZ"
)


def codes(text: str) -> list[str]:
    return [problem.code for problem in read_token(text).problems]


def test_a_sound_jwt() -> None:
    token = read_token(GOOD)
    assert (token.kind, token.looks, token.problems) == ("jwt", "JWT", ())
    assert token.header == {"alg": "RS256", "kid": "k1"}
    assert token.claims == {"iss": "https://as.example", "name": "Zoë 日本"}
    assert token.signature == b"signature"
    assert token.segments == tuple(GOOD.split("."))
    assert token.well_formed


def test_secrets_stay_out_of_repr() -> None:
    token = read_token(GOOD)
    assert token.text not in repr(token)
    assert token.segments[2] not in repr(token)


def test_jwe_shows_its_header() -> None:
    token = read_token(JWE)
    assert token.kind == "jwe"
    assert token.header == {"alg": "RSA-OAEP", "enc": "A256GCM"}
    assert token.claims is None
    assert codes(JWE) == []


def test_unsecured_jwt_of_rfc_7519_is_read() -> None:
    text = (
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    )
    token = read_token(text)
    assert token.claims == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    assert token.problems == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (jwt({"alg": "RS256"}, '{"a":1,"a":2}'), ["duplicate"]),
        (jwt('{"alg":"RS256","alg":"none"}', {}), ["duplicate"]),
        (jwt({"alg": "RS256"}, "[1]"), ["not-object"]),
        (jwt({"alg": "RS256"}, "null"), ["not-object"]),
        (jwt({"alg": "RS256"}, '{"exp":NaN}'), ["constant"]),
        (jwt({"alg": "RS256"}, '{"a":1'), ["json"]),
        (jwt({"alg": "RS256"}, '{"a":1} x'), ["json"]),
        (jwt({"alg": "RS256"}, '{"a":' + "[" * 100_000), ["nested"]),
        (jwt({"typ": "JWT"}, {}), ["header"]),
        (jwt({"alg": 5}, {}), ["header"]),
        (jwt({"alg": "RS256", "crit": []}, {}), ["crit"]),
        (jwt({"alg": "RS256", "crit": ["exp"]}, {}), ["crit"]),
        (jwt({"alg": "RS256", "crit": "exp", "exp": 1}, {}), ["crit"]),
        (jwt({"alg": "RS256", "b64": False, "crit": ["b64"]}, {}), ["unencoded"]),
        (jwt({"alg": "RS256", "cty": "JWT"}, GOOD), ["nested-jwt"]),
        (jwt({"alg": "RS256"}, {}, b""), ["no-signature"]),
        (GOOD + "=", ["padding"]),
        (GOOD + ".x", ["parts"]),
        (GOOD.rpartition(".")[0], ["parts"]),
        ("Bearer " + GOOD, ["prefix"]),
        ("x" * (MAX_LENGTH + 1), ["too-large"]),
        ("a.b.c", ["not-jwt"]),
        ("a:b", ["b64token"]),
    ],
)
def test_problems(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_invalid_utf8_is_told_and_the_rest_read() -> None:
    payload = b64(b'{"sub":"caf\xe9","iss":"x"}')
    text = f"{b64(json.dumps({'alg': 'RS256'}))}.{payload}.AAAA"
    token = read_token(text)
    assert [problem.code for problem in token.problems] == ["utf-8"]
    assert token.claims == {"sub": "caf\ufffd", "iss": "x"}


def test_the_standard_alphabet_is_told_and_read() -> None:
    payload = base64.b64encode(b'{"sub":"\xc3\xbf\xc3\xbe??>"}').decode()
    assert "/" in payload or "+" in payload
    token = read_token(f"{b64(json.dumps({'alg': 'RS256'}))}.{payload}.AAAA")
    assert token.claims == {"sub": "ÿþ??>"}
    assert "alphabet" in [problem.code for problem in token.problems]


def test_a_problem_names_its_part() -> None:
    token = read_token(jwt({"alg": "RS256"}, '{"a":1,"a":2}'))
    assert token.problems[0].text.startswith("payload: ")
    assert not token.well_formed


@given(st.binary())
def test_base64url_both_ways(data: bytes) -> None:
    assert decode_segment(b64(data)) == (data, ())


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("YQ==", b"a", ["padding"]),
        ("_-8", b"\xff\xef", []),
        ("/+8", b"\xff\xef", ["alphabet"]),
        ("YR", b"a", ["trailing-bits"]),
        ("YWJjZ", b"abc", ["length"]),
        ("YWJj*ZGVm", b"abc", ["alphabet"]),
        ("é", b"", ["alphabet"]),
        ("", b"", []),
    ],
)
def test_decode_segment(text: str, raw: bytes, expected: list[str]) -> None:
    data, problems = decode_segment(text)
    assert data == raw
    assert [problem.code for problem in problems] == expected


def test_typing_a_token_shows_more_with_every_key() -> None:
    known = -1
    for length in range(2, len(GOOD) + 1):
        token = read_token(GOOD[:length])
        assert token.kind == "jwt"
        members = len(token.header or {}) + len(token.claims or {})
        assert members >= known
        known = members
    assert known == 4


@pytest.mark.parametrize("text", ["", "  \n", '""', "' '"])
def test_empty(text: str) -> None:
    assert read_token(text).kind == "empty"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SlAV32hkKG", "opaque"),
        ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "opaque"),
        (b64('{"uid":7,"mac":"x"}'), "opaque"),  # base64 of JSON without alg
        (b64('{"typ":"JWT","al'), "jwt"),
        ("12345", "opaque"),
        ("MTIz.MTIz.MTIz", "opaque"),
        ("not a token at all", "garbage"),
        ("https://app.example/cb?code=x", "garbage"),
        ('{"error":"invalid_grant"}', "garbage"),
        ("." * 50, "opaque"),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    assert read_token(text).kind == kind


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_never_raises_on_any_text(text: str) -> None:
    token = read_token(text)
    assert token.looks
    assert token.kind != "garbage" or token.problems


@given(st.data())
def test_never_raises_on_a_token_gone_wrong(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([GOOD, JWE, "Bearer " + GOOD]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        drop = data.draw(st.integers(0, 3))
        new = data.draw(st.text(alphabet='.=+/_-AeyJ{}" \n\u202eé\x00', max_size=3))
        text = text[:at] + new + text[at + drop :]
    assert read_token(text).looks


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_never_raises_on_any_bytes_in_the_parts(header: bytes, payload: bytes) -> None:
    assert read_token(f"{b64(header)}.{b64(payload)}.AAAA").looks
    assert read_token(f"{b64(b'{' + header)}.{b64(b'{' + payload)}.AAAA").looks
