"""TOK: the members of the token response (RFC 6749 section 5.1)."""

from __future__ import annotations

import re

from flows.checks.kernel import Outcomes, failed, passed
from flows.checks.token_rules import Answer, rule
from flows.documents import flaw, json_type, value_member
from flows.steps.challenge import challenge_of
from flows.steps.scope import requested
from flows.text import size

YEAR = 365 * 86_400
LARGE = 4096
"""Characters of an access token. Servers and proxies commonly take 8 KiB of header fields."""
KNOWN = (
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "scope",
    "id_token",
    "issued_token_type",  # RFC 8693 section 2.2.1
)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")


def _asked(answer: Answer) -> list[str]:
    """The scopes of the authorization request."""
    return requested(answer.facts).get("scope", "").split()


@rule(
    "TOK-07",
    "error",
    "token_type is there",
    "RFC 6749 §5.1",
    'Add "token_type": "Bearer".',
)
def token_type_is_there(answer: Answer) -> Outcomes:
    members = answer.members
    if members is None or "access_token" not in members:
        return
    if isinstance(members.get("token_type"), str):
        yield passed(answer.at("token_type"))
    else:
        there = "token_type" in members
        found = f"a JSON {json_type(members['token_type'])}" if there else "missing"
        yield failed(f"token_type is {found}: strict clients refuse it.", answer.at("token_type"))


@rule(
    "TOK-08",
    "info",
    "token_type is Bearer",
    "RFC 6749 §5.1, §7.1",
    'Send "token_type": "Bearer", and have the MCP server take the scheme in any case.',
)
def token_type_is_known(answer: Answer) -> Outcomes:
    token_type = (answer.members or {}).get("token_type")
    if not isinstance(token_type, str):
        return
    place = answer.at("token_type")
    if token_type in ("Bearer", "DPoP"):
        yield passed(place)
    elif token_type.lower() in ("bearer", "dpop"):
        yield failed(f"token_type is {token_type}: legal, its case does not matter.", place)
    else:
        words = f"token_type is {token_type}; authwalk sends the token as Bearer."
        yield failed(words, place, severity="warn")


@rule(
    "TOK-09",
    "warn",
    "expires_in is a positive integer of seconds",
    "RFC 6749 §5.1, A.14",
    "Send the lifetime in seconds as a JSON integer, or leave expires_in out.",
)
def expires_in_is_a_number(answer: Answer) -> Outcomes:
    lifetime = (answer.members or {}).get("expires_in")
    place = answer.at("expires_in")
    if lifetime is None:
        return
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or lifetime <= 0:
        found = f'"{lifetime:.40}"' if isinstance(lifetime, str) else f"{lifetime!r:.40}"
        yield failed(f"expires_in is {found}; a positive JSON integer belongs there.", place)
    elif lifetime > YEAR:
        words = f"expires_in is {lifetime} seconds, {lifetime // YEAR} years or more: are these ms?"
        yield failed(words, place)
    else:
        yield passed(place)


@rule(
    "TOK-10",
    "warn",
    "no member is null",
    "RFC 6749 §5.1",
    "Leave out members that have no value.",
)
def nothing_is_null(answer: Answer) -> Outcomes:
    nulls = [name for name, member in (answer.members or {}).items() if member is None]
    # Without these there is no use at all: TOK-06 and TOK-07 say so.
    nulls = [name for name in nulls if name not in ("access_token", "token_type")]
    for name in nulls:
        words = f"{name} is null: strict clients refuse the whole response."
        yield failed(words, answer.at(name))
    if answer.members and not nulls:
        yield passed()


@rule(
    "TOK-11",
    "error",
    "scope is a string of scopes with spaces between",
    "RFC 6749 §3.3, §5.1",
    "Send scope as one string, scopes separated by single spaces.",
)
def scope_is_a_string(answer: Answer) -> Outcomes:
    scope, place = (answer.members or {}).get("scope"), answer.at("scope")
    if scope is None:
        return
    asked = set(_asked(answer))
    if not isinstance(scope, str):
        yield failed(f"scope is a JSON {json_type(scope)}, not a string.", place)
    elif (
        "," in scope and set(re.split(r"[, ]+", scope)) <= asked and not set(scope.split()) <= asked
    ):
        words = "The scopes are separated by commas: read by the standard, they are one scope."
        yield failed(words, place)
    elif scope and not _SCOPE.fullmatch(scope):
        words = "scope has characters or spaces that its grammar does not have."
        yield failed(words, place, severity="warn")
    else:
        yield passed(place)


@rule(
    "TOK-12",
    "warn",
    "what the MCP server demands and was asked for is granted",
    "RFC 6749 §3.3; MCP Authorization, Scope Selection Strategy",
    "Grant the scope that the MCP server's challenge names, or have the server demand less.",
)
def the_scope_suffices(answer: Answer) -> Outcomes:
    challenge = challenge_of(answer.facts)
    demanded = ((challenge.get("scope") if challenge else None) or "").split()
    granted = (answer.members or {}).get("scope")
    if not demanded or not isinstance(granted, str):
        return
    asked = _asked(answer)
    lacking = [name for name in demanded if name in asked and name not in granted.split()]
    if lacking:
        words = f"Not granted, though the MCP server demands it: {' '.join(lacking)}."
        yield failed(words, answer.at("scope"))
    else:
        yield passed(answer.at("scope"))


@rule(
    "TOK-13",
    "info",
    "a refresh token comes where offline_access was asked for",
    "RFC 6749 §1.5; MCP Authorization, Refresh Tokens",
    "Issue a refresh token, if clients are to stay connected without the person.",
)
def a_refresh_token_comes(answer: Answer) -> Outcomes:
    members = answer.members or {}
    if answer.asked.get("grant_type") != "authorization_code" or "access_token" not in members:
        return
    if members.get("refresh_token"):
        yield passed(answer.at("refresh_token"))
    elif "refresh_token" not in members and "offline_access" in _asked(answer):
        words = "No refresh token, though offline_access was asked for: legal, the server decides."
        yield failed(words, answer.at("refresh_token"))


@rule(
    "TOK-14",
    "warn",
    "an ID token comes where openid was granted",
    "OIDC Core §3.1.3.3",
    "Issue an ID token with scope openid, or do not grant that scope.",
)
def an_id_token_comes(answer: Answer) -> Outcomes:
    if answer.asked.get("grant_type") != "authorization_code" or not answer.members:
        return
    asked = _asked(answer)
    scope = answer.members.get("scope")
    granted = scope.split() if isinstance(scope, str) else asked
    if answer.members.get("id_token"):
        yield passed(answer.at("id_token"))
    elif "openid" in asked and "openid" in granted and "id_token" not in answer.members:
        yield failed("openid is granted, and no id_token comes.", answer.at("id_token"))


@rule(
    "TOK-15",
    "info",
    "the response has the standard's members alone",
    "RFC 6749 §5.1",
)
def nothing_else_is_in_it(answer: Answer) -> Outcomes:
    if not answer.members or "access_token" not in answer.members:
        return
    extra = [name for name in answer.members if name not in KNOWN]
    if extra:
        words = f"The response has {', '.join(extra[:20])} too: legal, clients must ignore it."
        yield failed(words, answer.at(extra[0]))
    else:
        yield passed()


@rule(
    "TOK-16",
    "warn",
    "the access token fits into a header field everywhere",
    "none: servers and proxies commonly take 8 KiB of header fields",
    "Put less into the token, or issue an opaque one.",
)
def the_token_is_small(answer: Answer) -> Outcomes:
    token = (answer.members or {}).get("access_token")
    if isinstance(token, str) and token:
        if len(token) > LARGE:
            words = f"The access token has {size(len(token))}: proxies answer such with 400 or 431."
            yield failed(words, answer.at("access_token"))
        else:
            yield passed(answer.at("access_token"))


@rule(
    "TOK-20",
    "warn",
    "access token and ID token are two",
    "RFC 9068 §4; RFC 8725 §3.12",
    "Issue an access token for the MCP server beside the ID token for the client.",
)
def the_tokens_are_two(answer: Answer) -> Outcomes:
    members = answer.members or {}
    token = members.get("id_token")
    if isinstance(token, str) and token and members.get("access_token"):
        if token == members["access_token"]:
            words = "access_token and id_token are the same: it is meant for the client."
            yield failed(words, answer.at("access_token"))
        else:
            yield passed(answer.at("access_token"))


@rule(
    "TOK-22",
    "error",
    "refresh_token is text that can be sent back",
    "RFC 6749 §5.1, A.17",
    "Issue refresh tokens of visible ASCII characters.",
)
def refresh_token_is_usable(answer: Answer) -> Outcomes:
    members = answer.members
    if members is None or not members.get("refresh_token"):
        return
    if value_member(members, "refresh_token") is None:
        words = f"refresh_token is {flaw(members, 'refresh_token')}: it cannot be used."
        yield failed(words, answer.at("refresh_token"))
    else:
        yield passed(answer.at("refresh_token"))
