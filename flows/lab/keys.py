"""The authorization server's signing key: an RSA key made at start and never written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.jwk import RSAKey

if TYPE_CHECKING:
    from flows.lab.faults import Switchboard

ALGORITHM = "RS256"  # the one that RFC 9068 section 4 makes every party support


class SigningKey:
    def __init__(self, faults: Switchboard) -> None:
        self._faults = faults
        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)

    def jwks(self) -> dict[str, Any]:
        """The key set as published (RFC 7517 section 5)."""
        published: dict[str, Any] = self._faults.edited(
            "keys", {"keys": [self._key.as_dict(private=False)]}
        )
        return published

    def signed(self, claims: dict[str, Any]) -> str:
        """A JWT access token (RFC 9068 section 2) of these claims."""
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self._key.kid}
        token = jwt.encode(self._faults.edited("jose-header", header), claims, self._key)
        faulty: str = self._faults.edited("jwt", token)
        return faulty
