"""A client's private keys as people keep them, and proofs taken apart as servers do."""

from __future__ import annotations

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from tests.flows.tokens import private_key


def pem(
    key: Any,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> str:
    data: bytes = key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())
    return data.decode()


def as_jwk(key: Any, family: str, **members: Any) -> str:
    return json.dumps({**jwt.get_algorithm_by_name(family).to_jwk(key, as_dict=True), **members})


def key_for(alg: str) -> Any:
    return private_key("Ed25519" if alg == "EdDSA" else alg)


def verified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a proof, its signature checked with the key it carries, as a server
    does (RFC 9449 section 4.3)."""
    header = jwt.get_unverified_header(token)
    key = jwt.PyJWK(header["jwk"]).key
    return header, jwt.decode(token, key, algorithms=["ES256"], options={"verify_iat": False})
