"""The client identifier (MCP Client Registration; RFC 7591 section 3).

Order: pre-registered, Client ID Metadata Document, dynamic registration, the person.
"""

from __future__ import annotations

import builtins
import json
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from flows.client_authentication import SECRET_METHODS
from flows.documents import flaw, read_object, text_list, text_member, value_member
from flows.exchange import Exchange, Request
from flows.facts import Client, Facts, Failed, Json, fail
from flows.moves import Ask, Blocked, Done, Field, Listen, Make, Move, Send, Skipped
from flows.network import edge_page, failing_check, failing_party
from flows.oauth import error_text
from flows.session import Answered, Event, Exchanged, Made, Pairs, Party, value
from flows.spans import PLACEHOLDER
from flows.steps import imitation
from flows.steps.applies import for_machines, no_authorization
from flows.steps.refusal import EDITED
from flows.steps.scope import selected_scope
from flows.steps.server_metadata import endpoint, endpoint_problem, issuer, server_metadata
from flows.wellknown import redirect_uri_problem

STEP: Final = "client"
_REGISTRATION: Final = "registration_endpoint"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def next(facts: Facts) -> Move:
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    if facts.client:
        return Done(STEP, facts.client.source)
    if facts.redirect_uri is None and not for_machines(facts):
        return _redirect_uri(imitation.redirect_uri(facts))
    target = facts.target
    if kept := facts.known_clients.get(issuer(facts) or ""):
        return Make(STEP, _values(kept), "the client this issuer already knows")
    if target.client_id and facts.known_clients and STEP not in facts.overridden:
        return _moved(facts)
    if target.client_id and PLACEHOLDER.search(target.client_secret or ""):
        return _ask(
            f"The secret of the client {target.client_id} was not saved with this session. Enter "
            "the identifier and the secret again."
        )
    if target.client_id:
        method = _method(facts, target.client_secret)
        values = [("client_id", target.client_id), ("token_endpoint_auth_method", method)]
        if target.client_secret:
            values.insert(1, ("client_secret", target.client_secret))
        return Make(STEP, (*values, ("source", "pre-registered")), "pre-registered client")
    if document_url := imitation.document_url(facts):
        pairs = (
            ("client_id", document_url),
            ("token_endpoint_auth_method", _method(facts, None)),
            ("source", "CIMD"),
        )
        return Make(STEP, pairs, "Client ID Metadata Document")
    if for_machines(facts):
        return _for_machines(facts)
    if failed := facts.failed.get(STEP):
        if STEP not in facts.overridden:
            return _refused(failed)
    elif imitation.registers(facts) and (registration := endpoint(facts, _REGISTRATION)):
        return Send(STEP, registration_request(facts, registration), "dynamic registration")
    elif (problem := endpoint_problem(facts, _REGISTRATION)) and STEP not in facts.overridden:
        return Blocked(
            STEP,
            f"{problem}.",
            "authorization-server",
            "no URL",
            fix="Name a usable registration_endpoint, or register a client by hand.",
            standard="RFC 8414 §2",
            can_override=True,
        )
    return _ask(
        "The server offers no registration that this walk can use. Register a client by hand, "
        f"with the redirect URI {facts.redirect_uri}, and enter its identifier."
    )


def _for_machines(facts: Facts) -> Move:
    """A machine's client is registered beforehand (MCP OAuth Client Credentials), and an
    assertion may stand for itself (RFC 7521 section 4.1)."""
    if facts.target.grant == "jwt-bearer":
        return Skipped(STEP, "the assertion needs no client identifier")
    return _ask(
        f"The grant {facts.target.grant} is for clients that were registered beforehand. Enter "
        "the client's identifier."
    )


def _ask(prompt: str) -> Ask:
    fields = (
        Field("client_id", "client identifier"),
        Field("client_secret", "client secret", secret=True, required=False),
    )
    return Ask(STEP, "client", prompt, fields)


def _values(client: Client) -> Pairs:
    named = (
        ("client_id", client.client_id),
        ("client_secret", client.client_secret),
        ("token_endpoint_auth_method", client.token_endpoint_auth_method),
        ("source", client.source),
    )
    return tuple((name, text) for name, text in named if text)


def _moved(facts: Facts) -> Blocked:
    return Blocked(
        STEP,
        f"The client {facts.target.client_id} was registered with "
        f"{', '.join(facts.known_clients)}, and the MCP server now names {issuer(facts)}.",
        "resource-server",
        "moved",
        fix="Register a client with the new authorization server.",
        standard="MCP Client Registration, Authorization Server Binding",
        can_override=True,
    )


def _redirect_uri(chosen: str | None) -> Move:
    """Bind first, register the exact URI after: most servers compare the port. A redirect URI
    that is not ours to bind is only taken down."""
    if chosen is None:
        return Listen(STEP)
    chosen = chosen.replace("{port}", "0")  # any free one
    if problem := redirect_uri_problem(chosen):
        words = f"The redirect URI {chosen} is not usable: {problem}."
        return Blocked(STEP, words, "client", "no URI", standard="RFC 6749 §3.1.2")
    parts = urlsplit(chosen)
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        port = 80 if parts.port is None else parts.port
        return Listen(STEP, parts.hostname, port, parts.path or "/")
    return Make(STEP, (("redirect_uri", chosen),), "redirect URI")


def read(event: Event, facts: Facts) -> Facts:
    match event:
        case Made(values=values) | Answered(values=values):
            if redirect_uri := value(values, "redirect_uri"):
                return replace(facts, redirect_uri=redirect_uri)
            client_id = value(values, "client_id")
            if not client_id:
                return facts
            secret = value(values, "client_secret") or None
            source = value(values, "source")
            method = value(values, "token_endpoint_auth_method")
            kept = source if source in ("pre-registered", "CIMD", "DCR") else "entered"
            method = method or _method(facts, secret)
            client = Client(client_id, kept, method, secret, issuer=issuer(facts))  # type: ignore[arg-type]
            return replace(facts, client=client)
        case Exchanged(exchange=exchange, draft=draft):
            return _registered(exchange, facts, edited=draft is not None)
        case _:
            return facts


def registration_request(facts: Facts, url: str) -> Request:
    """The registration of a native client on loopback, or of the host that is walked as (RFC 7591
    section 3.1; MCP asks for `application_type`, without which OpenID servers assume "web")."""
    own = imitation.client_metadata(facts)
    document: dict[str, object] = {
        "client_name": own.pop("client_name"),
        "redirect_uris": list(imitation.redirect_uris(facts)),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": facts.target.token_endpoint_auth_method
        or imitation.method_to_register(facts)
        or method_to_register(server_metadata(facts) or {}),
        "application_type": "native" if is_native(facts.redirect_uri or "") else "web",
        **own,
    }
    if scope := selected_scope(facts):
        document["scope"] = scope
    body = json.dumps(document, ensure_ascii=False, indent=2).encode()
    headers = (("Content-Type", "application/json"), ("Accept", "application/json"))
    return Request("POST", url, headers, body)


def method_to_register(metadata: Json) -> str:
    """The token_endpoint_auth_method to ask for: `none`, being a public client, where the server
    lists it; else one with a secret. No list means client_secret_basic (RFC 8414 section 2)."""
    listed = text_list(metadata, "token_endpoint_auth_methods_supported")
    if listed is None:
        return "client_secret_basic" if metadata.get("issuer") else "none"
    return builtins.next((method for method in SECRET_METHODS if method in listed), "none")


def _method(facts: Facts, client_secret: str | None) -> str:
    """How a client that already exists authenticates: as the person says, else with its key."""
    if facts.target.token_endpoint_auth_method:
        return facts.target.token_endpoint_auth_method
    if facts.target.client_key:
        return "private_key_jwt"
    return method_for(server_metadata(facts) or {}, client_secret)


def method_for(metadata: Json, client_secret: str | None) -> str:
    """How a client that already exists authenticates: `none` without a secret, else
    client_secret_basic unless the server lists only client_secret_post."""
    if not client_secret:
        return "none"
    listed = text_list(metadata, "token_endpoint_auth_methods_supported") or ()
    only_post = "client_secret_post" in listed and "client_secret_basic" not in listed
    return "client_secret_post" if only_post else "client_secret_basic"


def is_native(redirect_uri: str) -> bool:
    """A loopback or private-scheme redirect URI (OpenID Connect Registration section 2)."""
    parts = urlsplit(redirect_uri)
    return parts.hostname in LOOPBACK or parts.scheme not in ("http", "https")


def _registered(exchange: Exchange, facts: Facts, *, edited: bool) -> Facts:
    response = exchange.response
    if response is None or exchange.error:
        return fail(facts, STEP, exchange, exchange.error.text if exchange.error else "no answer")
    document, problem = read_object(response)
    if response.status not in (200, 201):
        words = error_text(document) or edge_page(response) or problem or response.reason
        reason = f"registration refused with {response.status}: {words}"
        return fail(facts, STEP, exchange, reason, edited=edited)
    if document is None:
        return fail(facts, STEP, exchange, problem)
    for name in ("client_id", "client_secret"):
        if (name == "client_id" or document.get(name)) and value_member(document, name) is None:
            reason = f"{name} of the registration response is {flaw(document, name)}"
            return fail(facts, STEP, exchange, reason)
    client_id = value_member(document, "client_id") or ""
    secret = value_member(document, "client_secret")
    # The method the server returns rules, not the one asked for (RFC 7591 section 3.2.1).
    method = text_member(document, "token_endpoint_auth_method") or (
        "client_secret_basic" if secret else "none"
    )
    client = Client(client_id, "DCR", method, secret, document)
    return replace(facts, client=replace(client, issuer=issuer(facts)))


def _refused(failed: Failed) -> Blocked:
    exchange = failed.exchange
    party: Party = failing_party(exchange, "authorization-server")
    fix = "Accept this redirect URI at the registration endpoint, or register a client by hand."
    if failed.answers_edit:
        party, fix = "person", EDITED
    answered = exchange.response is not None and exchange.response.status in (200, 201)
    readable = answered and exchange.response and read_object(exchange.response)[0] is not None
    return Blocked(
        STEP,
        f"{failed.reason}.",
        party,
        str(exchange.status or "failed"),
        fix=fix,
        standard="RFC 7591 §3.2.2",
        can_override=True,
        check=failing_check(exchange) or ("DCR-02" if readable else "DCR-01"),
    )
