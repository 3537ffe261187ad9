"""The code exchange (RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707 section 2.2)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

from flows.documents import FORM, form, json_type, read_object, text_member
from flows.exchange import Exchange, Request, Response
from flows.facts import Client, Facts, Failed, Tokens, fail
from flows.moves import Blocked, Done, Move, Remark, Send, Skipped
from flows.oauth import error_text
from flows.session import Event, Exchanged, StepId
from flows.steps.applies import no_authorization
from flows.steps.scope import selected_resource
from flows.steps.server_metadata import endpoint

STEP: Final = "token"
_AS: Final = "authorization-server"


def next(facts: Facts) -> Move:
    if reason := no_authorization(facts):
        return Skipped(STEP, reason)
    if facts.tokens:
        return Done(STEP, "200", facts.tokens.remarks)
    if failed := facts.failed.get(STEP):
        return refused(STEP, failed)
    url = endpoint(facts, "token_endpoint")
    assert facts.client and facts.pkce and facts.response
    if url is None:
        return Blocked(STEP, "The metadata names no usable token_endpoint.", _AS, "none")
    pairs = [
        ("grant_type", "authorization_code"),
        ("code", facts.response.get("code") or ""),
        ("redirect_uri", facts.redirect_uri or ""),
        ("code_verifier", facts.pkce.code_verifier),
    ]
    if resource := selected_resource(facts):
        pairs.append(("resource", resource))
    return Send(STEP, token_request(url, facts.client, pairs), "authorization code grant")


def read(event: Event, facts: Facts) -> Facts:
    if not isinstance(event, Exchanged):
        return facts
    tokens, reason = read_tokens(event.exchange, event.at)
    if tokens is None:
        return fail(facts, STEP, event.exchange, reason)
    return replace(facts, tokens=tokens)


def token_request(url: str, client: Client, pairs: list[tuple[str, str]]) -> Request:
    """A token request with the client's authentication (RFC 6749 sections 2.3.1 and 3.2.1).

    `client_id` is in the body with every method: it identifies, the rest authenticates, and
    some servers look only there.
    """
    headers = [("Content-Type", FORM), ("Accept", "application/json")]
    body = [pairs[0], ("client_id", client.client_id), *pairs[1:]]
    match client.token_endpoint_auth_method:
        case "client_secret_basic":
            # Both parts are form-encoded before base64: a secret may hold ":" or "+".
            userinfo = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret or '')}"
            headers.append(("Authorization", f"Basic {b64encode(userinfo.encode()).decode()}"))
        case "client_secret_post":
            body.append(("client_secret", client.client_secret or ""))
    return Request("POST", url, tuple(headers), form(body))


def read_tokens(exchange: Exchange, at: datetime) -> tuple[Tokens | None, str]:
    """A token response as `(Tokens, "")`, or `(None, why there is no access token)`.

    Anything a lenient client could use is used; what the standard forbids becomes a remark.
    """
    response = exchange.response
    if response is None or exchange.error:
        return None, exchange.error.text if exchange.error else "no answer"
    document, problem = read_object(response)
    if response.status not in (200, 201):
        words = error_text(document) or problem or response.reason
        return None, f"the token endpoint answers {response.status}: {words}"
    if document is None:
        return None, f"the token response is unreadable: {problem}"
    access_token = text_member(document, "access_token")
    if access_token is None:
        return None, error_text(document) or "the response has no access_token"
    token_type, scope = document.get("token_type"), document.get("scope")
    return (
        Tokens(
            access_token,
            token_type if isinstance(token_type, str) else None,
            at,
            _seconds(document.get("expires_in")),
            text_member(document, "refresh_token"),
            text_member(document, "id_token"),
            scope if isinstance(scope, str) else None,
            document,
            _remarks(response, document),
        ),
        "",
    )


def refused(step: StepId, failed: Failed) -> Blocked:
    """The stop after a token request that gave no token."""
    status = failed.exchange.status
    network = failed.exchange.response is None
    return Blocked(
        step,
        f"No access token: {failed.reason}.",
        "network" if network else _AS,
        str(status or "failed"),
        standard="" if network else "RFC 6749 §5.1, §5.2",
    )


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return float(value)
    return None


def _remarks(response: Response, document: Mapping[str, Any]) -> tuple[Remark, ...]:
    remarks: list[Remark] = []
    if response.status != 200:
        words = f"{response.status} where exactly 200 belongs."
        remarks.append(Remark("error", words, _AS, "RFC 6749 §5.1"))
    token_type = document.get("token_type")
    if not isinstance(token_type, str):
        words = f"token_type is {'missing' if token_type is None else json_type(token_type)}."
        remarks.append(Remark("error", words, _AS, "RFC 6749 §5.1"))
    elif token_type.lower() != "bearer":
        words = f"token_type is {token_type}; authwalk sends the token as Bearer."
        remarks.append(Remark("warn", words, _AS, "RFC 6749 §7.1"))
    elif token_type != "Bearer":
        words = f"token_type is {token_type}: legal, its case does not matter."
        remarks.append(Remark("info", words, None, "RFC 6749 §5.1"))
    expires_in = document.get("expires_in")
    if "expires_in" in document and (
        not isinstance(expires_in, int) or isinstance(expires_in, bool) or expires_in <= 0
    ):
        words = f"expires_in is {expires_in!r:.40}; a positive JSON integer belongs there."
        remarks.append(Remark("warn", words, _AS, "RFC 6749 §5.1, A.14"))
    if nulls := [name for name, member in document.items() if member is None]:
        words = f"{', '.join(nulls)} is null: strict clients refuse the whole response."
        remarks.append(Remark("warn", words, _AS, "RFC 6749 §5.1"))
    if "scope" in document and not isinstance(document["scope"], str | None):
        words = f"scope is a JSON {json_type(document['scope'])}, not a string."
        remarks.append(Remark("error", words, _AS, "RFC 6749 §3.3"))
    return tuple(remarks)
