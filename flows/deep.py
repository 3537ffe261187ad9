"""Probes that need a fresh code each: PKCE, and what a code and a refresh token are bound to.

They create state, so they are made only when a person asks: every one walks a copy of the walk,
from its own PKCE values to the token endpoint, changes one thing there, and leaves its exchanges
in the record under its name. What was issued on the way is revoked at the end (RFC 7009), and a
client that the walk registered is deleted where the server offers that (RFC 7592 section 2.3).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from flows.client_authentication import authenticated
from flows.documents import form, read_form, read_object, text_member
from flows.entropy import derived
from flows.exchange import Exchange, Request
from flows.facts import Client, Facts
from flows.frozen import frozen
from flows.jwt import read_token
from flows.moves import Send
from flows.probes.authorization import STRANGER
from flows.probes.kernel import made_up
from flows.probes.resource import opening_request, with_fields
from flows.session import STEP_IDS, Exchanged, Pairs, Session, StepId, Target
from flows.steps.server_metadata import endpoint
from flows.walk import Walk

_TOKENS = ("refresh_token", "access_token")
LIVE, MADE_UP = "a live token", "a made-up token"
"""What introspection is asked about."""
OTHER_AUDIENCE, BROUGHT = "other-audience", "a token for another server"
BEARING, SMALL_LETTERS, IN_THE_QUERY, FORGED = (
    "bearing",
    "bearer in small letters",
    "a token in the query",
    "a token with another signature",
)
OTHER_RESOURCE = "https://authwalk.invalid/mcp"
"""A resource that is nobody's (RFC 2606 section 2)."""
_BEFORE: frozenset[StepId] = frozenset(STEP_IDS[: STEP_IDS.index("pkce")])
"""Steps that a copy takes over from the walk: discovery, and the client."""


@frozen
class Tampering:
    """One thing to change in the token request. With `twice` the proper request goes first."""

    name: str
    asks: str
    subject: str
    change: Callable[[Pairs, Facts], Pairs]
    twice: bool = False


def _set(name: str, text: str | None) -> Callable[[Pairs, Facts], Pairs]:
    """The form with one parameter replaced, or left out."""

    def change(pairs: Pairs, facts: Facts) -> Pairs:
        others = tuple(pair for pair in pairs if pair[0] != name)
        return others if text is None else (*others, (name, text))

    return change


def _wrong_verifier(pairs: Pairs, facts: Facts) -> Pairs:
    return _set("code_verifier", derived(facts.seed, "another code_verifier"))(pairs, facts)


def _unchanged(pairs: Pairs, facts: Facts) -> Pairs:
    return pairs


TAMPERINGS: tuple[Tampering, ...] = (
    Tampering(
        "wrong-verifier",
        "Is a wrong code verifier refused?",
        "a wrong code verifier",
        _wrong_verifier,
    ),
    Tampering(
        "missing-verifier",
        "Is a missing code verifier refused?",
        "no code verifier",
        _set("code_verifier", None),
    ),
    Tampering("code-twice", "Does a code work once?", "a second time", _unchanged, twice=True),
    Tampering(
        "other-redirect",
        "Is the code bound to its redirect URI?",
        "another redirect URI",
        _set("redirect_uri", STRANGER),
    ),
)


class Deep:
    """Sends the tamperings of one walk that has come to a token."""

    def __init__(
        self,
        walk: Walk,
        *,
        observe: Callable[[str], None] = lambda title: None,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._walk = walk
        self._observe = observe
        self._entropy = entropy
        self._issued: list[str] = []

    async def send(self, tamperings: Sequence[Tampering] = TAMPERINGS) -> str:
        """Returns "" once all was done, else why no more codes could be had."""
        for tampering in tamperings:
            self._observe(tampering.asks)
            fresh = await self._fresh()
            if isinstance(fresh, str):
                return fresh
            copy, request = fresh
            if tampering.twice:
                await self._record(request, "token", tampering.name, "the first time")
            pairs = tampering.change(read_form(request.body), copy.facts)
            changed = replace(request, body=form(list(pairs)))
            await self._record(changed, "token", tampering.name, tampering.subject)
        self._observe("How may a token be brought, and is a spent refresh token refused?")
        if problem := await self._refresh_twice():
            return problem
        self._observe("Is a token for another server refused?")
        await self._other_audience()
        self._observe("Does introspection tell live tokens from others?")
        await self._introspect()
        return ""

    async def _bring(self, token: str) -> None:
        """Bring the MCP server a good token in the ways that are spelled otherwise (RFC 9110
        section 11.1) or ought not to be taken (RFC 6750 section 2.3)."""
        request = opening_request(self._walk.facts)
        if request is None or self._walk.session.target.dpop:
            return
        small = with_fields(request, ("Authorization", f"bearer {token}"))
        await self._record(small, "connect", BEARING, SMALL_LETTERS)
        glue = "&" if "?" in request.url else "?"
        asked = replace(request, url=f"{request.url}{glue}{urlencode({'access_token': token})}")
        await self._record(asked, "challenge", BEARING, IN_THE_QUERY)
        if read_token(token).kind == "jwt":
            signed, _, signature = token.rpartition(".")
            # The first character: bits of the last may be none of the signature's.
            forged = f"{signed}.{'B' if signature[:1] == 'A' else 'A'}{signature[1:]}"
            brought = with_fields(request, ("Authorization", f"Bearer {forged}"))
            await self._record(brought, "connect", BEARING, FORGED)

    async def _refresh_twice(self) -> str:
        fresh = await self._fresh()
        if isinstance(fresh, str):
            return fresh
        exchange = await self._record(fresh[1], "token", "refresh-twice", "a token to refresh")
        if token := _member(exchange, "access_token"):
            await self._bring(token)
        url, held = endpoint(self._walk.facts, "token_endpoint"), _member(exchange, "refresh_token")
        if url and held:
            pairs = (("grant_type", "refresh_token"), ("refresh_token", held))
            request = authenticated(url, self._walk.facts.client, pairs)
            for label in ("the first time", "a second time"):
                await self._record(request, "refresh", "refresh-twice", label)
        return ""

    async def _other_audience(self) -> None:
        """Bring the MCP server a token for another, where the authorization server issues one for
        a resource that nobody has (MCP Token Handling)."""
        target, request = self._walk.session.target, opening_request(self._walk.facts)
        if request is None or target.dpop:
            return
        fresh = await self._fresh(replace(target, resource=OTHER_RESOURCE))
        if isinstance(fresh, str):
            return
        exchange = await self._record(fresh[1], "token", OTHER_AUDIENCE, "for another resource")
        if token := _member(exchange, "access_token"):
            brought = with_fields(request, ("Authorization", f"Bearer {token}"))
            await self._record(brought, "connect", OTHER_AUDIENCE, BROUGHT)

    async def _introspect(self) -> None:
        """Ask about the walk's own token, and about one that nobody issued (RFC 7662 section
        2.1). Only a client with credentials may ask."""
        facts = self._walk.facts
        url, client, tokens = endpoint(facts, "introspection_endpoint"), facts.client, facts.tokens
        if url is None or client is None or tokens is None:
            return
        if client.token_endpoint_auth_method not in ("client_secret_basic", "client_secret_post"):
            return
        for label, token in (
            (LIVE, tokens.access_token),
            (MADE_UP, made_up(facts, "token")),
        ):
            request = authenticated(url, client, (("token", token),))
            await self._record(request, "token", "introspect", label)

    async def _fresh(self, target: Target | None = None) -> tuple[Walk, Request] | str:
        """A copy of the walk, or of it with another target, that holds a new code, and its token
        request; else why there is none."""
        session = self._walk.session
        kept = tuple(
            event
            for event in session.events
            if event.step in _BEFORE and not (isinstance(event, Exchanged) and event.probe)
        )
        copy = Session(target or session.target, session.created, self._entropy(32), kept)
        walk = Walk(copy, self._walk.wire)
        await walk.run()
        if problem := await walk.approve():
            return f"no code could be had: {problem}"
        move = walk.current
        if isinstance(move, Send) and move.step == "token":
            return walk, move.request
        return "no code could be had: the authorization response was not accepted"

    async def _record(self, request: Request, step: StepId, probe: str, label: str) -> Exchange:
        exchange = await self._walk.ask(step, request, label, probe=probe)
        self._issued += filter(None, (_member(exchange, name) for name in _TOKENS))
        return exchange

    async def clean_up(self) -> None:
        """Revoke what the probes were issued, and delete the client that the walk registered."""
        facts = self._walk.facts
        if url := endpoint(facts, "revocation_endpoint"):
            for token in dict.fromkeys(self._issued):
                request = authenticated(url, facts.client, (("token", token),))
                await self._record(request, "token", "clean-up", "revoke what was issued")
        if facts.client and (delete := deletion(facts.client)):
            await self._record(delete, "client", "clean-up", "delete the client again")


def deletion(client: Client) -> Request | None:
    """The request that deletes a registered client; None where the server offers none."""
    document = client.document or {}
    url = text_member(document, "registration_client_uri")
    token = text_member(document, "registration_access_token")
    if client.source != "DCR" or not url or not token:
        return None
    return Request("DELETE", url, (("Authorization", f"Bearer {token}"),))


def _member(exchange: Exchange, name: str) -> str | None:
    response = exchange.response
    if response is None or response.status != 200:
        return None
    members, _ = read_object(response)
    return text_member(members or {}, name)
