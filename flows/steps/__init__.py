"""The steps of the walk, one module each.

A step is a pair of pure functions over the facts:

    next(facts) -> Move           what it wants to do, or Done, Skipped, Blocked
    read(event, facts) -> Facts   what one of its events adds to what is known

Neither sends anything, reads a clock or draws a random number.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

from flows.facts import Facts
from flows.fold import Read
from flows.frozen import frozen
from flows.moves import Blocked, Move
from flows.session import Event, StepId
from flows.steps.withheld import withheld


class StepModule(Protocol):
    """What the module of a step holds."""

    def next(self, facts: Facts) -> Move: ...

    def read(self, event: Event, facts: Facts) -> Facts: ...


@frozen
class Step:
    """A step with its place in the house: phase, title, purpose in two lines, standard."""

    id: StepId
    phase: str
    title: str
    purpose: str
    standard: str

    @property
    def module(self) -> StepModule:
        """The module named like the step. It is imported when the walk first comes to it, since
        the first step is on screen before the others are needed."""
        return cast(StepModule, import_module(f"{__name__}.{self.id.replace('-', '_')}"))

    def next(self, facts: Facts) -> Move:
        try:
            move = self.module.next(facts)
        except UnicodeEncodeError as error:
            # What servers say is looked at as it comes; this was given by the person.
            words = f"Half of a surrogate pair cannot be sent: {error.object!r:.100}."
            return Blocked(self.id, words, "client", "no text")
        return withheld(move, facts) or move

    def read(self, event: Event, facts: Facts) -> Facts:
        return self.module.read(event, facts)


STEPS: tuple[Step, ...] = (
    Step(
        "challenge",
        "Discover",
        "Challenge",
        "Ask the MCP server for something without a token. It should answer 401 and say, in "
        "WWW-Authenticate, where its resource metadata is and which scope it wants.",
        "RFC 9728 §5.1, RFC 6750 §3",
    ),
    Step(
        "resource-metadata",
        "Discover",
        "Resource metadata",
        "The MCP server describes itself: its resource identifier and the authorization servers "
        "it trusts. Its `resource` must be the URL you dialled.",
        "RFC 9728 §3",
    ),
    Step(
        "server-metadata",
        "Discover",
        "Server metadata",
        "The authorization server lists its endpoints and abilities. Its `issuer` must be "
        "identical to the issuer that led here, to the last slash.",
        "RFC 8414 §3, OpenID Connect Discovery §4",
    ),
    Step(
        "keys",
        "Discover",
        "Signing keys",
        "The issuer's public keys, so that authwalk can verify its tokens. MCP clients need "
        "none of this; resource servers do.",
        "RFC 7517 §5",
    ),
    Step(
        "client",
        "Register",
        "Client",
        "Get a client identifier: pre-registered, a Client ID Metadata Document, or dynamic "
        "registration, in that order.",
        "MCP Client Registration, RFC 7591 §3",
    ),
    Step(
        "pkce",
        "Authorize",
        "PKCE",
        "A fresh code verifier, its S256 challenge, and a state. The challenge goes to the "
        "browser now; the verifier proves at the token endpoint that it was us.",
        "RFC 7636 §4",
    ),
    Step(
        "authorize",
        "Authorize",
        "Authorization URL",
        "The request the browser will make. Every parameter can be edited before it leaves.",
        "RFC 6749 §4.1.1, RFC 8707 §2.1",
    ),
    Step(
        "callback",
        "Authorize",
        "Response",
        "The browser comes back with a code, or an error. State and issuer are judged before "
        "the code goes anywhere.",
        "RFC 6749 §4.1.2, RFC 9207 §2.4",
    ),
    Step(
        "token",
        "Token",
        "Exchange code",
        "The code and the code verifier go to the token endpoint and an access token comes "
        "back. Codes live for minutes and work once.",
        "RFC 6749 §4.1.3, RFC 7636 §4.5",
    ),
    Step(
        "claims",
        "Token",
        "Claims",
        "What the access token says, and whether this MCP server should take it: issuer, "
        "audience, expiry, signature.",
        "RFC 9068 §2.2, RFC 8707 §2",
    ),
    Step(
        "refresh",
        "Token",
        "Refresh",
        "Trade the refresh token for a new access token. Optional: it may rotate, and end, the "
        "tokens you hold.",
        "RFC 6749 §6",
    ),
    Step(
        "connect",
        "Call",
        "Connect",
        "Open the MCP connection with the token: server/discover from revision 2026-07-28 on, "
        "initialize before.",
        "MCP Versioning, Lifecycle",
    ),
    Step(
        "tools",
        "Call",
        "tools/list",
        "Which tools the server offers to this token, page by page; resources and prompts when "
        "you ask for them.",
        "MCP Tools, Resources, Prompts",
    ),
    Step(
        "call",
        "Call",
        "tools/call",
        "Call a tool, read a resource or get a prompt, with arguments of your choice: the end of "
        "the walk.",
        "MCP Tools, Resources, Prompts",
    ),
)

STEP: Mapping[StepId, Step] = {step.id: step for step in STEPS}
STEP_ORDER: Mapping[StepId, int] = {step.id: number for number, step in enumerate(STEPS)}
READERS: Mapping[StepId, Read] = {step.id: step.read for step in STEPS}


def numbered(step: StepId) -> str:
    """A step as people are told of it: "8 Response"."""
    return f"{STEP_ORDER[step] + 1} {STEP[step].title}"
