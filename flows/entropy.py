"""Values derived from an attempt's entropy rather than drawn: the preview shows the very values
that will be used, and nothing here reads a random number."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256


def derived(seed: bytes, name: str) -> str:
    """43 characters of base64url out of the attempt's 32 random bytes, one value a name."""
    return base64url(digest(seed, name))


def digest(seed: bytes, name: str) -> bytes:
    """The 32 bytes that `derived` writes down."""
    return sha256(seed + b"\x00" + name.encode("utf-8", "surrogatepass")).digest()


def base64url(data: bytes) -> str:
    """Base64 for URLs, without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
