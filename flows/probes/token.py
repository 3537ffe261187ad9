"""Probes of the token endpoint and its neighbours. None of them has anything worth granting."""

from __future__ import annotations

from collections.abc import Iterator

from flows.client_authentication import authenticated
from flows.documents import FORM, form
from flows.exchange import Request
from flows.facts import Facts
from flows.probes.authorization import LOOPBACK
from flows.probes.kernel import Probe, Variant, get, made_up
from flows.session import Pairs
from flows.steps.server_metadata import endpoint


def _post(url: str, pairs: Pairs) -> Request:
    headers = (("Content-Type", FORM), ("Accept", "application/json"))
    return Request("POST", url, headers, form(list(pairs)))


def _grant(facts: Facts, **changes: str) -> Pairs:
    parameters = {
        "grant_type": "authorization_code",
        "code": made_up(facts, "code"),
        "redirect_uri": facts.redirect_uri or LOOPBACK,
        "code_verifier": made_up(facts, "verifier"),
        **changes,
    }
    return tuple(parameters.items())


def _get(facts: Facts) -> Iterator[Variant]:
    if url := endpoint(facts, "token_endpoint"):
        yield "GET", get(url)


def _unknown_client(facts: Facts) -> Iterator[Variant]:
    if url := endpoint(facts, "token_endpoint"):
        client = ("client_id", made_up(facts, "client"))
        yield "a client nobody registered", _post(url, (*_grant(facts), client))


def _made_up_code(facts: Facts) -> Iterator[Variant]:
    url, client = endpoint(facts, "token_endpoint"), facts.client
    # A client that proves itself with a key is left to the walk.
    if url and client and client.token_endpoint_auth_method != "private_key_jwt":
        yield "a code nobody issued", authenticated(url, client, _grant(facts))


def _unknown_grant(facts: Facts) -> Iterator[Variant]:
    if url := endpoint(facts, "token_endpoint"):
        client = ("client_id", facts.client.client_id if facts.client else made_up(facts, "client"))
        yield "grant_type=authwalk", _post(url, (*_grant(facts, grant_type="authwalk"), client))


def _json_body(facts: Facts) -> Iterator[Variant]:
    if url := endpoint(facts, "token_endpoint"):
        headers = (("Content-Type", "application/json"), ("Accept", "application/json"))
        yield "a JSON body", Request("POST", url, headers, b'{"grant_type": "authorization_code"}')


def _introspection(facts: Facts) -> Iterator[Variant]:
    if url := endpoint(facts, "introspection_endpoint"):
        yield "without credentials", _post(url, (("token", made_up(facts, "token")),))


TOKEN: tuple[Probe, ...] = (
    Probe(
        "token-get",
        "token",
        "safe",
        "Is the token endpoint there? It should refuse GET.",
        _get,
    ),
    Probe(
        "token-unknown-client",
        "token",
        "safe",
        "Is a client that nobody registered refused as the standard has it?",
        _unknown_client,
    ),
    Probe(
        "token-made-up-code",
        "token",
        "safe",
        "Is a code that nobody issued refused as the standard has it?",
        _made_up_code,
    ),
    Probe(
        "token-unknown-grant",
        "token",
        "safe",
        "Is a grant that nobody knows refused as the standard has it?",
        _unknown_grant,
    ),
    Probe(
        "token-json-body",
        "token",
        "safe",
        "Is a JSON body refused with an error that can be read?",
        _json_body,
    ),
    Probe(
        "introspect-open",
        "token",
        "safe",
        "Does introspection want to know who asks?",
        _introspection,
    ),
)
