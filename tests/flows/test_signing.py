"""Keys as people keep them, and what they sign, verified by PyJWT."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    PrivateFormat,
)

from flows.signing import ALGORITHMS, UnusableKey, read_key, sign
from tests.flows.keys import as_jwk, key_for, pem

CLAIMS = {"iss": "client", "name": "ä"}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_every_algorithm_verifies(alg: str) -> None:
    key = key_for(alg)
    for text in (pem(key), as_jwk(key, alg)):
        token = sign(read_key(text, alg), {"typ": "JWT"}, CLAIMS)
        assert jwt.decode(token, key.public_key(), algorithms=[alg]) == CLAIMS
        assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": alg}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_asking_twice_gives_the_same_signature(alg: str) -> None:
    key = read_key(pem(key_for(alg)), alg)
    assert sign(key, {}, CLAIMS) == sign(key, {}, CLAIMS)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_both_pem_forms(form: PrivateFormat, alg: str) -> None:
    assert read_key(pem(key_for(alg), form)).alg == alg


def test_a_jwk_names_its_key_and_its_algorithm() -> None:
    key = read_key(as_jwk(key_for("PS256"), "PS256", kid="k-1", alg="PS256"))
    assert (key.alg, key.kid) == ("PS256", "k-1")
    assert jwt.get_unverified_header(sign(key, {}, CLAIMS))["kid"] == "k-1"


@pytest.mark.parametrize(
    ("chosen", "listed", "alg"),
    [
        (None, (), "RS256"),
        (None, ("ES256",), "RS256"),
        (None, ("PS256", "ES256"), "PS256"),
        (None, ("PS256", "RS256"), "RS256"),
        ("PS256", ("RS256",), "PS256"),
    ],
)
def test_what_an_rsa_key_signs_with(chosen: str | None, listed: list[str], alg: str) -> None:
    assert read_key(pem(key_for("RS256")), chosen, listed).alg == alg


@pytest.mark.parametrize(
    ("text", "alg", "says"),
    [
        ("", None, "no private key in PEM form"),
        ("-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----", None, "no private key"),
        (pem(key_for("ES256"), encryption=BestAvailableEncryption(b"x")), None, "password"),
        (pem(key_for("ES256")), "RS256", "signs with ES256, not with RS256"),
        (pem(key_for("RS256")), "none", "signs with RS256 or PS256, not with none"),
        (pem(ec.generate_private_key(ec.SECP384R1())), None, "must be a P-256"),
        (pem(rsa.generate_private_key(65537, 1024)), None, "2048 bits"),
        ("{", None, "no JWK"),
        ("[]", None, "no private key"),
        ('{"kty": "hush"}', None, "no JWK"),
        ('{"kty": "oct", "k": "aHVzaA"}', None, "private part"),
        (as_jwk(key_for("ES256").public_key(), "ES256"), None, "without the private part"),
        (as_jwk(key_for("ES256"), "ES256", alg="HS256"), None, "not with HS256"),
    ],
    ids=range(13),  # keys are drawn anew in each run; the names of tests are not
)
def test_an_unusable_key_says_why_and_not_what(text: str, alg: str | None, says: str) -> None:
    with pytest.raises(UnusableKey, match=says) as raised:
        read_key(text, alg)
    assert "hush" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_key_does_not_show_itself() -> None:
    key = read_key(as_jwk(key_for("ES256"), "ES256"))
    assert "private" not in repr(key)
