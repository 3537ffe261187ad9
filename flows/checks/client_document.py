"""CIMD: the client that is named by the URL of its metadata document.

The document itself is in the record where the probe CLIENT_DOCUMENT fetched it.
"""

from __future__ import annotations

from flows.checks.documents import Found
from flows.checks.kernel import Outcomes, Place, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.client_document import (
    MAX_SIZE,
    identity_problem,
    is_local,
    key_problem,
    methods_in_common,
    missing_members,
    redirect_problems,
    secret_members,
    url_problem,
)
from flows.documents import read_object, text_list
from flows.exchange import Exchange, media_type
from flows.network import reach_of
from flows.probes.discovery import CLIENT_DOCUMENT
from flows.steps.discovery import judged
from flows.steps.server_metadata import expected_issuer, server_metadata
from flows.text import size
from flows.wellknown import same_redirect

_DRAFT = "draft-ietf-oauth-client-id-metadata-document-00"
_LATER = "draft-ietf-oauth-client-id-metadata-document-01"


def _url(record: Record) -> str | None:
    """The URL that names the client, when one does."""
    client = record.facts.client
    if client and client.source == "CIMD":
        return client.client_id
    return record.facts.target.client_metadata_url


def _fetched(record: Record) -> Exchange | None:
    events = record.probes(CLIENT_DOCUMENT) if _url(record) else ()
    return events[-1].exchange if events else None


def _document(record: Record) -> Found | None:
    exchange = _fetched(record)
    document = record.document(exchange) if exchange and exchange.status == 200 else None
    if exchange is None or document is None or document.members is None:
        return None
    return Found(exchange, document.members)


@check(
    "CIMD-01",
    "client",
    "client",
    "error",
    "the client identifier is a URL that may name a document",
    f"{_DRAFT} §3",
    "Use an https URL with a path, without fragment, user name or dot segments.",
)
def identifier_is_a_url(record: Record) -> Outcomes:
    if url := _url(record):
        if is_local(url):
            words = f"{url} is for this machine alone: elsewhere a client identifier is https."
            yield failed(words, severity="info")
        elif problem := url_problem(url):
            yield failed(f"The client identifier {url} may not be used: {problem}.")
        elif "?" in url:
            yield failed(f"{url} has a query, which should not be there.", severity="warn")
        else:
            yield passed()


@check(
    "CIMD-02",
    "client",
    "client",
    "error",
    "the document is JSON of a size that servers read, without a redirect",
    f"{_LATER} §4, §4.1, §6.6",
    "Serve the document itself with 200 and application/json, in less than 5 kB.",
)
def document_is_served(record: Record) -> Outcomes:
    if _url(record) is None:
        return
    exchange = _fetched(record)
    if exchange is None or exchange.response is None:
        yield skipped("the document was not fetched")
        return
    response = exchange.response
    _, problem = read_object(response)
    if response.status != 200:
        moved = 300 <= response.status < 400
        why = "servers follow no redirect" if moved else "servers read it with 200 alone"
        yield failed(
            f"The document's URL answers {response.status}: {why}.", at(exchange, "status")
        )
    elif problem:
        yield failed(f"The document: {problem}.", at(exchange))
    elif len(response.body) > MAX_SIZE:
        words = f"The document has {size(len(response.body))}; servers may stop at 5 kB."
        yield failed(words, at(exchange), severity="warn")
    elif not media_type(response.headers).endswith("json"):
        words = f"The document is sent as {media_type(response.headers) or 'no media type'}."
        yield failed(words, at(exchange), severity="warn")
    else:
        yield passed(at(exchange))


@check(
    "CIMD-03",
    "client",
    "client",
    "error",
    "client_id in the document is its URL",
    f"{_DRAFT} §4.1; MCP Client ID Metadata Documents",
    "Write the URL of the document into client_id, character by character.",
)
def document_names_itself(record: Record) -> Outcomes:
    if (found := _document(record)) and (url := _url(record)):
        place = found.place("client_id")
        if problem := identity_problem(found.members, url):
            yield failed(f"{problem}.", place)
        else:
            yield passed(place)


@check(
    "CIMD-04",
    "client",
    "client",
    "error",
    "client_name and redirect_uris are there, this walk's among them",
    "MCP Client ID Metadata Documents, Implementation Requirements",
    "Add client_name, and every redirect URI the client uses.",
)
def document_is_complete(record: Record) -> Outcomes:
    if found := _document(record):
        missing = missing_members(found.members)
        for name in missing:
            yield failed(f"{name} is missing.", found.place(name))
        uris = text_list(found.members, "redirect_uris") or ()
        ours = record.facts.redirect_uri
        if uris and ours and not any(same_redirect(uri, ours) for uri in uris):
            words = f"redirect_uris do not hold {ours}, which this walk uses."
            yield failed(words, found.at("redirect_uris"))
        elif not missing:
            yield passed(found.at("redirect_uris"))


@check(
    "CIMD-05",
    "client",
    "client",
    "error",
    "the document holds no secret, and no method that needs one",
    f"{_DRAFT} §4.1",
    "Use none or private_key_jwt: everybody can read the document.",
)
def document_holds_no_secret(record: Record) -> Outcomes:
    if found := _document(record):
        names = secret_members(found.members)
        for name in names:
            yield failed(f"{name} rests on a secret, and the document is public.", found.at(name))
        if not names:
            yield passed(at(found.exchange))


@check(
    "CIMD-06",
    "client",
    "client",
    "error",
    "the keys of private_key_jwt are there",
    f"{_DRAFT} §6.2; RFC 7523 §3",
    "Publish the public key in jwks, or name its URL in jwks_uri.",
)
def keys_are_there(record: Record) -> Outcomes:
    if found := _document(record):
        if problem := key_problem(found.members):
            yield failed(f"{problem}.", found.place("jwks"))
        elif found.members.get("token_endpoint_auth_method") == "private_key_jwt":
            yield passed(found.place("jwks"))


@check(
    "CIMD-07",
    "client",
    "authorization-server",
    "error",
    "the server takes a method that the client's document names",
    "RFC 8414 §2; RFC 7591 §2",
    "List none and private_key_jwt where Client ID Metadata Documents are supported.",
)
def a_method_is_shared(record: Record) -> Outcomes:
    found, metadata = _document(record), server_metadata(record.facts)
    if found is None or metadata is None:
        return
    place = found.place("token_endpoint_auth_method")
    if methods_in_common(found.members, metadata):
        yield passed(place)
    else:
        own = found.members.get("token_endpoint_auth_method") or "none"
        listed = text_list(metadata, "token_endpoint_auth_methods_supported") or ()
        yield failed(f"The client's document says {own}, the server {', '.join(listed)}.", place)


@check(
    "CIMD-08",
    "client",
    "client",
    "error",
    "every redirect URI of the document can be one",
    "RFC 6749 §3.1.2; RFC 9700 §2.6",
    "Use https, http on a loopback address, or a private-use scheme.",
)
def redirect_uris_are_usable(record: Record) -> Outcomes:
    if found := _document(record):
        problems = redirect_problems(found.members)
        for problem in problems:
            yield failed(f"{problem}.", found.at("redirect_uris"))
        if not problems and text_list(found.members, "redirect_uris"):
            yield passed(found.at("redirect_uris"))


@check(
    "CIMD-09",
    "client",
    "client",
    "error",
    "the authorization server can reach the document",
    f"{_LATER} §6.5",
    "Publish the document where the authorization server can fetch it, at a public address.",
)
def server_can_reach_it(record: Record) -> Outcomes:
    url = _url(record)
    if url is None:
        return
    document = reach_of(url)
    if not record.facts.server_tried:
        if document == "public":
            yield skipped("no authorization server is known that is to fetch it")
        else:
            yield failed(f"Only servers of the same network can fetch {url}.", severity="info")
    elif document == "public":
        yield passed()
    elif (server := reach_of(expected_issuer(record.facts))) == "public":
        words = f"{url} is an address of this network, which {expected_issuer(record.facts)} cannot"
        says = f"{words} reach: it fetches the document itself, and not the browser."
        yield failed(says, _metadata(record))
    elif document == server == "loopback":
        yield passed()
    else:
        words = f"{url} is a {document} address: servers should not fetch those."
        yield failed(words, _metadata(record), severity="warn")


def _metadata(record: Record) -> Place:
    """The metadata of the server that is to fetch the document, or where it was looked for."""
    tried = record.facts.server_tried
    return Place((judged(tried) or tried[-1]).exchange_id)


@check(
    "CIMD-10",
    "server-metadata",
    "authorization-server",
    "warn",
    "the server says that it takes client documents",
    f"{_DRAFT} §5; MCP Client ID Metadata Documents",
    "Set client_id_metadata_document_supported to true where the server takes them.",
)
def support_is_advertised(record: Record) -> Outcomes:
    metadata = server_metadata(record.facts)
    if record.facts.target.client_metadata_url is None or not record.facts.server_tried:
        return
    if metadata is None:
        yield skipped("the server's metadata was not found")
        return
    named = metadata.get("client_id_metadata_document_supported")
    if named is True:
        yield passed()
    else:
        found = "absent" if named is None else "not true"
        words = f"client_id_metadata_document_supported is {found}: no client uses a document here."
        yield failed(words, _metadata(record))
