"""Signing JWTs as a client: its own key read from a file, and the compact serialization.

Signatures are the same each time where the algorithm allows it (all but PS256, whose salt is
drawn), so that asking a step twice gives the same request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from flows.entropy import base64url
from flows.frozen import frozen

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")


class UnusableKey(ValueError):
    """A key cannot sign; the text says why and never repeats the key."""


@frozen
class SigningKey:
    """A private key of `cryptography`, the JWS algorithm it signs with (RFC 7518 section 3.1,
    RFC 8037 section 3.1), and its identifier when it has one."""

    private: Any = field(repr=False)
    alg: str
    kid: str | None = None


def read_key(text: str, alg: str | None = None, listed: Sequence[str] = ()) -> SigningKey:
    """The private key in a PEM text or a JWK (RFC 7517). Raises UnusableKey.

    `alg` is the person's choice, `listed` what the server takes. Without a choice the JWK's own
    `alg` rules; an RSA key then signs with RS256, or PS256 where the server lists only that.
    """
    private, kid, own = _read_jwk(text) if text.lstrip().startswith("{") else _read_pem(text)
    fitting = _fitting(private)
    named = alg or own
    if named is None:
        named = next((name for name in fitting if name in listed), fitting[0])
    if named not in fitting:
        raise UnusableKey(f"it signs with {' or '.join(fitting)}, not with {named}")
    return SigningKey(private, named, kid)


def _read_pem(text: str) -> tuple[Any, str | None, str | None]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(text.encode("utf-8", "replace"), None), None, None
    except TypeError:
        raise UnusableKey("it is encrypted with a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey("it is no private key in PEM form and no JWK") from None


def _read_jwk(text: str) -> tuple[Any, str | None, str | None]:
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    try:
        document = json.loads(text)
        # Whatever `alg` says is judged with the key: here it would only choose the reader.
        bare = {name: value for name, value in document.items() if name != "alg"}
        key = PyJWK(bare).key
    except (PyJWTError, ValueError, TypeError, AttributeError):
        raise UnusableKey("it is no JWK that can be read") from None
    if not hasattr(key, "sign"):
        raise UnusableKey("it is a JWK without the private part")
    kid, alg = document.get("kid"), document.get("alg")
    return key, kid if isinstance(kid, str) else None, alg if isinstance(alg, str) else None


def _fitting(private: Any) -> tuple[str, ...]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match private:
        case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1()):
            return ("ES256",)
        case rsa.RSAPrivateKey(key_size=size) if size >= 2048:  # RFC 7518 section 3.3
            return ("RS256", "PS256")
        case ed25519.Ed25519PrivateKey():
            return ("EdDSA",)
    raise UnusableKey("it must be a P-256, an RSA (2048 bits or more) or an Ed25519 key")


def sign(key: SigningKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A JWT in compact serialization (RFC 7515 section 7.1). `alg` and `kid` join the header."""
    full = {**header, "alg": key.alg, **({"kid": key.kid} if key.kid else {})}
    content = f"{_segment(full)}.{_segment(claims)}"
    return f"{content}.{base64url(_signature(key, content.encode('ascii')))}"


def _segment(members: Mapping[str, Any]) -> str:
    return base64url(json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode())


def _signature(key: SigningKey, content: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    signed: bytes
    match key.alg:
        case "ES256":
            return _es256(key.private, content)
        case "RS256":
            signed = key.private.sign(content, padding.PKCS1v15(), SHA256())
        case "PS256":
            salted = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
            signed = key.private.sign(content, salted, SHA256())
        case _:
            signed = key.private.sign(content)
    return signed


def _es256(private: Any, content: bytes) -> bytes:
    """r and s, 32 octets each (RFC 7518 section 3.4), from RFC 6979 where OpenSSL has it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        algorithm = ec.ECDSA(SHA256(), deterministic_signing=True)
    except UnsupportedAlgorithm:
        algorithm = ec.ECDSA(SHA256())
    r, s = utils.decode_dss_signature(private.sign(content, algorithm))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
