"""What the authorization server refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.flows.lab.conftest import SECRET, Hand, callback

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": 'x"\\\u00e9'}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
    ],
)
async def test_errors_are_redirected_with_state_and_iss(
    hand: Hand, changes: dict[str, Any], error: str
) -> None:
    answer = callback(await hand.authorize(**changes))
    assert answer["error"] == error
    assert (answer["state"], answer["iss"]) == ("a state", hand.lab.issuer)
    assert "code" not in answer


@pytest.mark.parametrize(
    ("client_id", "changes"),
    [
        ("nobody", {}),
        ("lab-client", {"redirect_uri": "https://evil.example/callback"}),
        ("lab-client", {"redirect_uri": "http://127.0.0.1:49152/callback/"}),
        ("lab-client", {"redirect_uri": "http://127.0.0.1:49152/Callback"}),
        ("lab-client", {"redirect_uri": "http://127.0.0.1:49152/callback?x=1"}),
        ("lab-client", {"redirect_uri": 'http://127.0.0.1/"<script>'}),
        ("lab-client", {"redirect_uri": "http://localhost:49152/callback"}),
        ("lab-client", {"redirect_uri": "http://127.0.0.1:99999/callback"}),
        ("lab-client", {"redirect_uri": None}),
    ],
)
async def test_nothing_is_redirected_to_an_unknown_place(
    hand: Hand, client_id: str, changes: dict[str, Any]
) -> None:
    response = await hand.authorize(client_id, **changes)
    assert response.status_code == 400 and "location" not in response.headers


async def test_authorize_without_parameters(hand: Hand) -> None:
    response = await hand.get(f"{hand.lab.issuer}/authorize")
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


async def test_a_repeated_parameter_is_refused(hand: Hand) -> None:
    url = (await hand.authorize()).request.url
    answer = callback(await hand.get(f"{url}&state=another"))
    assert answer["error"] == "invalid_request"
    page = await hand.get(f"{url}&redirect_uri=https://evil.example")
    assert page.status_code == 400


async def test_unknown_parameters_are_ignored(hand: Hand) -> None:
    code = await hand.code(audience="x", foo="bar")
    assert (await hand.token(code, foo="bar")).status_code == 200


async def test_scope_and_resource_have_defaults(hand: Hand) -> None:
    code = await hand.code(scope=None, resource=None)
    tokens = (await hand.token(code, resource=None)).json()
    assert tokens["scope"] == "mcp:tools"
    assert (await hand.mcp("tools/list", tokens["access_token"])).status_code == 200


@pytest.mark.parametrize("port", [1, 8080, 65535])
async def test_the_port_of_a_loopback_redirect_may_be_any(hand: Hand, port: int) -> None:
    redirect = f"http://127.0.0.1:{port}/callback"
    code = await hand.code(redirect_uri=redirect)
    assert (await hand.token(code, redirect_uri=redirect)).status_code == 200


async def test_a_code_works_once_and_its_replay_ends_its_tokens(hand: Hand) -> None:
    code = await hand.code()
    tokens = (await hand.token(code)).json()
    replay = await hand.token(code)
    assert replay.status_code == 400 and replay.json()["error"] == "invalid_grant"
    assert (await hand.mcp("tools/list", tokens["access_token"])).status_code == 401
    assert (await hand.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:1/callback"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "nonsense"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
        ({"resource": "https://other.example/"}, "invalid_target"),
    ],
)
async def test_token_errors(hand: Hand, changes: dict[str, Any], error: str) -> None:
    response = await hand.token(await hand.code(), **changes)
    assert response.status_code == 400
    assert response.json()["error"] == error
    assert response.headers["cache-control"] == "no-store"
    assert '"' not in response.json()["error_description"]


@pytest.mark.parametrize("length", [43, 128])
async def test_verifiers_of_every_legal_length(hand: Hand, length: int) -> None:
    hand.verifier = ("-._~aZ09" * 16)[:length]
    assert (await hand.token()).status_code == 200


async def test_a_code_belongs_to_its_client(hand: Hand) -> None:
    other = (await hand.register()).json()["client_id"]
    response = await hand.token(await hand.code(), client_id=other)
    assert response.json()["error"] == "invalid_grant"


async def test_client_authentication(hand: Hand) -> None:
    url = f"{hand.lab.issuer}/token"

    async def tried(auth: tuple[str, str] | None, **form: str) -> tuple[int, str]:
        data = {"grant_type": "authorization_code", "code": "none", **form}
        scheme = httpx.BasicAuth(*auth) if auth else httpx.Auth()
        response = await hand.http.post(url, data=data, auth=scheme)
        if response.status_code == 401:
            assert response.headers["www-authenticate"].startswith("Basic realm=")
        return response.status_code, response.json()["error"]

    good, bad = (400, "invalid_grant"), (401, "invalid_client")
    assert await tried(SECRET) == good
    assert await tried(None, client_id=SECRET[0], client_secret=SECRET[1]) == good
    assert await tried((SECRET[0], "wrong")) == bad
    assert await tried(("nobody", "x")) == bad
    assert await tried(None, client_id=SECRET[0]) == bad
    assert await tried(None, client_id="nobody") == bad
    assert await tried(None) == bad
    garbage = await hand.http.post(
        url, data={"grant_type": "authorization_code"}, headers={"authorization": "Basic /////w=="}
    )
    assert garbage.status_code == 401


async def test_the_token_endpoint_takes_posted_forms_alone(hand: Hand) -> None:
    url = f"{hand.lab.issuer}/token"
    assert (await hand.http.get(url)).status_code == 405
    response = await hand.http.post(url, json={"grant_type": "authorization_code"})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_refresh_rotates_and_a_spent_token_ends_the_family(hand: Hand) -> None:
    first = (await hand.token()).json()
    second = (await hand.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == first["scope"]
    assert (await hand.mcp("tools/list", second["access_token"])).status_code == 200
    assert (await hand.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await hand.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await hand.mcp("tools/list", second["access_token"])).status_code == 401


async def test_a_refresh_may_narrow_the_scope_and_never_widen_it(hand: Hand) -> None:
    tokens = (await hand.token(await hand.code(scope="mcp:tools mcp:admin"))).json()
    narrow = (await hand.refresh(tokens["refresh_token"], scope="mcp:tools")).json()
    assert narrow["scope"] == "mcp:tools"
    whole = (await hand.refresh(narrow["refresh_token"])).json()
    assert whole["scope"] == "mcp:tools mcp:admin"
    wider = await hand.refresh(whole["refresh_token"], scope="mcp:tools offline_access")
    assert wider.json()["error"] == "invalid_scope"


async def test_a_refresh_token_belongs_to_its_client(hand: Hand) -> None:
    other = (await hand.register()).json()["client_id"]
    token = (await hand.token()).json()["refresh_token"]
    response = await hand.refresh(token, client_id=other)
    assert response.json()["error"] == "invalid_grant"


async def test_no_refresh_token_without_the_grant(hand: Hand) -> None:
    client = (await hand.register(grant_types=["authorization_code"])).json()["client_id"]
    response = await hand.token(await hand.code(client), client_id=client)
    assert "refresh_token" not in response.json()


async def test_revocation_ends_the_approval(hand: Hand) -> None:
    tokens = (await hand.token()).json()
    assert (await hand.post("revoke", token=tokens["refresh_token"])).status_code == 200
    assert (await hand.mcp("tools/list", tokens["access_token"])).status_code == 401
    again = await hand.post("revoke", token="unknown", token_type_hint="of_my_own")
    assert again.status_code == 200


async def test_introspection(hand: Hand) -> None:
    tokens = (await hand.token()).json()
    live = (await hand.post("introspect", token=tokens["access_token"])).json()
    assert (live["active"], live["aud"], live["scope"]) == (True, hand.lab.mcp_url, "mcp:tools")
    assert (await hand.post("introspect", token="garbage")).json() == {"active": False}
    nobody = await hand.http.post(f"{hand.lab.issuer}/introspect", data={"token": "garbage"})
    assert nobody.status_code == 401
