"""A clean walk by hand: nothing that checks would call a defect."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import jwt
import pytest

from tests.flows.lab.conftest import REDIRECT, Hand, callback, messages, result

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_whole_walk_of_a_public_client(hand: Hand) -> None:
    challenge = await hand.mcp("server/discover")
    where = f"{hand.origin}/.well-known/oauth-protected-resource/mcp"
    assert challenge.status_code == 401
    assert challenge.headers["www-authenticate"] == (
        f'Bearer resource_metadata="{where}", scope="mcp:tools"'
    )

    resource = (await hand.get(where)).json()
    assert resource["resource"] == hand.lab.mcp_url
    assert resource["authorization_servers"] == [hand.lab.issuer]
    root = await hand.get(f"{hand.origin}/.well-known/oauth-protected-resource")
    assert root.json() == resource

    server = (await hand.server_metadata()).json()
    assert server["issuer"] == hand.lab.issuer
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["authorization_response_iss_parameter_supported"] is True
    assert set(server["token_endpoint_auth_methods_supported"]) == {
        "none",
        "client_secret_basic",
        "client_secret_post",
    }
    ends = [value for name, value in server.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(ends) == 6 and all(end.startswith(f"{hand.lab.issuer}/") for end in ends)
    for document in (resource, server):
        assert None not in document.values() and [] not in document.values()

    client_id = (await hand.register()).json()["client_id"]
    answer = callback(await hand.authorize(client_id))
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("a state", hand.lab.issuer)

    response = await hand.token(answer["code"], client_id=client_id)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    tokens = response.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)

    (key,) = (await hand.keys()).json()["keys"]
    assert not {"d", "p", "q"} & set(key)
    header = jwt.get_unverified_header(tokens["access_token"])
    assert (header["typ"], header["kid"], header["alg"]) == ("at+jwt", key["kid"], "RS256")
    claims = jwt.decode(
        tokens["access_token"],
        jwt.PyJWK(key).key,
        algorithms=["RS256"],
        audience=hand.lab.mcp_url,
        issuer=hand.lab.issuer,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "client_id", "jti", "scope"]},
    )
    assert (claims["client_id"], claims["scope"]) == (client_id, "mcp:tools")
    assert claims["exp"] - claims["iat"] == tokens["expires_in"]

    token = tokens["access_token"]
    assert result(await hand.mcp("server/discover", token))["supportedVersions"] == ["2026-07-28"]
    tools = result(await hand.mcp("tools/list", token))["tools"]
    assert len(tools) == 17 and all(t["inputSchema"]["type"] == "object" for t in tools)
    said = result(await hand.mcp("tools/call", token, name="echo", arguments={"text": "hello"}))
    assert said["content"][0]["text"] == "hello"

    opened = await hand.initialize(token)
    assert result(opened)["protocolVersion"] == "2025-11-25"
    session = opened.headers["mcp-session-id"]
    noted = await hand.legacy("notifications/initialized", token, session, id=None)
    assert noted.status_code == 202
    assert len(result(await hand.legacy("tools/list", token, session))["tools"]) == 17


async def test_the_tools(hand: Hand) -> None:
    token = await hand.access_token()

    async def call(
        name: str, headers: dict[str, str] | None = None, **arguments: object
    ) -> dict[str, Any]:
        return result(await hand.mcp("tools/call", token, headers, name=name, arguments=arguments))

    assert (await call("add", a=2, b=3))["structuredContent"] == {"result": 5}
    assert (await call("add", a=2, b=3000))["isError"] is True
    assert (await call("fail"))["isError"] is True
    assert (await call("sleep", seconds=0))["isError"] is False
    assert (await call("whoami"))["structuredContent"]["sub"] == "user-1815"
    north = await call("weather", {"mcp-param-region": "north"}, region="north")
    assert north["structuredContent"]["celsius"] == 4.5
    image = (await call("chart", values=[1, 2, 3]))["content"][0]
    assert image["mimeType"] == "image/png"
    assert base64.b64decode(image["data"]).startswith(b"\x89PNG")
    found = await call("search_notes", query="token", limit=1)
    assert found["structuredContent"] == {"result": ["aud"]}
    fahrenheit = await call("convert_temperature", value=100, to="fahrenheit")
    assert fahrenheit["structuredContent"] == {"result": 212.0}
    planned = await call(
        "plan_event",
        title="Tea",
        day="2026-12-01",
        place={"street": "High Street 1", "city": "London"},
        attendees=[{"name": "Ada"}],
    )
    assert "reminder on 2026-11-30" in planned["content"][0]["text"]


async def test_a_header_parameter_must_match_its_argument(hand: Hand) -> None:
    token = await hand.access_token()
    response = await hand.mcp(
        "tools/call",
        token,
        {"mcp-param-region": "south"},
        name="weather",
        arguments={"region": "north"},
    )
    assert response.status_code == 400 and response.json()["error"]["code"] == -32020


async def test_progress_is_streamed_before_the_result(hand: Hand) -> None:
    response = await hand.mcp(
        "tools/call",
        await hand.access_token(),
        name="count",
        arguments={"to": 2},
        _meta={"progressToken": "p"},
    )
    assert response.headers["content-type"].startswith("text/event-stream")
    *progress, last = messages(response)
    assert [message["params"]["progress"] for message in progress] == [1, 2]
    assert last["result"]["content"][0]["text"] == "counted to 2"


async def test_elicitation_goes_by_a_retry_with_the_answers(hand: Hand) -> None:
    token = await hand.access_token()
    asked: dict[str, Any] = {"name": "book_table", "arguments": {"day": "2026-12-01"}}
    first = result(await hand.mcp("tools/call", token, **asked))
    assert first["resultType"] == "input_required"
    (question,) = first["inputRequests"]
    reply = {"action": "accept", "content": {"guests": 3, "outside": True}}
    again = await hand.mcp(
        "tools/call",
        token,
        **asked,
        inputResponses={question: reply},
        requestState=first["requestState"],
    )
    assert result(again)["content"][0]["text"] == "A table for 3 in the garden on 2026-12-01"


async def test_resources_and_prompts(hand: Hand) -> None:
    token = await hand.access_token()
    listed = result(await hand.mcp("resources/list", token))["resources"]
    assert {resource["uri"] for resource in listed} == {"lab://about", "lab://logo.png"}
    note = result(await hand.mcp("resources/read", token, uri="lab://notes/aud"))
    assert "its aud names" in note["contents"][0]["text"]
    assert len(result(await hand.mcp("prompts/list", token))["prompts"]) == 2
    prompt = await hand.mcp("prompts/get", token, name="explain_token", arguments={"claim": "aud"})
    assert "'aud'" in result(prompt)["messages"][0]["content"]["text"]


async def test_a_tool_that_needs_more_scope_is_reached_by_stepping_up(hand: Hand) -> None:
    call: dict[str, Any] = {"name": "wipe_notes", "arguments": {"confirm": True}}
    refused = await hand.mcp("tools/call", await hand.access_token(), **call)
    assert refused.status_code == 403
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="mcp:tools mcp:admin"' in challenge and "resource_metadata=" in challenge
    more = await hand.access_token(scope="mcp:tools mcp:admin")
    assert result(await hand.mcp("tools/call", more, **call))["isError"] is False


async def test_the_gate_refuses_every_other_token(hand: Hand) -> None:
    token = await hand.access_token()
    head, claims, signature = token.split(".")
    for bad in ("garbage", f"{head}.{claims}.{signature[:-8]}AAAAAAAA", f"{head}.{claims}."):
        refused = await hand.mcp("tools/list", bad)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    refresh = (await hand.token()).json()["refresh_token"]
    assert (await hand.mcp("tools/list", refresh)).status_code == 401
    query = await hand.http.post(f"{hand.lab.mcp_url}?access_token={token}", json={})
    assert query.status_code == 401 and "error=" not in query.headers["www-authenticate"]


async def test_the_scheme_is_case_insensitive(hand: Hand) -> None:
    token = await hand.access_token()
    response = await hand.mcp("tools/list", headers={"authorization": f"bearer {token}"})
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["token", "register", "revoke", "jwks.json"])
async def test_cors_of_the_authorization_server(hand: Hand, path: str) -> None:
    preflight = await _preflight(hand, f"{hand.lab.issuer}/{path}", "authorization, content-type")
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"


async def test_cors_of_the_mcp_endpoint(hand: Hand) -> None:
    wanted = (
        "authorization, content-type, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name"
    )
    preflight = await _preflight(hand, hand.lab.mcp_url, wanted)
    allowed = preflight.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in wanted.split(", "))
    refused = await hand.mcp("tools/list", headers={"origin": "http://localhost:6274"})
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "WWW-Authenticate" in refused.headers["access-control-expose-headers"]


async def test_no_cors_where_a_page_elsewhere_has_no_business(hand: Hand) -> None:
    for url in (f"{hand.lab.issuer}/authorize", f"{hand.lab.control_url}/faults"):
        preflight = await _preflight(hand, url, "content-type", method="PUT")
        assert "access-control-allow-origin" not in preflight.headers


async def _preflight(hand: Hand, url: str, headers: str, method: str = "POST") -> httpx.Response:
    return await hand.http.options(
        url,
        headers={
            "origin": "http://localhost:6274",
            "access-control-request-method": method,
            "access-control-request-headers": headers,
        },
    )


async def test_the_redirect_goes_where_it_was_asked_to(hand: Hand) -> None:
    location = (await hand.authorize()).headers["location"]
    assert location.startswith(f"{REDIRECT}?")
