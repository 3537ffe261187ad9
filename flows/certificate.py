"""TLS trust, and what a handshake tells: in data for the record, in words for a person."""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from flows.exchange import Tls
from flows.frozen import frozen
from flows.network import EXPIRED, NO_TLS, NOT_YET_VALID, OTHER_NAME

_MOST_NAMES = 5

# X509_V_ERR_* of OpenSSL's x509_vfy.h; the ssl module has no names for them.
_NOT_YET_VALID, _EXPIRED = 9, 10
_SELF_SIGNED, _SELF_SIGNED_IN_CHAIN = 18, 19
_UNKNOWN_ISSUER = (2, 20, 21)
_REVOKED = 23
_WRONG_NAME = (62, 64)


def trust(ca_bundle: Path | None = None, *, insecure: bool = False) -> ssl.SSLContext:
    """The client's TLS settings. Trusts certifi's roots and, beside them, those in `ca_bundle`:
    one walk often meets a private MCP server and a public authorization server.

    Raises OSError (ssl.SSLError is one) when the bundle cannot be read. Costs some 50 ms.
    """
    if insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    if ca_bundle:
        context.load_verify_locations(cafile=ca_bundle)
    return context


@frozen
class _Certificate:
    subject: str = ""
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    names: tuple[str, ...] = ()


@lru_cache(maxsize=64)
def _read(der: bytes | None) -> _Certificate:
    """What the certificate says of itself; empty where it cannot be parsed, which an unverified
    one need not be."""
    if der is None:
        return _Certificate()
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        try:
            extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            names = tuple(str(name.value) for name in extension.value)
        except x509.ExtensionNotFound:
            names = ()
        return _Certificate(
            certificate.subject.rfc4514_string(),
            certificate.issuer.rfc4514_string(),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            names,
        )
    except ValueError:
        return _Certificate()


def describe(connection: ssl.SSLObject, *, verified: bool) -> Tls:
    """The finished handshake of `connection`."""
    certificate = _read(connection.getpeercert(binary_form=True))
    cipher = connection.cipher()
    return Tls(
        version=connection.version() or "",
        cipher=cipher[0] if cipher else "",
        subject=certificate.subject,
        issuer=certificate.issuer,
        not_after=certificate.not_after,
        verified=verified,
    )


async def peek(host: str, port: int) -> ssl.SSLObject | None:
    """A second handshake with verification off, only to see the certificate that was refused.
    No byte of HTTP is sent. None when this handshake fails too."""
    try:
        _, writer = await asyncio.open_connection(
            host, port, ssl=trust(insecure=True), server_hostname=host
        )
    except OSError:
        return None
    try:
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return connection
    finally:
        writer.transport.abort()


def reason(error: ssl.SSLError, host: str, seen: ssl.SSLObject | None = None) -> str:
    """Why TLS with `host` failed, in words. `seen` is the connection of `peek`."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
            return f"{host} {NO_TLS} on this port: it answers as a server of plain http would"
        if isinstance(error, ssl.SSLEOFError):
            return f"{host} closed the connection in the TLS handshake"
        return f"the TLS handshake with {host} failed: {error.reason or error}"
    certificate = _read(seen.getpeercert(binary_form=True)) if seen else _Certificate()
    code = error.verify_code
    whose = f"the certificate of {host}"
    if code == _EXPIRED:
        return f"{whose} {EXPIRED}" + _on(certificate.not_after)
    if code == _NOT_YET_VALID:
        return f"{whose} {NOT_YET_VALID}" + _on(certificate.not_before, "before")
    if code == _SELF_SIGNED:
        return f"{whose} is self-signed"
    if code == _SELF_SIGNED_IN_CHAIN:
        return f"{whose} comes from a self-signed root that is not trusted here"
    if code in _UNKNOWN_ISSUER:
        by = f" ({certificate.issuer})" if certificate.issuer else ""
        return (
            f"the issuer of {whose}{by} is not known here: "
            "an intermediate certificate is missing, or the root is private"
        )
    if code in _WRONG_NAME:
        more = "" if len(certificate.names) <= _MOST_NAMES else ", ..."
        names = ", ".join(certificate.names[:_MOST_NAMES]) + more
        return f"{whose} {OTHER_NAME}" + (f": {names}" if names else "")
    if code == _REVOKED:
        return f"{whose} is revoked"
    return f"{whose} is not accepted: {error.verify_message}"


def _on(when: datetime | None, word: str = "on") -> str:
    return f" ({word} {when:%Y-%m-%d %H:%M} UTC)" if when else ""
