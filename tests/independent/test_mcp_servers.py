"""MCP servers of other people, walked from the challenge to a tool's result.

What the walk says of them, and whether the server breaks a rule:

    server                  check    what is said                  real?
    both SDKs               CHAL-07  warn, error=invalid_token     yes: RFC 6750 section 3.1 wants
                                       without credentials           no error code there
    SDK, issuer misspelt    ASM-03   stop, mismatch                yes: RFC 8414 section 3.3
                                                                     demands identity
    SDK, as of 2025-03-26   ASM-03   warn, issuer has a slash      yes, for that revision: the
                                       the origin has not            origin stands for the issuer
                            MCP-04   info, and a stop with 401     no: that revision knows no
                                       that blames the client        resource indicator, and this
                                                                     server wants one; which is
                                                                     what pinning it shows
    TypeScript SDK          TOK-08   info, token_type bearer       no: its case does not matter
                                                                     (RFC 6749 section 5.1)
    oidc-provider           ASM-19   info, the implicit grant      no: RFC 9700 dropped it
                            TOK-13   info, offline_access and      no: the server decides
                                       no refresh token              (RFC 6749 section 1.5)
    those of HTTP+SSE       MCP-24   info, an older transport      no: deprecated, not forbidden
    open ones               none     nothing is said               no: authorization is optional
"""

from __future__ import annotations

import pytest

from flows.moves import Blocked
from flows.session import Protocol, Target
from tests.independent.conftest import Start
from tests.independent.walking import Call, Said, assert_findings, result_text, walk, words

ERAS: tuple[Protocol, ...] = ("auto", "2025-11-25", "2025-06-18")
ERROR: Said = ("CHAL-07", "warn", "although no credentials were sent")
OLDER: Said = ("MCP-24", "info", "speaks HTTP+SSE")

every_era = pytest.mark.parametrize("protocol", ERAS)


def spoken(protocol: Protocol) -> str:
    """The version that a server of both eras speaks with us."""
    return "2026-07-28" if protocol == "auto" else protocol


@every_era
@pytest.mark.parametrize("answers", ["streams", "json"])
async def test_sdk_open(start: Start, protocol: Protocol, answers: str) -> None:
    walked = await walk(Target(start("sdk_open.py", answers), protocol=protocol))
    assert words(walked) == {
        "challenge": "open",
        "connect": spoken(protocol),
        "tools": "1 tool",
        "call": "add",
    }
    assert_findings(walked, [])
    assert result_text(walked) == "5"


@every_era
@pytest.mark.parametrize("server", ["sdk_combined.py", "fastmcp_oauth.py"])
async def test_authorization_server_in_one(start: Start, server: str, protocol: Protocol) -> None:
    walked = await walk(Target(start(server), protocol=protocol))
    assert words(walked) == {
        "challenge": "401",
        "resource-metadata": "200",
        "server-metadata": "200",
        "client": "DCR",
        "pkce": "S256",
        "authorize": "ready",
        "callback": "approved",
        "token": "200",
        "claims": "opaque",
        "refresh": "200",
        "connect": spoken(protocol),
        "tools": "1 tool",
        "call": "add",
    }
    quiet = server == "fastmcp_oauth.py"
    assert_findings(walked, [] if quiet else [ERROR])
    assert result_text(walked) == "5"
    # Neither lists `none`, so the walk registered with a secret, as RFC 8414 has it.
    assert walked.facts.client
    assert walked.facts.client.token_endpoint_auth_method == "client_secret_basic"


@every_era
async def test_sdk_with_introspection(start: Start, protocol: Protocol) -> None:
    issuer = start("sdk_authorization_server.py")
    server = start("sdk_resource_server.py", issuer, "introspection")
    walked = await walk(Target(server, protocol=protocol))
    assert words(walked) == {
        "challenge": "401",
        "resource-metadata": "200",
        "server-metadata": "200",
        "client": "DCR",
        "pkce": "S256",
        "authorize": "ready",
        "callback": "approved",
        "token": "200",
        "claims": "opaque",
        "refresh": "200",
        "connect": spoken(protocol),
        "tools": "1 tool",
        "call": "add",
    }
    assert_findings(walked, [ERROR])
    assert result_text(walked) == "5"


@every_era
async def test_sdk_behind_oidc_provider(start: Start, protocol: Protocol) -> None:
    issuer = start("oidc_provider.mjs")
    server = start("sdk_resource_server.py", issuer, "jwt")
    walked = await walk(Target(server, protocol=protocol))
    assert words(walked) == {
        "challenge": "401",
        "resource-metadata": "200",
        "server-metadata": "200",
        "keys": "1 key",
        "client": "DCR",
        "pkce": "S256",
        "authorize": "ready",
        "callback": "approved",
        "token": "200",
        "claims": "8 claims",
        "connect": spoken(protocol),
        "tools": "1 tool",
        "call": "add",
    }
    implicit: Said = ("ASM-19", "info", "lists implicit")
    kept: Said = ("TOK-13", "info", "No refresh token")
    assert_findings(walked, [ERROR, implicit, kept])
    assert result_text(walked) == "5"
    assert walked.facts.response
    assert walked.facts.response.get("iss") == issuer


@pytest.mark.parametrize("protocol", ["auto", "2025-11-25"])
async def test_typescript_sdk(start: Start, protocol: Protocol) -> None:
    target = Target(start("sdk_example.mjs"), protocol=protocol)
    walked = await walk(target, call=Call("greet", {"name": "Ada"}))
    assert words(walked) == {
        "challenge": "401",
        "resource-metadata": "200",
        "server-metadata": "200",
        "client": "DCR",
        "pkce": "S256",
        "authorize": "ready",
        "callback": "approved",
        "token": "200",
        "claims": "opaque",
        "connect": "2025-11-25",
        "tools": "7 tools",
        "call": "greet",
    }
    bearer: Said = ("TOK-08", "info", "token_type is bearer: legal")
    assert_findings(walked, [ERROR, bearer])
    assert result_text(walked) == "Hello, Ada!"


async def test_typescript_sdk_open(start: Start) -> None:
    """A server of the handshake era alone, found out by asking."""
    target = Target(start("sdk_example.mjs", "open"))
    walked = await walk(target, call=Call("greet", {"name": "Ada"}))
    assert words(walked) == {
        "challenge": "open",
        "connect": "2025-11-25",
        "tools": "7 tools",
        "call": "greet",
    }
    assert [opening.method for opening in walked.facts.openings] == [
        "server/discover",
        "initialize",
    ]
    assert_findings(walked, [])
    assert result_text(walked) == "Hello, Ada!"


async def test_misspelt_issuer(start: Start) -> None:
    """The resource server names the issuer with a slash that its metadata has not."""
    issuer = start("sdk_authorization_server.py")
    server = start("sdk_resource_server.py", f"{issuer}/", "introspection")
    walked = await walk(Target(server))
    assert words(walked) == {
        "challenge": "401",
        "resource-metadata": "200",
        "server-metadata": "! mismatch",
    }
    misspelt: Said = ("ASM-03", "fail", "no trailing slash")
    assert_findings(walked, [ERROR, misspelt])
    stop = walked.current
    assert isinstance(stop, Blocked)
    assert stop.reason.endswith(f"issuer is {issuer}, asked for {issuer}/: no trailing slash.")
    assert stop.can_override


async def test_a_revision_the_server_does_not_authorize_by(start: Start) -> None:
    """Revision 2025-03-26 sends no resource indicator; this server wants tokens bound to one."""
    walked = await walk(Target(start("sdk_combined.py"), protocol="2025-03-26"))
    assert words(walked) == {
        "challenge": "401",
        "server-metadata": "200",
        "client": "DCR",
        "pkce": "S256",
        "authorize": "ready",
        "callback": "approved",
        "token": "200",
        "claims": "opaque",
        "refresh": "? Send",
        "connect": "! 401",
    }
    slash: Said = ("ASM-03", "warn", "trailing slash")
    refused: Said = ("MCP-04", "info", "is refused with 401")
    assert_findings(walked, [ERROR, slash, refused])
    stop = walked.current
    assert isinstance(stop, Blocked) and stop.party == "client"
    assert "no resource was asked for" in stop.reason


ON_HTTP_SSE: tuple[Protocol, ...] = ("auto", "2024-11-05")


def on_http_sse(protocol: Protocol) -> str:
    """The version that a server of both transports speaks with us on the older one."""
    return "2025-11-25" if protocol == "auto" else protocol


@pytest.mark.parametrize("protocol", ON_HTTP_SSE)
async def test_sdk_on_http_sse(start: Start, protocol: Protocol) -> None:
    walked = await walk(Target(start("sdk_sse.py"), protocol=protocol))
    assert words(walked) == {
        "challenge": "open",
        "connect": on_http_sse(protocol),
        "tools": "1 tool",
        "call": "add",
    }
    assert_findings(walked, [OLDER])
    assert result_text(walked) == "5"


@pytest.mark.parametrize("protocol", ON_HTTP_SSE)
@pytest.mark.parametrize("server", [("sdk_sse.py", "oauth"), ("fastmcp_sse.py",)])
async def test_authorization_and_http_sse(
    start: Start, server: tuple[str, ...], protocol: Protocol
) -> None:
    walked = await walk(Target(start(*server), protocol=protocol))
    assert words(walked) == {
        "challenge": "401",
        "resource-metadata": "200",
        "server-metadata": "200",
        "client": "DCR",
        "pkce": "S256",
        "authorize": "ready",
        "callback": "approved",
        "token": "200",
        "claims": "opaque",
        "refresh": "200",
        "connect": on_http_sse(protocol),
        "tools": "1 tool",
        "call": "add",
    }
    quiet = server == ("fastmcp_sse.py",)
    assert_findings(walked, [OLDER] if quiet else [ERROR, OLDER])
    assert result_text(walked) == "5"


SUM = Call("get-sum", {"a": 2, "b": 3})


@pytest.mark.parametrize("protocol", ON_HTTP_SSE)
async def test_everything_on_http_sse(start: Start, protocol: Protocol) -> None:
    walked = await walk(Target(start("everything.mjs", "sse"), protocol=protocol), call=SUM)
    assert words(walked) == {
        "challenge": "open",
        "connect": on_http_sse(protocol),
        "tools": "13 tools",
        "call": "get-sum",
    }
    assert_findings(walked, [OLDER])
    assert result_text(walked) == "The sum of 2 and 3 is 5."


async def test_everything(start: Start) -> None:
    walked = await walk(Target(start("everything.mjs", "streamableHttp")), call=SUM)
    assert words(walked) == {
        "challenge": "open",
        "connect": "2025-11-25",
        "tools": "13 tools",
        "call": "get-sum",
    }
    assert_findings(walked, [])
    assert result_text(walked) == "The sum of 2 and 3 is 5."
