"""What names mean, and where values come from."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from flows.checks import all_checks
from flows.facts import Facts
from flows.lab import Lab
from flows.meanings import _known, names, near, terms
from flows.moves import Ask, Blocked, Make, Send
from flows.origins import origin
from flows.session import Target
from flows.walk import Walk, new_session
from flows.wire import Wire

STANDARD = re.compile(
    r"RFC \d{4} §[\d.]+|RFC \d{4}\b|MCP |OIDC |OAuth |JSON-RPC 2\.0 §|Fetch Standard|draft-ietf-"
)
VENDORS = ("Microsoft", "Okta", "Auth0", "Keycloak", "Amazon", "Google")


def test_every_meaning_is_a_sentence_with_its_standard() -> None:
    for name, found in _known().items():
        for term in found:
            assert term.name == name
            assert term.text.endswith("."), term
            assert STANDARD.match(term.standard) or term.standard.startswith(VENDORS), term


def test_one_name_means_several_things_and_the_place_decides() -> None:
    assert {term.where for term in terms("scope")} >= {
        "authorization request",
        "token response",
        "challenge",
        "client metadata",
        "claim of a JWT",
    }
    assert terms("scope", "challenge")[0].where == "challenge"
    assert terms("WWW-Authenticate") == terms("www-authenticate") != ()
    assert terms("no such name") == () and "resource" in near("resouce")


async def test_whatever_a_walk_sends_and_reads_is_known_and_has_an_origin() -> None:
    async with Lab() as lab:
        walk = Walk(new_session(Target(lab.mcp_url)), Wire())
        try:
            unknown: set[str] = set()
            unsaid: set[str] = set()
            while move := await walk.run(hold=frozenset({"client", "pkce", "authorize", "token"})):
                if move.step == "call":
                    break
                if move.step == "callback":
                    assert await walk.approve() == ""
                    continue
                pairs: tuple[tuple[str, str], ...] = ()
                if isinstance(move, Make):
                    pairs = move.values
                elif isinstance(move, Send) and move.step == "token":
                    body = move.request.body.decode()
                    pairs = tuple((one.partition("=")[0], "") for one in body.split("&"))
                    endpoint = origin(walk.facts, "url", move.request.url)
                    assert endpoint == "from the server metadata: token_endpoint"
                unknown |= {name for name, _ in pairs if not terms(name)}
                unsaid |= {
                    name for name, text in pairs if text and not origin(walk.facts, name, text)
                }
                assert not isinstance(move, Ask | Blocked)
                await walk.perform(move)
            assert not unknown and not unsaid
            facts = walk.facts
            assert facts.client
            assert origin(facts, "client_id", facts.client.client_id).startswith("from the registr")
            assert origin(facts, "resource", lab.mcp_url) == "from the resource metadata: resource"
            assert "challenge" in origin(facts, "scope", "mcp:tools")
            documents = [
                exchange.exchange.response
                for exchange in walk.session.exchanges
                if exchange.step in ("resource-metadata", "server-metadata", "client", "token")
            ]
            read = {name for one in documents if one for name in json.loads(one.body or b"{}")}
            assert {name for name in read if not terms(name)} == set()
        finally:
            await walk.close()


def test_what_was_given_is_said_to_be() -> None:
    target = Target("https://a.example/mcp", scope="x", headers=(("X-Team", "tea"),))
    facts = Facts(target, datetime.now(UTC))
    assert origin(facts, "scope", "x") == "given at the start"
    assert origin(facts, "x-team", "tea") == "given at the start, for every MCP request"
    assert origin(facts, "resource", "https://a.example/mcp") == "the URL that was typed"
    assert origin(facts, "unheard-of", "x") == ""


def test_every_check_has_words_to_explain_it() -> None:
    assert all(check.asserts and check.standard for check in all_checks())


def test_the_names_of_one_kind() -> None:
    assert "code_verifier" in names("token request")
    assert "code_verifier" not in names("authorization request")
    assert names("no such thing") == ()
