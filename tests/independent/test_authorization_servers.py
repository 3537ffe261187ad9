"""Authorization servers of other people, walked on their own, without an MCP server.

What the walk says of them, and whether the server breaks a rule:

    server               step             what is said                  real?
    oidc-provider-mock   server-metadata  info, S256 is not advertised  yes: it checks no code
                                                                          verifier at all
                         server-metadata  info, client_secret_post is   yes: it is refused later,
                                            not listed                    and no list is basic alone
                         client           error, a secret without       yes: RFC 7591 section 3.2.1
                                            client_secret_expires_at
                         claims           info, opaque token            no: tokens may be opaque
                         token            stop, 401, as a client it     yes: it agreed to the
                                            registered for `none`         method (RFC 7591
                         refresh          error, 401, as one for           section 3.2.1)
                                            client_secret_post
    oauth2-mock-server   server-metadata  warn, refresh_token is not    yes: it issues them (RFC
                                            among its grants              8414 section 2)
                         server-metadata  info, the password grant      no: RFC 9700 dropped it
    oidc-provider        server-metadata  info, the implicit grant      no: likewise
"""

from __future__ import annotations

import httpx
import pytest

from flows.session import StepId, Target
from flows.walk import Walk
from tests.independent.conftest import Start
from tests.independent.walking import Said, assert_findings, walk, words

AUTHORIZED: dict[StepId, str] = {
    "server-metadata": "200",
    "keys": "1 key",
    "pkce": "S256",
    "authorize": "ready",
    "token": "200",
}


async def test_oauth2_mock_server(start: Start) -> None:
    """It registers nobody and approves everything."""
    issuer = start("oauth2_mock.mjs")
    target = Target(issuer, "authorization-server", client_id="walker", scope="openid")
    walked = await walk(target)
    assert words(walked) == AUTHORIZED | {
        "client": "pre-registered",
        "callback": "approved",
        "claims": "7 claims",
        "refresh": "200",
    }
    unlisted: Said = ("server-metadata", "warn", "does not list refresh_token")
    assert_findings(walked, [unlisted, ("server-metadata", "info", "lists password")])
    # Only the second of the well-known URLs answers.
    assert [tried.status for tried in walked.facts.server_tried] == [404, 200]


async def test_oidc_provider(start: Start) -> None:
    """Its approval is a chain of redirects that rests on cookies."""
    target = Target(
        start("oidc_provider.mjs"),
        "authorization-server",
        scope="openid tools",
        resource="https://mcp.example.com/mcp",
    )
    walked = await walk(target)
    assert words(walked) == AUTHORIZED | {
        "client": "DCR",
        "callback": "approved",
        "claims": "8 claims",
    }
    assert_findings(walked, [("server-metadata", "info", "lists implicit")])
    hops = [event for event in walked.session.exchanges if event.step == "callback"]
    assert len(hops) > 3


@pytest.mark.parametrize(
    ("method", "token", "refresh"),
    [
        ("client_secret_basic", "200", "200"),
        ("client_secret_post", "200", "401"),
        ("none", "! 401", None),
    ],
)
async def test_oidc_provider_mock(
    start: Start, method: str, token: str, refresh: str | None
) -> None:
    """Its login is a form, which `approve` leaves to the person."""
    target = Target(
        start("oidc_mock.py"),
        "authorization-server",
        scope="openid email",
        token_endpoint_auth_method=method,
    )
    walked = await walk(target, person=log_in)
    said = words(walked)
    assert said["client"] == "DCR"
    assert said["callback"] == "pasted"
    assert said["token"] == token
    assert said.get("refresh") == refresh
    pkce: Said = ("server-metadata", "info", "code_challenge_methods_supported is missing")
    opaque: Said = ("claims", "info", "only its issuer can read it")
    refused: Said = ("refresh", "error", "401")
    expiry: Said = ("client", "error", "client_secret_expires_at is missing")
    default: Said = ("server-metadata", "info", "without a list it is client_secret_basic")
    listed = [pkce, default] if method == "client_secret_post" else [pkce]
    expected = [*listed, expiry, *([opaque] if token == "200" else [])]
    assert_findings(walked, [*expected, refused] if refresh == "401" else expected)
    assert walked.facts.client
    assert walked.facts.client.token_endpoint_auth_method == method


async def test_a_person_who_says_no(start: Start) -> None:
    async def deny(walked: Walk) -> None:
        await log_in(walked, action="deny")

    target = Target(start("oidc_mock.py"), "authorization-server", scope="openid")
    walked = await walk(target, person=deny)
    assert words(walked)["callback"] == "! access_denied"


async def log_in(walked: Walk, **form: str) -> None:
    """The person: sees that a form is there, posts it, and pastes where the browser ended up."""
    assert "wants a person" in await walked.approve()
    async with httpx.AsyncClient(trust_env=False) as browser:
        url = walked.facts.authorization_url
        assert url
        answer = await browser.post(url, data={"sub": "ada", **form})
    assert answer.status_code == 302, answer.text
    walked.answer("callback", redirect=answer.headers["location"], via="pasted")
