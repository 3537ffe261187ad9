"""Faults of the challenge, the two metadata documents and the keys."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace

from flows.lab.faults.mechanism import (
    Call,
    Document,
    Endpoint,
    Fault,
    Hook,
    Reply,
    Step,
    always,
    edit,
    having,
    html_reply,
    json_reply,
    refuse,
    reply,
    without,
)
from flows.session import Party

_SPA = "<!doctype html><title>Lab</title><div id=root></div><script src=/app.js></script>"
_CATCH_ALL = html_reply(200, _SPA)
_NOT_FOUND = json_reply(404, {"detail": "Not Found"})
_BLOCKED = html_reply(
    403,
    "<!doctype html><title>Just a moment...</title><h1>Your request was blocked.</h1>",
    ("cf-mitigated", "challenge"),
    ("server", "cloudflare"),
)
DEAD = "http://127.0.0.1:1"
"""An authorization server where nobody listens (tcpmux, RFC 1078)."""
BOMB = 256 << 20
"""Bytes that the compressed metadata inflates to."""

HUGE = 20 << 20
"""Bytes of the oversized documents and results."""


def unauthorized(change: Callable[[Reply], Reply]) -> Hook:
    """A change of the MCP server's 401 answers alone."""
    return reply("mcp", lambda answer: change(answer) if answer.status == 401 else answer)


def _challenge(change: Callable[[str], str]) -> Hook:
    def rewritten(answer: Reply) -> Reply:
        value = next((v for k, v in answer.headers if k.lower() == "www-authenticate"), "")
        return answer.with_header("www-authenticate", change(value))

    return unauthorized(rewritten)


def _moved(call: Call) -> Reply | None:
    """One redirect, to the same path with a query that is then answered."""
    if "moved" in call.parameters:
        return None
    return Reply(302, (("location", f"{call.path}?moved=1"),))


def _bomb(answer: Reply) -> Reply:
    """JSON followed by white space, which RFC 8259 section 2 allows, compressed a thousandfold."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    blank = b" " * (1 << 20)
    parts = [squeeze.compress(answer.body)]
    parts += [squeeze.compress(blank) for _ in range(BOMB >> 20)]
    parts.append(squeeze.flush())
    return replace(answer, body=b"".join(parts)).with_header("content-encoding", "gzip")


def _huge(document: Document) -> Document:
    return {**document, "x_padding": "x" * HUGE}


def _keys(change: Callable[[Document], Document]) -> Hook:
    return edit("keys", lambda jwks: {**jwks, "keys": [change(key) for key in jwks["keys"]]})


def _fault(
    name: str,
    summary: str,
    *hooks: Hook,
    step: Step,
    party: Party = "authorization-server",
    legal: bool = False,
) -> Fault:
    return Fault(name, summary, step, party, hooks, legal)


def _resource(
    name: str,
    summary: str,
    *hooks: Hook,
    step: Step = "resource-metadata",
    legal: bool = False,
) -> Fault:
    return _fault(name, summary, *hooks, step=step, party="resource-server", legal=legal)


def _server(name: str, summary: str, *hooks: Hook, party: Party = "authorization-server") -> Fault:
    return _fault(name, summary, *hooks, step="server-metadata", party=party)


def _both(change: Callable[[Endpoint], Hook]) -> tuple[Hook, Hook]:
    return change("resource-metadata"), change("server-metadata")


DISCOVERY: tuple[Fault, ...] = (
    _resource(
        "no-challenge-header",
        "the 401 has no WWW-Authenticate field (RFC 9110 section 11.6.1)",
        unauthorized(lambda answer: answer.without("www-authenticate")),
        step="challenge",
    ),
    _resource(
        "challenge-403",
        "requests without a token get 403, so no client starts OAuth (RFC 6750 section 3)",
        unauthorized(lambda answer: replace(answer, status=403)),
        step="challenge",
    ),
    _resource(
        "challenge-login-redirect",
        "requests without a token are redirected to an HTML login",
        unauthorized(always(Reply(302, (("location", "/login"),)))),
        step="challenge",
    ),
    _resource(
        "challenge-error",
        'the challenge says error="invalid_token" though no token was sent (RFC 6750 section 3.1)',
        _challenge(lambda value: value if "error=" in value else f'{value}, error="invalid_token"'),
        step="challenge",
    ),
    _resource(
        "challenge-without-metadata",
        "the challenge does not name the resource metadata (RFC 9728 section 5.1)",
        _challenge(lambda value: 'Bearer realm="lab"'),
        step="challenge",
        legal=True,  # MCP asks for the header or the well-known URL, not for both
    ),
    _resource(
        "challenge-relative-url",
        "resource_metadata in the challenge is a relative reference",
        _challenge(
            lambda value: 'Bearer resource_metadata="/.well-known/oauth-protected-resource/mcp"'
        ),
        step="challenge",
    ),
    _fault(
        "waf-block",
        "a proxy in front of the MCP server blocks every request with an HTML page",
        refuse("mcp", always(_BLOCKED)),
        step="challenge",
        party="network",
    ),
    _resource(
        "resource-metadata-missing",
        "no resource metadata at any well-known URL",
        refuse("resource-metadata", always(_NOT_FOUND)),
    ),
    _resource(
        "resource-metadata-html",
        "the resource metadata URL answers with a single-page app and status 200",
        refuse("resource-metadata", always(_CATCH_ALL)),
    ),
    _resource(
        "resource-mismatch",
        "the metadata's resource is another URL than the one dialled (RFC 9728 section 3.3)",
        edit("resource-metadata", having(resource="http://127.0.0.1/other")),
    ),
    _resource(
        "resource-trailing-slash",
        "the metadata's resource ends in a slash that the URL dialled lacks",
        edit("resource-metadata", having(resource=lambda value: f"{value}/")),
    ),
    _resource(
        "resource-metadata-nulls",
        "optional members are null instead of absent (RFC 9728 section 3.2)",
        edit("resource-metadata", having(scopes_supported=None, jwks_uri=None)),
    ),
    _resource(
        "no-authorization-servers",
        "the resource metadata names no authorization server",
        edit("resource-metadata", without("authorization_servers")),
    ),
    _resource(
        "authorization-servers-string",
        "authorization_servers is a string instead of an array",
        edit("resource-metadata", having(authorization_servers=lambda servers: servers[0])),
    ),
    _fault(
        "first-server-dead",
        "the first of two authorization servers does not answer, and the second is well",
        edit("resource-metadata", having(authorization_servers=lambda known: [DEAD, *known])),
        step="server-metadata",
        party="authorization-server",
    ),
    _fault(
        "redirect-metadata",
        "both metadata documents answer with a redirect first",
        *_both(lambda endpoint: refuse(endpoint, _moved)),
        step="resource-metadata",
        party="network",
        legal=True,
    ),
    _server(
        "server-metadata-missing",
        "no authorization server metadata at any well-known URL",
        refuse("server-metadata", always(_NOT_FOUND)),
    ),
    _server(
        "metadata-html",
        "the server metadata URL answers with a single-page app and status 200",
        refuse("server-metadata", always(_CATCH_ALL)),
    ),
    _server(
        "issuer-trailing-slash",
        "issuer ends in a slash that the MCP server leaves out (RFC 8414 section 3.3)",
        edit("server-metadata", having(issuer=lambda value: f"{value}/")),
        party="resource-server",
    ),
    _server(
        "issuer-mismatch",
        "issuer is another host's (RFC 8414 section 3.3)",
        edit("server-metadata", having(issuer="https://issuer.example")),
    ),
    _server(
        "no-pkce-advertised",
        "code_challenge_methods_supported is absent, so MCP clients must refuse",
        edit("server-metadata", without("code_challenge_methods_supported")),
    ),
    _server(
        "pkce-plain-only",
        "only the plain code challenge method is advertised",
        edit("server-metadata", having(code_challenge_methods_supported=["plain"])),
    ),
    _server(
        "no-response-types",
        "response_types_supported, a required member, is absent (RFC 8414 section 2)",
        edit("server-metadata", without("response_types_supported")),
    ),
    _server(
        "relative-endpoints",
        "the endpoints are relative references",
        edit(
            "server-metadata",
            having(authorization_endpoint="/authorize", token_endpoint="/token"),
        ),
    ),
    _server(
        "no-token-endpoint",
        "token_endpoint is absent",
        edit("server-metadata", without("token_endpoint")),
    ),
    _server(
        "server-metadata-nulls",
        "optional members are null instead of absent (RFC 8414 section 3.2)",
        edit("server-metadata", having(registration_endpoint=None, service_documentation=None)),
    ),
    _server(
        "gzip-bomb",
        "the metadata is 256 kB on the wire and inflates to 256 MB",
        reply("server-metadata", _bomb),
    ),
    _server(
        "huge-metadata",
        "the metadata is a JSON document of 20 MB",
        edit("server-metadata", _huge),
    ),
    _server(
        "metadata-duplicate-names",
        "the metadata has two members named issuer (RFC 8259 section 4)",
        reply(
            "server-metadata",
            lambda answer: replace(
                answer, body=b'{"issuer":"https://issuer.example",' + answer.body.lstrip()[1:]
            ),
        ),
    ),
    _fault(
        "jwks-empty",
        "the key set has no keys",
        edit("keys", having(keys=[])),
        step="keys",
    ),
    _fault(
        "jwks-500",
        "the key set's URL answers 500",
        refuse("keys", always(json_reply(500, {"error": "server_error"}))),
        step="keys",
    ),
    _fault(
        "jwks-without-kid",
        "the keys have no kid",
        _keys(without("kid")),
        step="keys",
        legal=True,
    ),
    _fault(
        "jwks-private",
        "the key set holds a member of the private key (RFC 7517 section 9.2)",
        # Not the real exponent: the lab leaks nothing, a debugger must still shout.
        _keys(having(d="bm90LXRoZS1yZWFsLXByaXZhdGUtZXhwb25lbnQ")),
        step="keys",
    ),
    _fault(
        "jwks-bare-array",
        "the key set is an array instead of an object with keys (RFC 7517 section 5)",
        reply("keys", lambda r: replace(r, body=json.dumps(json.loads(r.body)["keys"]).encode())),
        step="keys",
    ),
)
