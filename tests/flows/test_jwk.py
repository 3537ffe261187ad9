from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.jwk import Verification, verify
from flows.jwt import Token, read_token
from tests.flows.tokens import b64, jwk, jwks, private_key, sign

ALGS = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "Ed448"),
]


def check(text: str, *keys: Any) -> Verification:
    return verify(read_token(text), jwks(*keys))


def outcome(text: str, *keys: Any) -> tuple[str, str]:
    verification = check(text, *keys)
    return verification.result, verification.code


@pytest.mark.parametrize("alg", ALGS)
def test_every_algorithm(alg: str) -> None:
    key = private_key(alg)
    text = sign(alg, key, kid="k1")
    verification = check(text, jwk(key, kid="k1", use="sig", alg=alg))
    assert (verification.result, verification.code) == ("verified", "verified")
    assert (verification.alg, verification.kid) == (alg, "k1")
    assert verification.key is not None and verification.key.kid == "k1"
    assert verification.reason == f"{alg} with key k1"
    assert verification.notes == ()

    header, payload, signature = text.split(".")
    other = b64('{"sub":"user-43"}')
    assert outcome(f"{header}.{other}.{signature}", jwk(key, kid="k1")) == (
        "failed",
        "bad-signature",
    )
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[len(raw) // 2] ^= 1
    assert outcome(f"{header}.{payload}.{b64(bytes(raw))}", jwk(key, kid="k1")) == (
        "failed",
        "bad-signature",
    )
    assert outcome(text, jwk(private_key(alg, 1), kid="k1")) == ("failed", "bad-signature")


# RFC 7515 appendix A: the same payload in A.1, A.2 and A.3
PAYLOAD = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
A1 = (
    f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}."
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
A2 = (
    f"eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZ"
    "mh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO"
    "75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI"
    "7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
A2_KEY = {
    "kty": "RSA",
    "n": (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0"
        "Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS"
        "5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH"
        "7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    ),
    "e": "AQAB",
}
A3 = (
    f"eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
A5 = f"eyJhbGciOiJub25lIn0.{PAYLOAD}."
# RFC 8037 appendix A.4 and A.5; its payload is text, not claims
ED25519 = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
ED25519_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (A1, A2_KEY, ("cannot", "symmetric")),
        (A2, A2_KEY, ("verified", "verified")),
        (A3, A3_KEY, ("verified", "verified")),
        (A5, A2_KEY, ("failed", "unsecured")),
        (ED25519, ED25519_KEY, ("verified", "verified")),
    ],
    ids=["A.1 HS256", "A.2 RS256", "A.3 ES256", "A.5 none", "RFC 8037"],
)
def test_vectors_of_the_standards(
    text: str, key: dict[str, str], expected: tuple[str, str]
) -> None:
    assert outcome(text, key) == expected


RS = private_key("RS256")
ES = private_key("ES256")
RS_TOKEN = sign("RS256", RS, kid="r")
ES_TOKEN = sign("ES256", ES, kid="e")


def test_unknown_kid_names_those_there_are() -> None:
    verification = check(RS_TOKEN, jwk(ES, kid="a"), jwk(private_key("RS256", 1), kid="b"))
    assert (verification.result, verification.code) == ("failed", "unknown-kid")
    assert verification.reason == "kid r is not in the key set, which has a, b"


def test_unknown_kid_says_when_another_key_does_verify() -> None:
    verification = check(RS_TOKEN, jwk(RS, kid="renamed"))
    assert verification.code == "unknown-kid"
    assert verification.reason.endswith("; key renamed does verify it")


def test_without_kid_all_fitting_keys_are_tried() -> None:
    keys = [jwk(private_key("RS256", 1), kid="x"), jwk(ES, kid="e"), jwk(RS, kid="y")]
    verification = check(sign("RS256", RS), *keys)
    assert verification.result == "verified"
    assert verification.key is not None and verification.key.kid == "y"
    assert [note.code for note in verification.notes] == ["no-kid"]
    assert "2 keys" in verification.notes[0].text

    verification = check(sign("RS256", private_key("RS256", 2)), *keys)
    assert verification.code == "bad-signature"
    assert "any of 2 keys" in verification.reason


def test_without_kid_and_one_key_there_is_nothing_to_note() -> None:
    verification = check(sign("RS256", RS), jwk(RS))
    assert verification.result == "verified"
    assert verification.reason == "RS256 with key number 1"
    assert verification.notes == ()


def test_no_key_fits_the_algorithm() -> None:
    verification = check(sign("RS256", RS), jwk(ES), {"kty": "oct", "k": "AAAA"})
    assert (verification.result, verification.code) == ("failed", "no-key")
    assert "EC P-256, oct" in verification.reason


def test_the_same_kid_twice_tries_both() -> None:
    keys = [jwk(ES, kid="r"), jwk(private_key("RS256", 1), kid="r"), jwk(RS, kid="r")]
    assert outcome(RS_TOKEN, *keys) == ("verified", "verified")


def test_wrong_type_of_key() -> None:
    verification = check(RS_TOKEN, jwk(ES, kid="r"))
    assert (verification.result, verification.code) == ("failed", "wrong-key")
    assert verification.reason == "key r is EC P-256, while RS256 needs RSA"


def test_wrong_curve() -> None:
    verification = check(ES_TOKEN, jwk(private_key("ES384"), kid="e"))
    assert verification.code == "wrong-key"
    assert verification.reason == "key e is EC P-384, while ES256 needs EC P-256"
    assert outcome(sign("Ed25519", private_key("Ed448")), jwk(private_key("Ed448"))) == (
        "failed",
        "no-key",
    )


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"use": "enc"}, "for encryption"),
        ({"key_ops": ["wrapKey"]}, "not for verifying"),
        ({"alg": "PS256"}, "is for PS256, not RS256"),
        ({"alg": "RSA-OAEP"}, "is for RSA-OAEP, not RS256"),
    ],
)
def test_a_key_meant_for_something_else(members: dict[str, Any], says: str) -> None:
    verification = check(RS_TOKEN, jwk(RS, kid="r", **members))
    assert (verification.result, verification.code) == ("failed", "wrong-key")
    assert verification.reason.startswith("the signature matches key r, but")
    assert says in verification.reason


def test_eddsa_and_ed25519_are_the_same_algorithm() -> None:
    key = private_key("Ed25519")
    assert outcome(sign("EdDSA", key), jwk(key, alg="Ed25519")) == ("verified", "verified")
    assert outcome(sign("Ed25519", key), jwk(key, alg="EdDSA")) == ("verified", "verified")


def test_malformed_key() -> None:
    verification = check(RS_TOKEN, {"kty": "RSA", "kid": "r", "n": "AQAB"})
    assert (verification.result, verification.code) == ("failed", "malformed-key")
    assert verification.reason.startswith("key r cannot be read")


def test_private_keys_in_the_set_are_told() -> None:
    numbers = ES.private_numbers().private_value
    leaked = jwk(ES, kid="e", d=b64(numbers.to_bytes(32, "big")))
    verification = check(ES_TOKEN, leaked)
    assert verification.result == "verified"
    assert [(note.code, note.mark) for note in verification.notes] == [("private", "error")]
    assert "key e" in verification.notes[0].text


def test_weak_rsa_keys_verify_with_a_warning() -> None:
    key = private_key("RS256", bits=1024)
    verification = check(sign("RS256", key), jwk(key))
    assert verification.result == "verified"
    assert [(note.code, note.mark) for note in verification.notes] == [("weak", "warn")]


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c"])
def test_keys_the_token_brings_along_are_flagged_and_not_used(name: str) -> None:
    mine = private_key("RS256", 3)
    value: Any = {"jwk": jwk(mine), "x5c": ["AAAA"]}.get(name, "https://evil.example/keys")
    verification = check(sign("RS256", mine, kid="r", **{name: value}), jwk(RS, kid="r"))
    assert verification.result == "failed"
    assert [note.code for note in verification.notes] == [name]


@pytest.mark.parametrize("alg", ["none", "None", "NONE"])
def test_alg_none_in_any_spelling(alg: str) -> None:
    head = b64('{"alg":"' + alg + '"}')
    assert outcome(f"{head}.{PAYLOAD}.", A2_KEY) == ("failed", "unsecured")


@pytest.mark.parametrize(
    ("alg", "code", "says"),
    [
        ("HS256", "symmetric", "no fault"),
        ("HS512", "symmetric", "no fault"),
        ("ESP256", "unsupported-alg", "the algorithm is ES256"),
        ("ML-DSA-44", "unsupported-alg", "cannot verify ML-DSA-44"),
        ("rs256", "unsupported-alg", "cannot verify rs256"),
    ],
)
def test_algorithms_without_a_verdict(alg: str, code: str, says: str) -> None:
    head = b64('{"alg":"' + alg + '"}')
    verification = check(f"{head}.{PAYLOAD}.AAAA", A2_KEY)
    assert (verification.result, verification.code) == ("cannot", code)
    assert says in verification.reason


def test_crit_gives_no_verdict() -> None:
    text = sign("RS256", RS, kid="r", crit=["exp"], exp=1)
    assert outcome(text, jwk(RS, kid="r")) == ("cannot", "critical")


@pytest.mark.parametrize(
    "text", ["", "opaque", "a b c", RS_TOKEN[:40], RS_TOKEN.rpartition(".")[0]]
)
def test_nothing_to_verify(text: str) -> None:
    assert outcome(text, jwk(RS, kid="r")) == ("cannot", "not-signed")


@pytest.mark.parametrize("value", [None, [], {}, {"keys": []}, {"keys": 1}])
def test_no_key_set(value: object) -> None:
    verification = verify(read_token(RS_TOKEN), value)
    assert (verification.result, verification.code) == ("cannot", "no-key-set")


def test_a_der_signature_is_recognised() -> None:
    signed = ES_TOKEN.rpartition(".")[0]
    der = ES.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
    verification = check(f"{signed}.{b64(der)}", jwk(ES, kid="e"))
    assert verification.code == "bad-signature"
    assert "does verify as ASN.1 DER" in verification.reason


def test_a_signature_of_the_wrong_length_is_told() -> None:
    verification = check(ES_TOKEN[:-4], jwk(ES, kid="e"))
    assert verification.reason.endswith("it has 61 bytes, ES256 has 64")


def test_another_padding_is_recognised() -> None:
    signed = RS_TOKEN.rpartition(".")[0]
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    signature = RS.sign(signed.encode(), pss, hashes.SHA256())
    verification = check(f"{signed}.{b64(signature)}", jwk(RS, kid="r"))
    assert verification.reason.endswith("; it does verify as PS256")


def test_header_nonce_is_explained() -> None:
    text = sign("RS256", private_key("RS256", 1), kid="r", nonce="x")
    assert "Microsoft" in check(text, jwk(RS, kid="r")).reason


def test_the_bytes_as_given_are_verified() -> None:
    """A re-encoded payload means the same claims and is another signed text."""
    header, _, signature = sign("ES256", ES, {"a": 1}, kid="e").split(".")
    tighter = b64('{"a":1}')
    assert outcome(f"{header}.{tighter}.{signature}", jwk(ES, kid="e"))[0] == "failed"
    assert outcome(f"Bearer {ES_TOKEN}", jwk(ES, kid="e"))[0] == "verified"
    assert outcome(f"{ES_TOKEN}==", jwk(ES, kid="e"))[0] == "verified"


@settings(deadline=None)
@given(st.data())
def test_no_mutation_of_a_token_verifies(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(ES_TOKEN) - 1))
    char = data.draw(st.sampled_from("ABCabc019-_.=é\x00"))
    text = ES_TOKEN[:at] + char + ES_TOKEN[at + 1 :]
    token, original = read_token(text), read_token(ES_TOKEN)
    verification = verify(token, jwks(jwk(ES, kid="e")))
    same = token.segments[:2] == original.segments[:2] and token.signature == original.signature
    assert (verification.result == "verified") == same


@settings(deadline=None)  # keys are made on first use
@given(st.binary(max_size=140), st.sampled_from(ALGS))
def test_any_signature_bytes(signature: bytes, alg: str) -> None:
    token = Token("jwt", "JWT", segments=("a", "b", "c"), header={"alg": alg}, signature=signature)
    key = jwk(private_key(alg))
    assert verify(token, jwks(key)).code == "bad-signature"


def test_a_signature_removed_on_saving_is_no_fault() -> None:
    from flows.secrets import redact

    key = private_key("RS256")
    verification = verify(read_token(redact(sign("RS256", key))), jwks(jwk(key)))
    assert (verification.result, verification.code) == ("cannot", "redacted")
