"""Clients that are named by the URL of their metadata document
(draft-ietf-oauth-client-id-metadata-document-00).

The lab always understands them and says so only when the fault `supports-cimd` is on: a walk
without internet must not be sent to fetch a document.
"""

from __future__ import annotations

import http.client
import json
import ssl
from urllib.parse import urlsplit

from flows.lab.registration import RegistrationError, client_metadata
from flows.lab.store import Client
from flows.wellknown import LOOPBACK

LIMIT = 5 * 1024  # what the draft, section 6.6, recommends as the most
TIMEOUT = 5.0


class MetadataError(Exception):
    """The document cannot be had or must not be used."""


def fetch_client(client_id: str) -> Client:
    """The client whose identifier is this URL. Blocks up to TIMEOUT seconds an operation; follows
    no redirect. Raises MetadataError."""
    _check_url(client_id)
    try:
        document = json.loads(_get(client_id))
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        raise MetadataError(f"The client metadata document was not to be had: {error}") from error
    # Section 4.1: the identifier is the URL, and no secret can be shared by a public document.
    if not isinstance(document, dict) or document.get("client_id") != client_id:
        raise MetadataError("The document's client_id is not the URL it was fetched from")
    if "client_secret" in document or not document.get("client_name"):
        raise MetadataError("The document holds a client_secret or has no client_name")
    try:
        metadata = client_metadata({"token_endpoint_auth_method": "none", **document})
    except RegistrationError as error:
        raise MetadataError(error.description) from error
    if metadata["token_endpoint_auth_method"] != "none":
        raise MetadataError("token_endpoint_auth_method must be none")
    return Client(client_id, metadata)


def _check_url(client_id: str) -> None:
    """Section 3; http is for loopback alone."""
    try:
        parts = urlsplit(client_id)
        local = parts.scheme == "http" and parts.hostname in LOOPBACK
    except ValueError:
        raise MetadataError("The client identifier is not a URL") from None
    segments = parts.path.split("/")
    if not (parts.scheme == "https" or local) or not parts.hostname or len(parts.path) < 2:
        raise MetadataError("The client identifier must be an https URL with a path")
    if "#" in client_id or "@" in parts.netloc or "." in segments or ".." in segments:
        raise MetadataError("The client identifier has a fragment, user or dot segments")


def _get(url: str) -> bytes:
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET", target, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(LIMIT + 1)
        if response.status != 200:
            raise ValueError(f"status {response.status}")
        if len(body) > LIMIT:
            raise ValueError(f"more than {LIMIT} bytes")
        return body
    finally:
        connection.close()
