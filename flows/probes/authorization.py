"""Probes of the authorization endpoint. None of them needs a login: each asks for an error.

Redirects are not followed, no cookies are kept, and each has a state of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from flows.exchange import Request
from flows.facts import Facts
from flows.probes.kernel import Probe, Requests, Variant, made_up
from flows.steps.scope import selected_resource, selected_scope
from flows.steps.server_metadata import endpoint

STRANGER = "https://authwalk.invalid/callback"
"""A redirect URI that nobody registered (RFC 2606: .invalid never resolves)."""
LOOPBACK = "http://127.0.0.1:1/callback"
AS_IT_SHOULD_BE, UNKNOWN_PARAMETER, NO_SCOPE = (
    "nothing wrong",
    "an unknown parameter",
    "no scope",
)
"""What the probe of harmless requests varies."""
_ANYTHING = (("Accept", "*/*"),)
"""Not a browser's: test servers that need no person then answer at once, and so tell more."""

Parameters = Mapping[str, str | None]


def _request(facts: Facts, name: str, changes: Parameters) -> Request | None:
    """A well-formed authorization request with some parameters changed, or None to leave out."""
    url = endpoint(facts, "authorization_endpoint")
    if url is None:
        return None
    client = facts.client
    parameters: Parameters = {
        "response_type": "code",
        "client_id": client.client_id if client else None,
        "redirect_uri": facts.redirect_uri or LOOPBACK,
        "state": made_up(facts, f"state {name}"),
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636 appendix B
        "code_challenge_method": "S256",
        "scope": selected_scope(facts),
        "resource": selected_resource(facts),
        **changes,
    }
    query = urlencode([(key, value) for key, value in parameters.items() if value is not None])
    return Request("GET", f"{url}{'&' if '?' in url else '?'}{query}", _ANYTHING)


def _bare(facts: Facts) -> Iterator[Variant]:
    if url := endpoint(facts, "authorization_endpoint"):
        yield "no parameters", Request("GET", url, _ANYTHING)


def _unknown_client(facts: Facts) -> Iterator[Variant]:
    changes: Parameters = {"client_id": made_up(facts, "client"), "redirect_uri": STRANGER}
    if request := _request(facts, "unknown client", changes):
        yield "a client nobody registered", request


def _varied(subject: str, **changes: str | None) -> Requests:
    """One request of the client in hand. Without a client it would be refused for its sake."""

    def requests(facts: Facts) -> Iterator[Variant]:
        if facts.client and facts.redirect_uri:
            if request := _request(facts, subject, changes):
                yield subject, request

    return requests


def _harmless(facts: Facts) -> Iterator[Variant]:
    """The request as it should be, and what must not make it worse."""
    for subject, changes in (
        (AS_IT_SHOULD_BE, {}),
        (UNKNOWN_PARAMETER, {"authwalk_unknown": "1"}),
        (NO_SCOPE, {"scope": None}),
    ):
        yield from _varied(subject, **changes)(facts)


def _near_misses(facts: Facts) -> Iterator[Variant]:
    """Redirect URIs that are nearly the registered one (RFC 9700 section 4.1.3)."""
    own = facts.redirect_uri
    if facts.client is None or not own:
        return
    bare = own.partition("?")[0]
    for subject, uri in (
        ("a longer path", f"{bare}/more"),
        ("a query", f"{bare}?more=1"),
        ("a slash more", bare.removesuffix("/") if bare.endswith("/") else f"{bare}/"),
    ):
        if request := _request(facts, subject, {"redirect_uri": uri}):
            yield subject, request


AUTHORIZATION: tuple[Probe, ...] = (
    Probe(
        "authorize-bare",
        "authorize",
        "safe",
        "Is the authorization endpoint there? Without parameters it should answer an error page.",
        _bare,
    ),
    Probe(
        "unknown-client",
        "authorize",
        "safe",
        "Is a client that nobody registered shown an error, and not redirected?",
        _unknown_client,
    ),
    Probe(
        "stranger-redirect",
        "authorize",
        "safe",
        "Is a redirect URI that was not registered refused, without a redirect?",
        _varied("a redirect URI of a stranger", redirect_uri=STRANGER),
    ),
    Probe(
        "near-redirects",
        "authorize",
        "safe",
        "Are redirect URIs compared by every character?",
        _near_misses,
    ),
    Probe(
        "harmless-requests",
        "authorize",
        "safe",
        "Is a parameter that the server does not know ignored, and a missing scope allowed?",
        _harmless,
    ),
    Probe(
        "without-pkce",
        "authorize",
        "safe",
        "Is an authorization request without a code challenge refused?",
        _varied("no code challenge", code_challenge=None, code_challenge_method=None),
    ),
    Probe(
        "plain-challenge",
        "authorize",
        "safe",
        "Is the plain code challenge method refused?",
        _varied("plain", code_challenge_method="plain"),
    ),
    Probe(
        "response-type",
        "authorize",
        "safe",
        "Is a response type that the server does not have refused by a redirect?",
        _varied("response_type=authwalk", response_type="authwalk"),
    ),
    Probe(
        "invalid-scope",
        "authorize",
        "safe",
        "Is an unknown scope refused by a redirect, or left out?",
        _varied("an unknown scope", scope="authwalk:no-such-scope"),
    ),
    Probe(
        "invalid-resource",
        "authorize",
        "safe",
        "Is a resource that is no absolute URI refused?",
        _varied("a resource with a fragment", resource="https://authwalk.invalid/#part"),
    ),
)
