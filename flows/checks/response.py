"""AR: the authorization response (RFC 6749 section 4.1.2, RFC 9207, MCP Authorization Response
Validation).

They look at the facts alone, so that a response can be judged before it is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import log2
from urllib.parse import SplitResult, parse_qsl, urlsplit

from flows.checks.kernel import Outcomes, Place, check, failed, passed, skipped
from flows.checks.record import Record
from flows.facts import AuthorizationResponse
from flows.spans import MARK
from flows.steps.callback import (
    Refusal,
    code_refusal,
    error_refusal,
    is_bare,
    issuer_refusal,
    promises_issuer,
    state_refusal,
)
from flows.steps.refusal import EDITED
from flows.steps.server_metadata import issuer

KNOWN = ("code", "state", "iss", "error", "error_description", "error_uri")
TOKENS = ("access_token", "id_token", "refresh_token")
BITS = 128
"""What a code must hold, at least (RFC 6749 section 10.10)."""
_ALPHABETS = ((r"[0-9]+", 10), (r"[0-9a-f]+|[0-9A-F]+", 16), (r"[a-z0-9]+|[A-Z0-9]+", 36))
_ACCEPT = (
    "Accept the request: ignore parameters that are not known (RFC 6749 §3.1), and take "
    "code_challenge and resource, which MCP clients must send."
)
_REFUSAL_FIX: Mapping[str, str] = {
    "person": "Approve the request. Where the server refuses this person, its log says which "
    "role or assignment is missing.",
    "client": "Send what the server wants: see error_description.",
}


def in_response(name: str) -> Place:
    """A parameter of the recorded response: the person's answer, which is no exchange."""
    return Place("", "response", f"query {name}")


def _told(refusal: Refusal, fix: str | None = None) -> Outcomes:
    place = in_response(refusal.parameter)
    fix = fix or _REFUSAL_FIX.get(refusal.party)
    yield failed(refusal.text, place, party=refusal.party, standard=refusal.standard, fix=fix)


@check(
    "AR-01",
    "callback",
    "authorization-server",
    "warn",
    "the browser comes back to the redirect URI, with the response in its query",
    "RFC 6749 §3.1.2, §4.1.2",
    "Redirect to the requested redirect URI, the parameters in its query.",
)
def it_comes_to_the_redirect_uri(record: Record) -> Outcomes:
    response, wanted = record.facts.response, record.facts.redirect_uri
    if response is None or response.url is None or not wanted:
        return
    landed = response.url.partition("?")[0].partition("#")[0]
    parts = urlsplit(response.url)
    place = Place("", "response", "url")
    if _as_shown(urlsplit(landed)) != _as_shown(urlsplit(wanted.partition("?")[0])):
        # Pasted, it may be a page that the client's own redirected to.
        yield failed(f"The browser landed on {landed}, asked for was {wanted}.", place)
    elif not {"code", "error"} & {name for name, _ in parse_qsl(parts.query)}:
        words = "The response is in the fragment, which no server gets to see."
        yield failed(words, place, severity="error")
    else:
        yield passed(place)


def _as_shown(parts: SplitResult) -> tuple[str, str, str]:
    """A URL as browsers write it: no default port, letters small, a slash for no path."""
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, ":")
    return parts.scheme, parts.netloc.lower().removesuffix(default), parts.path or "/"


@check(
    "AR-02",
    "callback",
    "authorization-server",
    "error",
    "the response has one code, or an error, and no parameter twice",
    "RFC 6749 §3.1, §4.1.2",
    "Send each parameter once: code and state, or error and state.",
)
def there_is_one_code(record: Record) -> Outcomes:
    if response := record.facts.response:
        if refusal := code_refusal(response):
            yield from _told(refusal)
        elif response.get("code"):
            yield passed(in_response("code"))


@check(
    "AR-03",
    "callback",
    "authorization-server",
    "error",
    "state comes back unchanged",
    "RFC 6749 §4.1.2, §10.12",
    "Return the state of the request, character by character, also with an error.",
)
def state_comes_back(record: Record) -> Outcomes:
    response = record.facts.response
    if response is None:
        return
    if is_bare(response):
        yield skipped("A bare code: state cannot be judged.")
    elif refusal := state_refusal(record.facts, response):
        yield from _told(refusal)
    else:
        yield passed(in_response("state"), "state matches.")


@check(
    "AR-04",
    "callback",
    "authorization-server",
    "error",
    "iss is the issuer of the metadata",
    "RFC 9207 §2.4; MCP Authorization Response Validation",
    "Send iss with every authorization response: the issuer of the metadata, unchanged.",
)
def iss_is_the_issuer(record: Record) -> Outcomes:
    facts, response = record.facts, record.facts.response
    if response is None:
        return
    promised, named = promises_issuer(facts), response.get("iss")
    if promised and is_bare(response):
        yield skipped("A bare code: iss cannot be judged.")
    elif refusal := issuer_refusal(facts, response):
        yield from _told(refusal)
    elif named is not None and issuer(facts) is not None:
        yield passed(in_response("iss"), "iss is the issuer.")
        if not promised:
            words = "iss comes although the metadata does not promise it: few clients look at it."
            fix = "Set authorization_response_iss_parameter_supported to true."
            standard = "RFC 9207 §2.3"
            yield failed(words, in_response("iss"), severity="info", standard=standard, fix=fix)


@check(
    "AR-05",
    "callback",
    "authorization-server",
    "error",
    "the authorization was granted",
    "RFC 6749 §4.1.2.1",
    "Grant the request, or mend what the error names.",
)
def it_is_granted(record: Record) -> Outcomes:
    response = record.facts.response
    if response is None:
        return
    if refusal := error_refusal(record.facts, response):
        fix = EDITED if record.facts.authorization_edited else None
        if refusal.party == "authorization-server" and response.get("error") == "invalid_request":
            fix = _ACCEPT
        yield from _told(refusal, fix)
        if response.get("code"):
            words = "The response has a code beside the error: clients cannot tell which counts."
            yield failed(words, in_response("code"), party="authorization-server")
    elif response.get("code"):
        yield passed(in_response("code"))


@check(
    "AR-06",
    "callback",
    "authorization-server",
    "error",
    "no token comes through the browser",
    "RFC 9700 §2.1.2, §4.3.2",
    "Issue tokens from the token endpoint alone; send a code through the browser.",
)
def no_token_in_the_url(record: Record) -> Outcomes:
    if response := record.facts.response:
        names = [name for name, _ in response.parameters if name in TOKENS]
        if names:
            words = (
                f"The response has {', '.join(names)}: what is in a URL ends up in browser "
                "histories and logs."
            )
            yield failed(words, in_response(names[0]))
        else:
            yield passed()


@check(
    "AR-07",
    "callback",
    "authorization-server",
    "warn",
    "the code cannot be guessed",
    "RFC 6749 §10.10",
    "Make codes of 128 random bits or more: 22 characters of base64url hold 132.",
)
def the_code_cannot_be_guessed(record: Record) -> Outcomes:
    response = record.facts.response
    code = response.get("code") if response else None
    if not code:
        return
    if MARK.fullmatch(code):
        yield skipped("the code was redacted")
        return
    bits = most_bits(code)
    if bits < BITS:
        words = (
            f"The code has {len(code)} characters, which hold {bits:.0f} bits at the most; "
            f"{BITS} or more keep it from being guessed."
        )
        yield failed(words, in_response("code"))
    else:
        yield passed(in_response("code"))


def most_bits(text: str) -> float:
    """The most entropy that a text can hold, by its length and the characters it is made of.

    A short one says little of its alphabet: it may hold any printable character.
    """
    size = next((size for form, size in _ALPHABETS if re.fullmatch(form, text)), 94)
    return len(text) * log2(size if len(text) >= 16 else 94)


@check(
    "AR-08",
    "callback",
    "client",
    "info",
    "the response has the standard's parameters alone",
    "RFC 6749 §4.1.2",
)
def nothing_else_is_in_it(record: Record) -> Outcomes:
    if response := record.facts.response:
        names = _extra(response)
        if names:
            words = f"The response has {', '.join(names)} too: legal, clients must ignore it."
            yield failed(words, in_response(names[0]))
        else:
            yield passed()


def _extra(response: AuthorizationResponse) -> list[str]:
    names = dict.fromkeys(name for name, _ in response.parameters)
    return [name for name in names if name not in (*KNOWN, *TOKENS, "token_type")]
