"""HARs made by hand the way browsers write them, and what is read from them."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.checks import Record
from flows.exchange import Exchange
from flows.fold import Fold
from flows.har import HarError, read_har
from flows.recorded import BROWSER, UNREAD, session_of, tries
from flows.session import Answered, Exchanged, Session
from flows.steps import READERS
from flows.walk import Walk
from flows.wire import Wire
from tests.flows.world import ISSUER, MCP, World

CALLBACK = "https://chatgpt.com/connector/oauth/abc"
ASKED = {
    "response_type": "code",
    "client_id": "client-9",
    "redirect_uri": CALLBACK,
    "state": "state-of-the-host",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
    "resource": MCP,
}


def entry(
    method: str,
    url: str,
    status: int = 200,
    body: str = "",
    *,
    posted: str = "",
    second: int = 0,
    **headers: str,
) -> dict[str, Any]:
    return {
        "startedDateTime": f"2026-11-25T10:00:{second:02d}.250Z",
        "time": 41.5,
        "request": {
            "method": method,
            "url": url,
            "headers": [{"name": ":authority", "value": "x"}, {"name": "Accept", "value": "*/*"}],
            "postData": {"mimeType": "application/json", "text": posted} if posted else None,
        },
        "response": {
            "status": status,
            "statusText": "",
            "httpVersion": "h2",
            "headers": [{"name": name, "value": value} for name, value in headers.items()],
            "content": {"text": body, "mimeType": "text/html"},
        },
        "timings": {"connect": -1, "ssl": -1, "send": 1, "wait": 30, "receive": 2},
        "serverIPAddress": "203.0.113.7",
    }


def har(*entries: Any) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}}).encode()


def story(status: int = 500, **changes: str) -> bytes:
    """The report that started it all: the browser saw two requests, and a 500."""
    returned = {
        "code": "code-of-the-host-0001-0002-0003-0004",
        "state": ASKED["state"],
        "iss": ISSUER,
        **changes,
    }
    return har(
        entry("GET", "https://chatgpt.com/", second=1),
        entry("GET", f"{ISSUER}/oauth2/authorize?{urlencode(ASKED)}", 302, second=2),
        entry("GET", f"{CALLBACK}?{urlencode(returned)}", status, "Oops", second=5),
    )


def walk_of(session: Session) -> Walk:
    return Walk(session, Wire())


def test_an_entry_as_an_exchange() -> None:
    (one,) = read_har(har(entry("POST", "https://h/x", 201, "{}", posted="a=1", second=3)))
    assert (one.request.method, one.request.body) == ("POST", b"a=1")
    assert one.request.headers == (("Accept", "*/*"),)
    assert one.response and (one.response.status, one.response.http_version) == (201, "h2")
    assert (one.timing.send, one.timing.connect, one.timing.total) == (0.001, None, 0.0415)
    assert one.started.second == 3 and one.peer == "203.0.113.7"


def test_base64_bodies_form_params_and_requests_without_an_answer() -> None:
    packed = entry("GET", "https://h/a")
    packed["response"]["content"] = {
        "text": base64.b64encode(b"\x00x").decode(),
        "encoding": "base64",
    }
    form = entry("POST", "https://h/b")
    form["request"]["postData"] = {"params": [{"name": "a", "value": "b%20c"}]}
    blocked = entry("GET", "https://h/c", 0)
    blocked["_error"] = "net::ERR_BLOCKED_BY_CLIENT"
    one, two, three = read_har(har(packed, form, blocked))
    assert one.response and one.response.body == b"\x00x"
    assert two.request.body == b"a=b%20c"
    assert three.response is None and three.error and "BLOCKED" in three.error.text


def test_the_story_names_the_hosts_callback_and_what_would_decide() -> None:
    walk = walk_of(session_of(read_har(story())))
    cause = walk.diagnosis.cause
    assert cause and (cause.check, cause.party, cause.step) == ("AR-09", "client", "callback")
    assert "answered 500" in cause.says and "authwalk logs" in cause.fix
    facts = walk.facts
    assert facts.target.url == MCP and facts.redirect_uri == CALLBACK
    assert facts.client and facts.client.client_id == "client-9"
    assert facts.response and facts.response.get("code") == "code-of-the-host-0001-0002-0003-0004"


def test_a_callback_that_works_is_no_fault() -> None:
    walk = walk_of(session_of(read_har(story(200))))
    assert walk.diagnosis.sound


def test_the_code_verifier_is_not_ours() -> None:
    pkce = walk_of(session_of(read_har(story()))).facts.pkce
    assert pkce and "redacted" in pkce.code_verifier
    assert pkce.code_challenge == ASKED["code_challenge"]


@pytest.mark.parametrize("at", [None, 7, "yesterday", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_is_none_loses_nothing(at: object) -> None:
    entries = json.loads(story())["log"]["entries"]
    session = session_of(read_har(har(*(one | {"startedDateTime": at} for one in entries))))
    assert list(session.exchanges)


def with_body_left_out(one: dict[str, Any], *, status: int | None = None) -> dict[str, Any]:
    answer = one["response"] | {"content": {"size": 238, "mimeType": "application/json"}}
    return one | {"response": answer | ({"status": status} if status else {})}


@pytest.mark.parametrize("status", [200, 304, 400])
def test_an_answer_whose_body_was_not_kept_is_not_judged(status: int) -> None:
    url = f"{MCP}/.well-known/oauth-protected-resource"
    entries = json.loads(story(200))["log"]["entries"]
    document = with_body_left_out(entry("GET", url), status=status)
    session = session_of(read_har(har(document, *entries)))
    (unread,) = Record(session, walk_of(session).facts).probes(UNREAD)
    assert unread.step == "resource-metadata" and unread.exchange.error
    assert unread.exchange.error.text == "the body of the answer is not in the record"
    assert walk_of(session).diagnosis.sound


def test_a_server_error_is_one_without_its_body() -> None:
    entries = json.loads(story(200))["log"]["entries"]
    form = "grant_type=authorization_code&code=code-of-the-host-0001-0002-0003-0004"
    failed = with_body_left_out(entry("POST", f"{ISSUER}/token", posted=form, second=9), status=500)
    cause = walk_of(session_of(read_har(har(*entries, failed)))).diagnosis.cause
    assert cause and cause.step == "token" and "answers 500" in cause.says


def test_a_request_that_was_broken_off_blames_nobody() -> None:
    entries = json.loads(story(200))["log"]["entries"]
    form = "grant_type=authorization_code&code=x"
    pending = entry("POST", f"{ISSUER}/token", 0, posted=form, second=9)
    assert walk_of(session_of(read_har(har(*entries, pending)))).diagnosis.sound


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("net::ERR_NAME_NOT_RESOLVED", "dns"),
        ("net::ERR_CONNECTION_REFUSED", "refused"),
        ("net::ERR_CERT_AUTHORITY_INVALID", "tls"),
        ("net::ERR_CONNECTION_TIMED_OUT", "timeout"),
        ("net::ERR_EMPTY_RESPONSE", "protocol"),
        ("net::ERR_ABORTED", "cancelled"),
        ("", "cancelled"),
    ],
)
def test_the_browsers_word_for_a_failure(said: str, kind: str) -> None:
    failed = entry("GET", "https://h/a", 0)
    failed["response"]["_error"] = said
    (one,) = read_har(har(failed))
    assert one.error and one.error.kind == kind and said in one.error.text


def test_cors_is_named_where_the_browser_forbade_the_token_request() -> None:
    entries = json.loads(story(200))["log"]["entries"]
    asks = [
        {"name": "Origin", "value": "https://inspector.example"},
        {"name": "Access-Control-Request-Headers", "value": "content-type"},
    ]
    preflight = entry("OPTIONS", f"{ISSUER}/token", 204, second=8)
    preflight["request"]["headers"] = asks
    forbidden = entry("POST", f"{ISSUER}/token", 0, posted="grant_type=authorization_code&code=x")
    forbidden |= {"startedDateTime": "2026-11-25T10:00:09Z", "_error": "net::ERR_FAILED"}
    cause = walk_of(session_of(read_har(har(*entries, preflight, forbidden)))).diagnosis.cause
    assert cause and (cause.check, cause.party) == ("CORS-07", "authorization-server")
    assert cause.step == "token" and "allows no other origin" in cause.says
    preflight["response"]["headers"] = [
        {"name": "Access-Control-Allow-Origin", "value": "*"},
        {"name": "Access-Control-Allow-Headers", "value": "Content-Type"},
    ]
    assert walk_of(session_of(read_har(har(*entries, preflight, forbidden)))).diagnosis.sound


def test_a_login_elsewhere_by_oauth_is_not_the_clients_own() -> None:
    theirs = {
        "response_type": "code",
        "client_id": "the-server-at-google",
        "redirect_uri": f"{ISSUER}/federated/callback",
        "state": "of-the-server",
    }
    back = {"code": "of-google", "state": "of-the-server"}
    start, asked, returned = json.loads(story(200))["log"]["entries"]
    session = session_of(
        read_har(
            har(
                start,
                asked,
                entry("GET", f"https://accounts.example/auth?{urlencode(theirs)}", 302, second=3),
                entry("GET", f"{ISSUER}/federated/callback?{urlencode(back)}", 302, second=4),
                returned,
            )
        )
    )
    walk = walk_of(session)
    assert walk.facts.client and walk.facts.client.client_id == "client-9"
    assert walk.facts.response and walk.facts.response.get("iss") == ISSUER
    assert walk.diagnosis.sound


def test_what_else_has_a_code_and_a_state_is_no_callback() -> None:
    entries = json.loads(story(200))["log"]["entries"]
    url = "https://analytics.example/collect?code=abc&state=x"
    session = session_of(read_har(har(entry("POST", url, 204), *entries)))
    assert walk_of(session).diagnosis.sound


def test_a_record_that_starts_with_the_callback_is_read() -> None:
    *_, returned = json.loads(story(200))["log"]["entries"]
    walk = walk_of(session_of(read_har(har(returned))))
    assert walk.facts.target.url == ISSUER and walk.facts.response
    assert walk.diagnosis.sound, "the state that was sent is not in it"


def test_a_registration_between_two_tries_is_kept() -> None:
    first, second = (json.loads(story(200))["log"]["entries"] for _ in range(2))
    registration = entry(
        "POST",
        f"{ISSUER}/register",
        201,
        json.dumps({"client_id": "client-9", "redirect_uris": [CALLBACK]}),
        posted=json.dumps({"redirect_uris": [CALLBACK]}),
        second=8,
        **{"Content-Type": "application/json"},
    )
    for late, one in enumerate(second, 10):
        one["startedDateTime"] = f"2026-11-25T10:00:{late:02d}Z"
    exchanges = read_har(har(*first, registration, *second))
    assert tries(exchanges) == 2
    assert [one.step for one in session_of(exchanges).events].count("callback") == 3
    client = walk_of(session_of(exchanges)).facts.client
    assert client and (client.client_id, client.source) == ("client-9", "DCR")
    assert f"{ISSUER}/register" in [
        one.exchange.request.url for one in session_of(exchanges).exchanges
    ]


def test_lists_are_no_connections() -> None:
    entries = json.loads(story(200))["log"]["entries"]
    listed = {"jsonrpc": "2.0", "id": 3, "method": "prompts/list"}
    page = entry("POST", MCP, 200, '{"jsonrpc":"2.0","id":3,"result":{"prompts":[]}}', second=12)
    page["request"]["postData"] = {"text": json.dumps(listed)}
    session = session_of(read_har(har(*entries, page)))
    assert session.events[-1].step == "tools"


def test_only_the_last_try_counts() -> None:
    first = json.loads(story(200))["log"]["entries"]
    second = json.loads(story(500, state="another"))["log"]["entries"]
    for late, one in enumerate(second):
        one["startedDateTime"] = f"2026-11-25T10:30:{late:02d}Z"
    session = session_of(read_har(har(*first, *second)))
    answers = [event for event in session.events if isinstance(event, Answered)]
    assert len(answers) == 1 and "another" in dict(answers[0].values)["redirect"]


def from_world(world: World) -> bytes:
    """What a browser would have kept, had the client run in it."""
    entries: list[dict[str, Any]] = []

    def add(exchange: Exchange) -> None:
        assert exchange.response
        made = entry(
            exchange.request.method,
            exchange.request.url,
            exchange.response.status,
            exchange.response.body.decode(),
            posted=exchange.request.body.decode(),
        )
        made["response"]["headers"] = [
            {"name": name, "value": value} for name, value in exchange.response.headers
        ]
        made["request"]["headers"] = [
            {"name": name, "value": value} for name, value in exchange.request.headers
        ]
        made["startedDateTime"] = f"2026-11-25T10:{len(entries):02d}:00Z"
        entries.append(made)

    for event in world.session.events:
        match event:
            case Exchanged(exchange=exchange):
                add(exchange)
            case Answered(step="callback", values=values):
                url = world.facts.authorization_url or ""
                at = f"2026-11-25T10:{len(entries):02d}:00Z"
                entries.append(entry("GET", url, 302) | {"startedDateTime": at})
                at = f"2026-11-25T10:{len(entries):02d}:30Z"
                landed = dict(values)["redirect"]
                entries.append(entry("GET", landed) | {"startedDateTime": at})
            case _:
                pass
    return har(*entries)


def test_a_client_in_the_browser_shows_every_step_and_its_facts_fold() -> None:
    world = World()
    world.walk()
    session = session_of(read_har(from_world(world)))
    facts = Fold(session, READERS).facts
    assert facts.target.url == MCP
    assert facts.tokens and world.facts.tokens
    assert facts.tokens.access_token == world.facts.tokens.access_token
    assert facts.tool_list.complete and facts.connection
    assert facts.client and facts.client.client_id == "client-1"
    walk = walk_of(session)
    assert {f.result for f in walk.findings if f.check in ("CL-02", "CL-03", "CL-04")} == {"pass"}
    assert walk.diagnosis.sound, walk.diagnosis.cause


def test_a_verifier_of_another_try_is_found() -> None:
    world = World()
    world.walk()
    assert world.facts.pkce
    data = from_world(world).replace(world.facts.pkce.code_verifier.encode(), b"x" * 43)
    walk = walk_of(session_of(read_har(data)))
    (found,) = [one for one in walk.findings if one.check == "CL-03"]
    assert (found.result, found.party) == ("fail", "client")


def bare(data: bytes) -> bytes:
    """A HAR as what leaves secrets out may write it: without any header field."""
    document = json.loads(data)
    for one in document["log"]["entries"]:
        one["request"]["headers"] = one["response"]["headers"] = []
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (story()[:-20], "cut off"),
        (b"GET /", "not JSON"),
        (b"{}", "no `log`"),
        (b'{"log": []}', "no `log`"),
        (b'{"log": {"entries": {}}}', "no array"),
        (har(), "no OAuth or MCP exchange"),
        (har(entry("GET", "https://example.com/")), "no OAuth or MCP exchange"),
        (har(None, {}, {"request": {"url": 1}}), "no OAuth or MCP exchange"),
        (bare(story()), "no message in it has header fields"),
    ],
)
def test_what_is_no_har_is_told(data: bytes, said: str) -> None:
    with pytest.raises(HarError, match=said):
        session_of(read_har(data))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 999) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.data())
def test_whatever_a_file_says_is_a_session_or_an_error(data: st.DataObject) -> None:
    document = json.loads(story())
    entries = document["log"]["entries"]
    one = data.draw(st.sampled_from(entries))
    part = data.draw(st.sampled_from([one, one["request"], one["response"]]))
    part[data.draw(st.sampled_from(sorted(part)))] = data.draw(JSON)
    try:
        session = session_of(read_har(json.dumps(document).encode()))
    except HarError:
        return
    walk = walk_of(session)
    assert all(walk.findings) and not walk.diagnosis.stopped
    assert not [one for one in walk.findings if "could not be judged" in one.says]


def test_what_only_the_browser_saw_is_marked() -> None:
    session = session_of(read_har(story()))
    record = Record(session, Fold(session, READERS).facts)
    assert [event.label for event in record.probes(BROWSER)] == ["the client's own callback"]
    assert [event.label for event in record.exchanges("callback")] == ["as the browser, hop 1"]
