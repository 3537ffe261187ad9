from __future__ import annotations

import re

import httpx
import pytest

from tests.flows.lab.conftest import REDIRECT, Hand, callback

pytestmark = pytest.mark.asyncio(loop_scope="module")
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


async def decide(hand: Hand, page: httpx.Response, decision: str) -> httpx.Response:
    found = re.search(r'name="request" value="([^"]+)"', page.text)
    assert found
    return await hand.http.post(
        f"{hand.lab.issuer}/authorize/decision",
        data={"request": found[1], "decision": decision},
        headers={"accept": BROWSER},
    )


async def test_a_browser_is_asked_first(hand: Hand) -> None:
    page = await hand.authorize(accept=BROWSER)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for shown in ("Preregistered lab client", "127.0.0.1:49152", "mcp:tools", hand.lab.mcp_url):
        assert shown in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:49152;" in policy
    assert not re.search(r"(src|href)=|url\(|@import|<script", page.text)


async def test_approving_redirects_with_a_code_that_works(hand: Hand) -> None:
    answer = await decide(hand, await hand.authorize(accept=BROWSER), "approve")
    assert answer.status_code == 303
    assert (await hand.token(callback(answer)["code"])).status_code == 200


async def test_denying_redirects_with_access_denied(hand: Hand) -> None:
    answer = callback(await decide(hand, await hand.authorize(accept=BROWSER), "deny"))
    assert (answer["error"], answer["state"]) == ("access_denied", "a state")
    assert answer["iss"] == hand.lab.issuer and "code" not in answer


async def test_a_page_is_answered_once(hand: Hand) -> None:
    page = await hand.authorize(accept=BROWSER)
    assert (await decide(hand, page, "deny")).status_code == 303
    assert (await decide(hand, page, "approve")).status_code == 400


async def test_the_names_of_a_client_are_text_and_nothing_else(hand: Hand) -> None:
    name = "<script>alert(1)</script>\u202eevil"
    client = (await hand.register(client_name=name, redirect_uris=[REDIRECT])).json()["client_id"]
    page = await hand.authorize(client, accept=BROWSER)
    assert page.status_code == 200
    assert "<script" not in page.text and "\u202e" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_a_person_sees_why_nothing_can_be_answered(hand: Hand) -> None:
    page = await hand.authorize("<b>nobody", accept=BROWSER)
    assert page.status_code == 400
    assert "invalid_client" in page.text and "<b>" not in page.text
    assert "location" not in page.headers


async def test_a_custom_scheme_may_be_the_target_of_the_form(hand: Hand) -> None:
    uri = "cursor://anysphere/callback"
    client = (await hand.register(redirect_uris=[uri])).json()["client_id"]
    page = await hand.authorize(client, accept=BROWSER, redirect_uri=uri)
    assert "form-action 'self' cursor:;" in page.headers["content-security-policy"]
