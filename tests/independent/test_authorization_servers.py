"""Authorization servers of other people, walked on their own, without an MCP server.

What the walk says of them, and whether the server breaks a rule:

    server               check   what is said                    real?
    oidc-provider-mock   ASM-07  info, S256 is not advertised    yes: it checks no code verifier
                                                                   at all
                         ASM-09  info, client_secret_post is     yes: it is refused later, and no
                                   not listed                      list is basic alone
                         DCR-03  fail, a secret without          yes: RFC 7591 section 3.2.1
                                   client_secret_expires_at
                         AZ-17   warn, the page of the login     yes: RFC 9700 section 4.16
                                   can be shown in a frame         demands it of every server
                         RT-07   info, the refresh token stays   no: RFC 6749 section 6
                                                                   (the client has a secret)
                         TOK-17  fail, 401 to a client that it   yes: it agreed to the method
                                   registered for `none`           (RFC 7591 section 3.2.1)
                         RT-01   fail, 401 to one that it        yes: likewise, and it took the
                                   registered for                  code by that method
                                   client_secret_post
    oauth2-mock-server   ASM-08  warn, refresh_token is not      yes: it issues them (RFC 8414
                                   among its grants                section 2)
                         ASM-19  info, the password grant        no: RFC 9700 dropped it
    oidc-provider        ASM-19  info, the implicit grant        no: likewise
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
    unlisted: Said = ("ASM-08", "warn", "does not list refresh_token")
    assert_findings(walked, [unlisted, ("ASM-19", "info", "lists password")])
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
    assert_findings(walked, [("ASM-19", "info", "lists implicit")])
    hops = [event for event in walked.session.exchanges if event.step == "callback"]
    assert len(hops) > 3


LATER: dict[str, list[Said]] = {
    "client_secret_basic": [("RT-07", "info", "the old one stays in use")],
    "client_secret_post": [("RT-01", "fail", "cannot authenticate")],
    "none": [("TOK-17", "fail", "cannot authenticate")],
}


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
    default: Said = ("ASM-09", "info", "without a list it is client_secret_basic")
    expected: list[Said] = [
        ("ASM-07", "info", "code_challenge_methods_supported is missing"),
        *([default] if method == "client_secret_post" else []),
        ("DCR-03", "fail", "client_secret_expires_at is missing"),
        ("AZ-17", "warn", "neither frame-ancestors nor X-Frame-Options"),
        *LATER[method],
    ]
    assert_findings(walked, expected)
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
