"""DCR: dynamic client registration, as the walk's own went (RFC 7591, RFC 7592)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flows.checks.authorization import SEE_LOG
from flows.checks.documents import Found, json_outcome, without_empty
from flows.checks.kernel import Outcomes, at, check, failed, passed
from flows.checks.record import Record
from flows.client_authentication import AUTH_METHODS
from flows.documents import json_type, read_json, text_list, text_member
from flows.exchange import Exchange
from flows.frozen import frozen
from flows.network import edge_page
from flows.oauth import error_text
from flows.page import page_words
from flows.session import Party
from flows.steps.refusal import EDITED

_SECRET_METHODS = ("client_secret_basic", "client_secret_post", "client_secret_jwt")


@frozen
class Registration:
    """The request as it was sent, and the answer to it."""

    exchange: Exchange
    asked: Mapping[str, Any]
    status: int
    members: Mapping[str, Any] | None

    @property
    def accepted(self) -> Found | None:
        if self.status in (200, 201) and self.members is not None:
            return Found(self.exchange, self.members)
        return None


def _registration(record: Record) -> Registration | None:
    """The last registration that a server, and no proxy, answered."""
    for event in reversed(record.exchanges("client")):
        exchange = event.exchange
        if exchange.request.method == "POST" and exchange.response:
            if edge_page(exchange.response):
                return None
            asked, _ = read_json(exchange.request.body)
            document = record.document(exchange)
            members = document.members if document and not exchange.error else None
            asked = asked if isinstance(asked, dict) else {}
            return Registration(exchange, asked, exchange.response.status, members)
    return None


def _accepted(record: Record) -> tuple[Mapping[str, Any], Found] | None:
    registration = _registration(record)
    if registration is None or registration.accepted is None:
        return None
    return registration.asked, registration.accepted


@check(
    "DCR-01",
    "client",
    "authorization-server",
    "error",
    "the registration is answered with 201 and JSON",
    "RFC 7591 §3.2.1, §3.2.2",
    "Answer a registration with 201 and the client information, sent as application/json.",
)
def registration_succeeds(record: Record) -> Outcomes:
    registration = _registration(record)
    if registration is None:
        return
    exchange, status = registration.exchange, registration.status
    if status in (200, 201):
        outcome = json_outcome(exchange, "error")
        if outcome.result == "fail" or status == 201:
            yield outcome
        if status == 200:
            yield failed("200 where 201 belongs.", at(exchange, "status"), severity="warn")
        return
    response = exchange.response
    said = error_text(registration.members) or (page_words(response) if response else "")
    words = f"The registration is refused with {status}{f': {said}' if said else ''}."
    if registration.members and error_text(registration.members):
        # A server may refuse what it does not want; the walk goes on with another client.
        severity: Any = "error" if record.facts.client is None else "info"
        party: Party | None = None
        fix = "Accept this client metadata, or tell clients how else to register."
        broken = record.facts.failed.get("client")
        if broken and broken.answers_edit:
            party, fix = "person", EDITED
        yield failed(words, at(exchange, "/error"), severity=severity, party=party, fix=fix)
    elif status in (401, 403):
        words += " Clients that register by themselves have no initial access token."
        yield failed(words, at(exchange, "status"))
    elif status >= 500:
        yield failed(words, at(exchange, "status"), fix=SEE_LOG)
    else:
        yield failed(f"{words} No error code says why.", at(exchange, "status"))


@check(
    "DCR-02",
    "client",
    "authorization-server",
    "error",
    "the response has a client_id",
    "RFC 7591 §3.2.1",
    'Add "client_id" to the registration response.',
)
def client_is_identified(record: Record) -> Outcomes:
    if found := _accepted(record):
        _, response = found
        place = response.place("client_id")
        value = response.members.get("client_id")
        if isinstance(value, str) and value:
            yield passed(place)
        else:
            kind = "missing" if value is None else "empty" if value == "" else ""
            words = f"client_id is {kind or f'a JSON {json_type(value)}'}."
            yield failed(words, place)


@check(
    "DCR-03",
    "client",
    "authorization-server",
    "error",
    "a client_secret comes with client_secret_expires_at",
    "RFC 7591 §3.2.1",
    'Add "client_secret_expires_at": 0 for a secret that does not expire.',
)
def expiry_of_the_secret_is_told(record: Record) -> Outcomes:
    if (found := _accepted(record)) and text_member(found[1].members, "client_secret"):
        _, response = found
        place = response.place("client_secret_expires_at")
        value = response.members.get("client_secret_expires_at")
        if isinstance(value, int) and not isinstance(value, bool):
            yield passed(place)
        elif value is None:
            yield failed("client_secret_expires_at is missing beside client_secret.", place)
        else:
            words = f"client_secret_expires_at is a JSON {json_type(value)}: seconds belong there."
            yield failed(words, place)


@check(
    "DCR-04",
    "client",
    "authorization-server",
    "error",
    "the response repeats the registered redirect URIs",
    "RFC 7591 §3.2.1",
    "Return all registered metadata, redirect_uris exactly as they were registered.",
)
def redirect_uris_are_echoed(record: Record) -> Outcomes:
    if (found := _accepted(record)) and found[0].get("redirect_uris"):
        asked, response = found
        place = response.place("redirect_uris")
        wanted = text_list(asked, "redirect_uris") or ()
        echoed = text_list(response.members, "redirect_uris")
        missing = [uri for uri in wanted if uri not in (echoed or ())]
        if echoed is None:
            yield failed("redirect_uris is missing: SDKs refuse the whole response.", place)
        elif missing:
            yield failed(f"redirect_uris of the response do not hold {missing[0]}.", place)
        else:
            yield passed(place)


@check(
    "DCR-05",
    "client",
    "authorization-server",
    "warn",
    "the client can authenticate in the way it was registered for",
    "RFC 7591 §2, §3.2.1",
    "Register the method that was asked for, and say which one it became.",
)
def method_is_agreed(record: Record) -> Outcomes:
    if found := _accepted(record):
        asked, response = found
        place = response.place("token_endpoint_auth_method")
        method = text_member(response.members, "token_endpoint_auth_method")
        wanted = text_member(asked, "token_endpoint_auth_method")
        secret = text_member(response.members, "client_secret")
        if method is None and wanted is not None:
            words = "token_endpoint_auth_method is missing: clients take it for "
            words += f"client_secret_basic, and {wanted} was asked for."
            same = wanted == "client_secret_basic"
            yield failed(words, place, severity="info" if same else None)
        elif method in _SECRET_METHODS and secret is None:
            words = f"The client is registered for {method}, and got no client_secret."
            yield failed(words, place, severity="error")
        elif method is not None and method not in AUTH_METHODS:
            words = (
                f"token_endpoint_auth_method {method} is not one authwalk can do; it will send "
                "the client identifier alone."
            )
            yield failed(words, place, party="client", fix="Ask for a method authwalk knows.")
        elif method != wanted:
            # The server may replace what was asked for, and its answer rules.
            words = f"Asked for {wanted}, registered for {method}: the answer rules."
            yield failed(words, place, severity="info")
        else:
            yield passed(place)


@check(
    "DCR-06",
    "client",
    "authorization-server",
    "warn",
    "no member is null or an empty string",
    "RFC 7591 §3.2.1",
    "Leave members without a value out.",
)
def nothing_is_empty(record: Record) -> Outcomes:
    if found := _accepted(record):
        yield from without_empty(found[1], ("client_id",), arrays=False)


@check(
    "DCR-10",
    "client",
    "authorization-server",
    "warn",
    "a native client stays one",
    "OIDC Registration §2; MCP Application Type and Redirect URI Constraints",
    "Keep application_type native for clients on loopback.",
)
def native_clients_stay_native(record: Record) -> Outcomes:
    if (found := _accepted(record)) and "application_type" in found[1].members:
        asked, response = found
        place = response.at("application_type")
        became = response.members["application_type"]
        if asked.get("application_type") == "native" and became == "web":
            uris = text_list(asked, "redirect_uris") or ()
            hosts = ", ".join(urlsplit(uri).hostname or uri for uri in uris)
            words = f"application_type became web, which may not redirect to {hosts} over http."
            yield failed(words, place)
        else:
            yield passed(place)


@check(
    "DCR-11",
    "client",
    "authorization-server",
    "warn",
    "scopes that are unknown do not end a registration",
    "RFC 7591 §2, §3.2.1",
    "Register the scopes that are known, and return them.",
)
def scopes_are_no_obstacle(record: Record) -> Outcomes:
    registration = _registration(record)
    asked = text_member(registration.asked, "scope") if registration else None
    if registration is None or asked is None:
        return
    exchange, found = registration.exchange, registration.accepted
    if found:
        granted = text_member(found.members, "scope")
        missing = [scope for scope in asked.split() if granted and scope not in granted.split()]
        if missing:
            words = f"Registered without the scope {' '.join(missing)}."
            yield failed(words, found.at("scope"), severity="info")
        else:
            yield passed(found.place("scope"))
    elif "scope" in error_text(registration.members):
        words = f"The registration is refused for its scope, {asked}."
        yield failed(words, at(exchange, "/error"))


@check(
    "DCR-12",
    "client",
    "authorization-server",
    "info",
    "the grants asked for are registered",
    "RFC 7591 §2, §3.2.1",
    "Register refresh_token beside authorization_code, so that sessions last.",
)
def grants_are_registered(record: Record) -> Outcomes:
    if (found := _accepted(record)) and "grant_types" in found[1].members:
        asked, response = found
        given = text_list(response.members, "grant_types") or ()
        missing = [one for one in text_list(asked, "grant_types") or () if one not in given]
        if missing:
            words = f"Registered without the grant {', '.join(missing)}."
            yield failed(words, response.at("grant_types"))
        else:
            yield passed(response.at("grant_types"))


@check(
    "DCR-13",
    "client",
    "authorization-server",
    "info",
    "the management URL and its token come together",
    "RFC 7592 §3",
    "Return registration_client_uri and registration_access_token, or neither.",
)
def management_is_whole(record: Record) -> Outcomes:
    if found := _accepted(record):
        _, response = found
        names = ("registration_client_uri", "registration_access_token")
        given = [name for name in names if response.members.get(name)]
        if len(given) == 1:
            yield failed(f"{given[0]} comes alone.", response.at(given[0]))
        elif given:
            yield passed(response.at(given[0]))
