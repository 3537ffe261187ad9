"""Keys, key sets and signed tokens for tests, made with PyJWT and cryptography."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

_CURVES: dict[str, ec.EllipticCurve] = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
    "ES256K": ec.SECP256K1(),
}
FAMILY = {"Ed25519": "EdDSA", "Ed448": "EdDSA"}


def b64(data: bytes | str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def private_key(alg: str, number: int = 0, bits: int = 2048) -> Any:
    """A private key for `alg`; another one for every `number`. RSA algorithms share theirs."""
    return _generate("RSA" if alg[:2] in ("RS", "PS") else alg, number, bits)


@cache
def _generate(kind: str, number: int, bits: int) -> Any:
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    if kind == "RSA":
        return rsa.generate_private_key(65537, bits)
    curve = ed448.Ed448PrivateKey if kind == "Ed448" else ed25519.Ed25519PrivateKey
    return curve.generate()


def jwk(key: Any, **members: Any) -> dict[str, Any]:
    """The public key as a JWK."""
    public = key.public_key()
    name = {rsa.RSAPublicKey: "RS256", ec.EllipticCurvePublicKey: "ES256"}
    alg = next((alg for kind, alg in name.items() if isinstance(public, kind)), "EdDSA")
    made: dict[str, Any] = jwt.get_algorithm_by_name(alg).to_jwk(public, as_dict=True)
    made.pop("key_ops", None)
    return made | members


def jwks(*keys: dict[str, Any]) -> dict[str, Any]:
    return {"keys": list(keys)}


def sign(alg: str, key: Any, claims: dict[str, Any] | None = None, **header: Any) -> str:
    """A JWS over `claims` with `alg` in its header, whatever PyJWT calls the algorithm."""
    head = b64(json.dumps({"alg": alg, **header}))
    body = b64(json.dumps(claims if claims is not None else {"sub": "user-42"}))
    signer: Any = jwt.get_algorithm_by_name(FAMILY.get(alg, alg))
    return f"{head}.{body}.{b64(signer.sign(f'{head}.{body}'.encode(), key))}"
