"""Every fault shows the effect that its summary claims, and only when it is on."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import jwt
import pytest

from flows.lab import FAULTS
from flows.lab.faults.discovery import BOMB, DEAD, HUGE
from flows.lab.faults.mcp import HOSTILE
from flows.lab.faults.mechanism import Fault, Switchboard
from tests.flows.lab.conftest import REDIRECT, Hand, callback, result

pytestmark = pytest.mark.asyncio(loop_scope="module")

Effect = Callable[[Hand], Awaitable[bool]]
MISSING = object()


def _json(response: httpx.Response) -> dict[str, Any]:
    document = response.json()
    assert isinstance(document, dict)
    return document


def _is_page(response: httpx.Response, status: int = 200) -> bool:
    kind = response.headers.get("content-type", "")
    return response.status_code == status and kind.startswith("text/html")


def challenge(holds: Callable[[httpx.Response], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        return holds(await hand.mcp("server/discover"))

    return effect


def challenge_field(holds: Callable[[str], bool]) -> Effect:
    return challenge(lambda r: r.status_code == 401 and holds(r.headers["www-authenticate"]))


def resource(holds: Callable[[dict[str, Any]], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        return holds(_json(await hand.resource_metadata()))

    return effect


def server(holds: Callable[[dict[str, Any]], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        return holds(_json(await hand.server_metadata()))

    return effect


def key(holds: Callable[[list[Any]], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        return holds(_json(await hand.keys())["keys"])

    return effect


def registered(holds: Callable[[httpx.Response], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        return holds(await hand.register())

    return effect


def answered(holds: Callable[[Hand, dict[str, str]], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        return holds(hand, callback(await hand.authorize()))

    return effect


def token(holds: Callable[[httpx.Response], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        return holds(await hand.token())

    return effect


def member(name: str, wrong: object) -> Effect:
    """A member of the token response has a value, or is MISSING."""
    return token(lambda r: _same(_json(r).get(name, MISSING), wrong))


def _same(value: object, wanted: object) -> bool:
    return type(value) is type(wanted) and value == wanted


def claim(holds: Callable[[Hand, dict[str, Any]], bool], accepted: bool) -> Effect:
    """What the access token says, and whether the MCP server still takes it."""

    async def effect(hand: Hand) -> bool:
        text = await hand.access_token()
        claims = jwt.decode(text, options={"verify_signature": False})
        if not holds(hand, claims):
            return False
        status = (await hand.mcp("tools/list", text)).status_code
        assert (status == 200) is accepted, status
        return True

    return effect


def without(name: str, accepted: bool) -> Effect:
    return claim(lambda hand, claims: name not in claims, accepted)


def signed(holds: Callable[[str, dict[str, Any]], bool], accepted: bool) -> Effect:
    async def effect(hand: Hand) -> bool:
        text = await hand.access_token()
        if not holds(text, jwt.get_unverified_header(text)):
            return False
        assert ((await hand.mcp("tools/list", text)).status_code == 200) is accepted
        return True

    return effect


def connected(holds: Callable[[httpx.Response], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        return holds(await hand.mcp("server/discover", await hand.access_token()))

    return effect


def listed(holds: Callable[[dict[str, Any]], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        return holds(result(await hand.mcp("tools/list", await hand.access_token())))

    return effect


async def _redirected(hand: Hand) -> bool:
    for first in (await hand.resource_metadata(), await hand.server_metadata()):
        if first.status_code == 200:
            return False
        assert first.status_code == 302
        moved = await hand.get(str(first.url.join(first.headers["location"])))
        assert moved.status_code == 200 and moved.json()
    return True


async def _bombed(hand: Hand) -> bool:
    url = f"{hand.lab.issuer}/.well-known/oauth-authorization-server"
    async with hand.http.stream("GET", url) as response:
        if response.headers.get("content-encoding") != "gzip":
            return False
        wire = b"".join([part async for part in response.aiter_raw()])
    inflate, size = zlib.decompressobj(31), 0
    while wire:
        size += len(inflate.decompress(wire, 1 << 20))
        wire = inflate.unconsumed_tail
    return len(wire) < 1 << 20 and size > BOMB


async def _twice(hand: Hand) -> bool:
    pairs: list[tuple[str, Any]] = json.loads(
        (await hand.server_metadata()).text, object_pairs_hook=list
    )
    return [name for name, _ in pairs].count("issuer") == 2


async def _bare_array(hand: Hand) -> bool:
    return isinstance((await hand.keys()).json(), list)


async def _mismatch_page(hand: Hand) -> bool:
    response = await hand.authorize()
    return _is_page(response, 400) and "redirect_uri_mismatch" in response.text


async def _authorize_500(hand: Hand) -> bool:
    return _is_page(await hand.authorize(), 500)


async def _slow(hand: Hand) -> bool:
    code = await hand.code()
    hand.http.timeout = httpx.Timeout(5, read=0.3)
    try:
        await hand.token(code)
    except httpx.ReadTimeout:
        return True
    return False


async def _no_cors(hand: Hand) -> bool:
    origin = {"origin": "http://localhost:6274"}
    preflight = await hand.http.options(
        f"{hand.lab.issuer}/token", headers={**origin, "access-control-request-method": "POST"}
    )
    actual = await hand.http.post(f"{hand.lab.issuer}/token", data={}, headers=origin)
    missing = ["access-control-allow-origin" not in r.headers for r in (preflight, actual)]
    assert len(set(missing)) == 1
    return missing[0]


async def _refused_grant(hand: Hand) -> bool:
    response = await hand.token()
    return response.status_code == 400 and response.json()["error"] == "invalid_grant"


async def _rejects_resource(hand: Hand) -> bool:
    refused = await hand.token()
    assert (await hand.token(resource=None)).status_code == 200
    return refused.status_code == 400


async def _opaque(hand: Hand) -> bool:
    text = await hand.access_token()
    assert (await hand.mcp("tools/list", text)).status_code == 200
    return "." not in text


async def _opaque_bearer(hand: Hand) -> bool:
    tokens = (await hand.token()).json()
    answered = await hand.mcp("tools/list", tokens["access_token"])
    assert answered.status_code == 200
    return tokens["token_type"] == "bearer" and "." not in tokens["access_token"]


async def _drops_schemes(hand: Hand) -> bool:
    uris = ["cursor://cb", "https://app.example/cb", "http://localhost:1/cb"]
    kept: list[str] = _json(await hand.register(redirect_uris=uris))["redirect_uris"]
    return kept == uris[1:]


async def _rejects_schemes(hand: Hand) -> bool:
    assert (await hand.register(redirect_uris=["https://app.example/cb"])).status_code == 201
    refused = await hand.register(redirect_uris=["cursor://cb", "https://app.example/cb"])
    return refused.status_code == 400 and _json(refused)["error"] == "invalid_redirect_uri"


async def _no_registration(hand: Hand) -> bool:
    assert ("registration_endpoint" in _json(await hand.server_metadata())) == (
        (await hand.register()).status_code == 201
    )
    return "registration_endpoint" not in _json(await hand.server_metadata())


def _refresh_refused(error: str) -> Effect:
    async def effect(hand: Hand) -> bool:
        tokens = (await hand.token()).json()
        return _json(await hand.refresh(tokens["refresh_token"])).get("error") == error

    return effect


def refreshed(holds: Callable[[dict[str, Any]], bool]) -> Effect:
    async def effect(hand: Hand) -> bool:
        tokens = (await hand.token()).json()
        return holds(_json(await hand.refresh(tokens["refresh_token"])))

    return effect


async def _open_introspection(hand: Hand) -> bool:
    url = f"{hand.lab.issuer}/introspect"
    return (await hand.http.post(url, data={"token": "x"})).status_code == 200


def introspected(active: object) -> Effect:
    async def effect(hand: Hand) -> bool:
        live = await hand.post("introspect", token=await hand.access_token())
        return _same(live.json()["active"], active)

    return effect


async def _revoke_fails(hand: Hand) -> bool:
    return (await hand.post("revoke", token="unknown")).status_code == 503


async def _eras(hand: Hand) -> tuple[int, int]:
    text = await hand.access_token()
    modern = await hand.mcp("server/discover", text)
    return modern.status_code, (await hand.initialize(text)).status_code


async def _legacy_only(hand: Hand) -> bool:
    return await _eras(hand) == (400, 200)


async def _modern_only(hand: Hand) -> bool:
    return await _eras(hand) == (200, 400)


async def _huge(hand: Hand) -> bool:
    call = await hand.mcp(
        "tools/call", await hand.access_token(), name="echo", arguments={"text": "x"}
    )
    return len(call.content) > HUGE


async def _hostile(hand: Hand) -> bool:
    text = await hand.access_token()
    tool = result(await hand.mcp("tools/list", text))["tools"][0]
    said = result(await hand.mcp("tools/call", text, name="echo", arguments={"text": "x"}))
    opened = result(await hand.initialize(text))
    places = [
        _json(await hand.resource_metadata())["resource_name"],
        _json(await hand.register())["client_name"],
        _json(await hand.token(code="none"))["error_description"],
        tool["title"],
        tool["description"],
        said["content"][0]["text"],
        opened["instructions"],
        result(await hand.mcp("server/discover", text))["instructions"],
    ]
    hostile = {place == HOSTILE for place in places}
    assert len(hostile) == 1, places
    field = (await hand.mcp("tools/list")).headers.raw
    assert any(b"\x9b31m" in value for _, value in field) == (True in hostile)
    return True in hostile


EFFECTS: dict[str, Effect] = {
    "no-challenge-header": challenge(
        lambda r: r.status_code == 401 and "www-authenticate" not in r.headers
    ),
    "challenge-403": challenge(lambda r: r.status_code == 403),
    "challenge-login-redirect": challenge(lambda r: r.status_code == 302),
    "challenge-error": challenge_field(lambda v: 'error="invalid_token"' in v),
    "challenge-without-metadata": challenge_field(lambda v: "resource_metadata" not in v),
    "challenge-relative-url": challenge_field(lambda v: 'resource_metadata="/.well-known' in v),
    "waf-block": challenge(lambda r: _is_page(r, 403) and "cf-mitigated" in r.headers),
    "resource-metadata-missing": lambda h: _status(h.resource_metadata(), 404),
    "resource-metadata-html": lambda h: _page(h.resource_metadata()),
    "resource-mismatch": resource(lambda d: d["resource"] == "http://127.0.0.1/other"),
    "resource-trailing-slash": resource(lambda d: d["resource"].endswith("/mcp/")),
    "resource-metadata-nulls": resource(lambda d: None in d.values()),
    "no-authorization-servers": resource(lambda d: "authorization_servers" not in d),
    "authorization-servers-string": resource(lambda d: isinstance(d["authorization_servers"], str)),
    "first-server-dead": resource(lambda d: d["authorization_servers"][0] == DEAD),
    "redirect-metadata": _redirected,
    "server-metadata-missing": lambda h: _status(h.server_metadata(), 404),
    "metadata-html": lambda h: _page(h.server_metadata()),
    "issuer-trailing-slash": server(lambda d: d["issuer"].endswith("/")),
    "issuer-mismatch": server(lambda d: d["issuer"] == "https://issuer.example"),
    "no-pkce-advertised": server(lambda d: "code_challenge_methods_supported" not in d),
    "pkce-plain-only": server(lambda d: d["code_challenge_methods_supported"] == ["plain"]),
    "no-response-types": server(lambda d: "response_types_supported" not in d),
    "relative-endpoints": server(lambda d: d["token_endpoint"] == "/token"),
    "no-token-endpoint": server(lambda d: "token_endpoint" not in d),
    "server-metadata-nulls": server(lambda d: None in d.values()),
    "gzip-bomb": _bombed,
    "huge-metadata": server(lambda d: len(str(d)) > HUGE),
    "metadata-duplicate-names": _twice,
    "jwks-empty": key(lambda keys: keys == []),
    "jwks-500": lambda h: _status(h.keys(), 500),
    "jwks-without-kid": key(lambda keys: "kid" not in keys[0]),
    "jwks-private": key(lambda keys: "d" in keys[0]),
    "jwks-bare-array": _bare_array,
    "no-registration": _no_registration,
    "supports-cimd": server(lambda d: d.get("client_id_metadata_document_supported") is True),
    "cimd-without-none": server(
        lambda d: (
            d.get("client_id_metadata_document_supported") is True
            and "none" not in d["token_endpoint_auth_methods_supported"]
        )
    ),
    "private-key-jwt-only": server(
        lambda d: (
            d.get("client_id_metadata_document_supported") is True
            and d["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
        )
    ),
    "registration-drops-schemes": _drops_schemes,
    "registration-rejects-schemes": _rejects_schemes,
    "register-fails": registered(lambda r: _is_page(r, 500)),
    "registration-rejects-redirect": registered(
        lambda r: r.status_code == 400 and r.json()["error"] == "invalid_redirect_uri"
    ),
    "register-200": registered(lambda r: r.status_code == 200),
    "register-nulls": registered(lambda r: _json(r).get("client_secret", MISSING) is None),
    "register-drops-redirects": registered(lambda r: "redirect_uris" not in _json(r)),
    "register-no-client-id": registered(lambda r: "client_id" not in _json(r)),
    "redirect-uri-mismatch": _mismatch_page,
    "authorize-500": _authorize_500,
    "consent-denied": answered(lambda h, a: a.get("error") == "access_denied"),
    "callback-server-error": answered(lambda h, a: a.get("error") == "server_error"),
    "callback-without-code": answered(lambda h, a: not {"code", "error"} & set(a)),
    "missing-state": answered(lambda h, a: "state" not in a),
    "wrong-state": answered(lambda h, a: a["state"] != "a state"),
    "missing-iss-response": answered(lambda h, a: "iss" not in a),
    "wrong-iss-response": answered(lambda h, a: a["iss"] != h.lab.issuer),
    "token-in-callback": answered(lambda h, a: "access_token" in a),
    "extra-callback-members": answered(lambda h, a: "session_state" in a),
    "missing-token-type": member("token_type", MISSING),
    "token-type-lowercase": member("token_type", "bearer"),
    "expires-in-string": member("expires_in", "3600"),
    "expires-in-null": member("expires_in", None),
    "expires-in-float": member("expires_in", 3600.5),
    "null-refresh-token": member("refresh_token", None),
    "scope-array": member("scope", ["mcp:tools"]),
    "empty-access-token": member("access_token", ""),
    "extra-token-members": member("account_id", "acct_1815"),
    "no-refresh-token": member("refresh_token", MISSING),
    "token-html": token(_is_page),
    "token-500": token(lambda r: r.status_code == 500),
    "token-waf-block": token(lambda r: _is_page(r, 403) and "cf-mitigated" in r.headers),
    "token-form-encoded": token(lambda r: r.text.startswith("access_token=")),
    "token-201": token(lambda r: r.status_code == 201),
    "token-wrapped": token(lambda r: list(_json(r)) == ["data"]),
    "token-bom": token(lambda r: r.content.startswith(b"\xef\xbb\xbf")),
    "token-200-error": token(lambda r: r.status_code == 200 and "error" in _json(r)),
    "token-cacheable": token(lambda r: "cache-control" not in r.headers),
    "no-cors-on-token": _no_cors,
    "slow-token": _slow,
    "expired-code": _refused_grant,
    "invalid-client": token(lambda r: r.status_code == 401),
    "rejects-resource": _rejects_resource,
    "missing-iss": without("iss", accepted=False),
    "missing-sub": without("sub", accepted=True),
    "missing-aud": without("aud", accepted=True),
    "missing-exp": without("exp", accepted=False),
    "missing-iat": without("iat", accepted=True),
    "missing-scope-claim": without("scope", accepted=False),
    "wrong-aud": claim(lambda h, c: c["aud"] == "https://api.example.com/mcp", accepted=False),
    "aud-client-id": claim(lambda h, c: c["aud"] == "lab-client", accepted=False),
    "wrong-iss": claim(lambda h, c: c["iss"] != h.lab.issuer, accepted=False),
    "token-expired": claim(lambda h, c: _age(c) > 3600, accepted=False),
    "exp-milliseconds": claim(lambda h, c: c["exp"] > 10**12, accepted=True),
    "iat-future": claim(lambda h, c: _age(c) < -500, accepted=False),
    "scp-claim": claim(lambda h, c: c.get("scp") == ["mcp:tools"], accepted=False),
    "typ-jwt": signed(lambda t, header: header["typ"] == "JWT", accepted=False),
    "unknown-kid": signed(lambda t, header: header["kid"] == "a-key-long-gone", accepted=False),
    "alg-none": signed(lambda t, header: header["alg"] == "none", accepted=False),
    "opaque-token": _opaque,
    "host-refuses-token": _opaque_bearer,
    "refresh-fails": _refresh_refused("invalid_grant"),
    "refresh-refused-otherwise": _refresh_refused("invalid_token"),
    "refresh-without-rotation": refreshed(lambda d: "refresh_token" not in d),
    "refresh-widens-scope": refreshed(lambda d: d["scope"] == "mcp:tools mcp:everything"),
    "introspect-open": _open_introspection,
    "introspect-inactive": introspected(False),
    "introspect-string": introspected("true"),
    "revoke-fails": _revoke_fails,
    "mcp-rejects-token": connected(lambda r: r.status_code == 401),
    "mcp-403": connected(lambda r: r.status_code == 403),
    "mcp-500": connected(lambda r: r.status_code == 500),
    "mcp-html": connected(_is_page),
    "legacy-only": _legacy_only,
    "modern-only": _modern_only,
    "tools-empty": listed(lambda r: r["tools"] == []),
    "tools-schema-invalid": listed(lambda r: r["tools"][0]["inputSchema"]["type"] == "string"),
    "tools-endless": listed(lambda r: r.get("nextCursor") == "again"),
    "huge-body": _huge,
    "hostile-text": _hostile,
}


def _age(claims: dict[str, Any]) -> float:
    """Seconds since the token says it was issued, by this machine's clock."""
    return time.time() - float(claims["iat"])


async def _status(response: Awaitable[httpx.Response], status: int) -> bool:
    return (await response).status_code == status


async def _page(response: Awaitable[httpx.Response]) -> bool:
    return _is_page(await response)


async def _bad_signature(hand: Hand) -> bool:
    text = await hand.access_token()
    (published,) = _json(await hand.keys())["keys"]
    try:
        jwt.decode(text, jwt.PyJWK(published).key, algorithms=["RS256"], audience=hand.lab.mcp_url)
    except jwt.InvalidSignatureError:
        return True
    return False


EFFECTS["bad-signature"] = _bad_signature


async def _blocks_one_client(hand: Hand) -> bool:
    others = await hand.mcp("server/discover")
    blocked = await hand.mcp("server/discover", headers={"user-agent": "Claude-User"})
    return others.status_code == 401 and _is_page(blocked, 403)


async def _tools_are_open(hand: Hand) -> bool:
    first, tools = await hand.mcp("server/discover"), await hand.mcp("tools/list")
    return (first.status_code, tools.status_code) == (401, 200)


async def _redirects_anywhere(hand: Hand) -> bool:
    response = await hand.authorize(redirect_uri="https://elsewhere.example/")
    return bool(response.headers.get("location", "").startswith("https://elsewhere.example/"))


async def _needs_no_challenge(hand: Hand) -> bool:
    answer = callback(await hand.authorize(code_challenge=None, code_challenge_method=None))
    return "code" in answer


def _issues(**changes: str | None) -> Effect:
    """A token comes although the token request is wrong in this."""

    async def effect(hand: Hand) -> bool:
        return (await hand.token(await hand.code(), **changes)).status_code == 200

    return effect


async def _code_twice(hand: Hand) -> bool:
    code = await hand.code()
    return [(await hand.token(code)).status_code for _ in range(2)] == [200, 200]


async def _refresh_twice(hand: Hand) -> bool:
    held = (await hand.token()).json()["refresh_token"]
    return [(await hand.refresh(held)).status_code for _ in range(2)] == [200, 200]


async def _takes_any_token(hand: Hand) -> bool:
    return (await hand.mcp("tools/list", "nobody-issued-this")).status_code == 200


async def _takes_any_audience(hand: Hand) -> bool:
    other = "https://other.example/mcp"
    answer = callback(await hand.authorize(resource=other))
    if "code" not in answer:
        return False
    token = (await hand.token(answer["code"], resource=other)).json()["access_token"]
    aud = jwt.decode(token, options={"verify_signature": False})["aud"]
    return (aud, (await hand.mcp("tools/list", token)).status_code) == (other, 200)


EFFECTS |= {
    "user-agent-blocked": _blocks_one_client,
    "any-token-accepted": _takes_any_token,
    "any-audience-accepted": _takes_any_audience,
    "tools-without-token": _tools_are_open,
    "redirect-uri-unchecked": _redirects_anywhere,
    "pkce-optional": _needs_no_challenge,
    "any-verifier-accepted": _issues(code_verifier="x" * 43),
    "code-works-twice": _code_twice,
    "code-unbound": _issues(redirect_uri="https://elsewhere.example/"),
    "refresh-token-reusable": _refresh_twice,
}


async def test_every_fault_has_an_effect_that_is_tested() -> None:
    assert set(EFFECTS) == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_shows_when_it_is_on_and_only_then(hand: Hand, name: str) -> None:
    assert not await EFFECTS[name](hand)
    hand.lab.set_faults((name,))
    assert await EFFECTS[name](hand)


async def test_empty_keys_make_the_resource_server_refuse_too(hand: Hand) -> None:
    text = await hand.access_token()
    hand.lab.set_faults(("jwks-empty",))
    assert (await hand.mcp("tools/list", text)).status_code == 401
    hand.lab.set_faults(())
    assert (await hand.mcp("tools/list", text)).status_code == 200


async def test_faults_add_up(hand: Hand) -> None:
    hand.lab.set_faults(("missing-aud", "token-type-lowercase", "missing-state"))
    answer = callback(await hand.authorize())
    tokens = (await hand.token(answer["code"])).json()
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert "state" not in answer and "aud" not in claims
    assert tokens["token_type"] == "bearer"


async def test_a_refused_refresh_does_not_spend_the_token(hand: Hand) -> None:
    tokens = (await hand.token()).json()
    hand.lab.set_faults(("refresh-fails",))
    assert (await hand.refresh(tokens["refresh_token"])).status_code == 400
    hand.lab.set_faults(())
    assert (await hand.refresh(tokens["refresh_token"])).status_code == 200


async def test_denied_consent_keeps_state_and_iss(hand: Hand) -> None:
    hand.lab.set_faults(("consent-denied",))
    answer = callback(await hand.authorize(redirect_uri=REDIRECT))
    assert (answer["state"], answer["iss"]) == ("a state", hand.lab.issuer)
    assert "code" not in answer


async def test_a_switchboard_changes_nothing_when_a_name_is_unknown() -> None:
    board = Switchboard([Fault("one", "a fault", "token", "person", ())])
    board.set(["one", "one"])
    with pytest.raises(ValueError, match="two"):
        board.set(["two"])
    assert board.names == ("one",)
