"""What to look at in each step: where walks go wrong, in the words of the answers themselves.

Each goes on from "What to look at: ".
"""

from __future__ import annotations

from collections.abc import Mapping

from flows.session import StepId

LOOK: Mapping[StepId, str] = {
    "challenge": "the status: 200 means that the server asks for no token, 404 or 405 that this is "
    "not its MCP endpoint. With 401, the resource_metadata of WWW-Authenticate: without it hosts "
    "guess the URL, and some give up.",
    "resource-metadata": "resource, letter by letter, port and last slash included: tokens are "
    "asked for it and must name it. authorization_servers: most hosts take the first. HTML or a "
    "redirect here means that a proxy or a front end answers in the server's place.",
    "server-metadata": "issuer, code_challenge_methods_supported with S256 (without it clients "
    "must stop), registration_endpoint or client_id_metadata_document_supported (without both a "
    "host needs a client_id typed in), and endpoints on hosts that the browser can reach.",
    "keys": "a key for the kid and alg of the tokens to come. Several keys without a kid, private "
    "members, or an empty set are the usual mistakes.",
    "client": "with a registration: the redirect URIs that came back, the "
    "token_endpoint_auth_method (a secret or none), and whether the client_id is new each time. "
    "A refusal is most often about the redirect URI, the scope or the grant types.",
    "pkce": "state and code_challenge: what comes back is held against the one, and the verifier "
    "must hash to the other. Nothing is sent yet.",
    "authorize": "client_id, redirect_uri exactly as registered, resource exactly as in the "
    "metadata, scope, and code_challenge_method=S256. An error page of the server at this point "
    "is most often about one of these.",
    "callback": "code or error, state equal to ours, iss equal to the issuer. No answer at all "
    "means that the server kept the browser: its page says why, not its redirect.",
    "token": "token_type Bearer, expires_in as a number, scope if it is less than was asked, and "
    "refresh_token. On 400 the error: invalid_grant is the code, the verifier or the redirect "
    "URI; invalid_client is how the client says who it is.",
    "claims": "aud against the resource, iss against the issuer, exp and nbf against this clock, "
    "and the signature. An opaque token has nothing to read; the server alone knows what it says.",
    "refresh": "whether a new refresh_token came, which ends the old one, and whether scope and "
    "aud are still those of the first token.",
    "connect": "401 here, right after a token was given, means that the MCP server does not take "
    "what its authorization server gives: the token's aud, iss or scope, or the key set. 403 "
    "names the scope that is missing.",
    "tools": "their number and nextCursor, and the input schemas: some hosts refuse "
    "a tool for its name or its schema.",
    "call": "isError: a failed tool says so in its result, which the model reads; an error of "
    "JSON-RPC is one of the protocol. And structuredContent against the outputSchema.",
}
