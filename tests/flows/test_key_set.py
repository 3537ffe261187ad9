from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from flows.key_set import MAX_KEYS, key_set_problems, load_public_key, summarize_keys
from tests.flows.tokens import jwk, jwks, private_key


def rows(*keys: Any) -> list[tuple[str, list[str]]]:
    return [
        (row.detail, [problem.code for problem in row.problems])
        for row in summarize_keys(jwks(*keys))
    ]


def codes(key: dict[str, Any]) -> list[str]:
    return [problem.code for problem in summarize_keys(jwks(key))[0].problems]


RSA = jwk(private_key("RS256"), kid="r", alg="RS256", use="sig")
EC = jwk(private_key("ES256"), kid="e")


@pytest.mark.parametrize(
    ("alg", "kty", "detail"),
    [
        ("RS256", "RSA", "2048 bits"),
        ("ES256", "EC", "P-256"),
        ("ES384", "EC", "P-384"),
        ("ES512", "EC", "P-521"),
        ("ES256K", "EC", "secp256k1"),
        ("Ed25519", "OKP", "Ed25519"),
        ("Ed448", "OKP", "Ed448"),
    ],
)
def test_sound_keys(alg: str, kty: str, detail: str) -> None:
    (row,) = summarize_keys(jwks(jwk(private_key(alg), kid="k", alg=alg, use="sig")))
    assert (row.kid, row.kty, row.alg, row.use, row.detail) == ("k", kty, alg, "sig", detail)
    assert row.problems == ()
    assert row.usable
    assert row.fits(alg)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ({"kty": "oct", "k": "AAAA"}, ["symmetric"]),
        ({"kty": "RSA"}, ["malformed-key"]),
        ({"kty": "RSA", "n": 5, "e": []}, ["malformed-key"]),
        ({"kty": "RSA", "n": "AQAB", "e": "AA"}, ["leading-zero", "malformed-key"]),
        ({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, ["malformed-key"]),
        ({**EC, "y": EC["x"]}, ["malformed-key"]),  # not a point of the curve
        ({**EC, "crv": ["P-256"]}, ["malformed-key"]),
        ({"kty": "OKP", "crv": "X25519", "x": "AAAA"}, ["malformed-key"]),
        ({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}, ["unknown-kty"]),
        ({"kty": ["RSA"]}, ["unknown-kty"]),
        ({}, ["unknown-kty"]),
        ({**RSA, "e": RSA["e"] + "="}, ["encoding"]),
        ({**EC, "alg": "ES384"}, ["alg-mismatch"]),
        ({**RSA, "key_ops": ["encrypt"]}, ["use-mismatch"]),
        ({**RSA, "key_ops": ["verify"]}, []),
        ({**RSA, "x5c": ["AAAA"]}, ["certificate"]),
        ({**RSA, "x5c": [7]}, ["certificate"]),
        (jwk(private_key("RS256", bits=1024)), ["weak"]),
    ],
)
def test_problems(key: dict[str, Any], expected: list[str]) -> None:
    assert codes(key) == expected


def test_keys_that_are_not_objects() -> None:
    assert rows("x", None, [])[0] == ("", ["malformed-key"])


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth"])
def test_private_material_is_told_by_name(member: str) -> None:
    (row,) = summarize_keys(jwks({**RSA, member: "AAAA"}))
    leaked = row.problem("private")
    assert leaked is not None and f"({member})" in leaked.text
    assert leaked.mark == "error"
    assert not row.usable


def test_private_members_are_left_behind() -> None:
    key = load_public_key({**EC, "d": "not even base64 !"})
    assert key.public_numbers() == private_key("ES256").public_key().public_numbers()


def test_encryption_keys_are_not_for_signatures() -> None:
    (row,) = summarize_keys(jwks({**RSA, "use": "enc"}))
    assert not row.usable


def test_kid_is_missed_only_among_several() -> None:
    nameless = {name: value for name, value in RSA.items() if name != "kid"}
    assert rows(nameless) == [("2048 bits", [])]
    assert rows(nameless, EC) == [("2048 bits", ["no-kid"]), ("P-256", [])]


def certificate(key: Any) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "as.example")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def test_certificates_must_carry_the_same_key() -> None:
    assert codes({**RSA, "x5c": [certificate(private_key("RS256"))]}) == []
    assert codes({**RSA, "x5c": [certificate(private_key("RS256", 1))]}) == ["certificate"]


@pytest.mark.parametrize("value", [None, [], "x", {}, {"keys": {}}, {"keys": "x"}])
def test_not_a_set(value: object) -> None:
    assert [problem.code for problem in key_set_problems(value)] == ["not-a-set"]
    assert summarize_keys(value) == ()


def test_the_set_as_a_whole() -> None:
    assert key_set_problems(jwks(RSA, EC)) == ()
    assert [problem.code for problem in key_set_problems(jwks())] == ["empty"]
    same = key_set_problems(jwks(RSA, {**EC, "kid": "r"}))
    assert [(problem.code, problem.mark) for problem in same] == [("same-kid", "warn")]


def test_a_long_set_is_cut_and_says_so() -> None:
    many = jwks(*({"kty": "oct", "kid": str(n)} for n in range(MAX_KEYS + 20)))
    assert len(summarize_keys(many)) == MAX_KEYS
    (problem,) = key_set_problems(many)
    assert "120 keys" in problem.text


NAMES = st.sampled_from(["kty", "crv", "n", "e", "x", "y", "d", "kid", "alg", "use", "key_ops"])
WORDS = st.sampled_from(["RSA", "EC", "OKP", "P-256", "Ed25519", "AQAB", "", RSA["n"], EC["x"]])
VALUES = WORDS | st.none() | st.integers() | st.text(max_size=9) | st.lists(st.text(max_size=3))


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=8) | VALUES, max_size=3))
def test_never_raises(keys: list[Any]) -> None:
    assert len(summarize_keys({"keys": keys})) == len(keys)
    key_set_problems({"keys": keys})
