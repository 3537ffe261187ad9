"""Secrets planted one by one in every place where one can stand, and looked for in the finished
text in every encoding that anything on the way could give them."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.exchange import Exchange, Failure, Headers, Request, Response, Tls
from flows.session import (
    Answered,
    Event,
    Exchanged,
    Made,
    Overrode,
    Received,
    Reran,
    Session,
    StepId,
    Target,
    value,
)
from flows.sse import ServerSentEvent
from flows.store import SecretLeak, decode, encode, redact_session, redactor_of
from flows.store.tables import texts
from tests.flows.tokens import private_key, sign
from tests.flows.world import MCP, NOW, REDIRECT

JSON = (("Content-Type", "application/json"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def sent(
    url: str = MCP, headers: Headers = (), body: bytes = b"", *, step: StepId = "call"
) -> Session:
    return of(Exchanged(NOW, step, Exchange("x1", Request("POST", url, headers, body), NOW)))


def answered(headers: Headers = (), body: bytes = b"") -> Session:
    response = Response(200, "OK", headers, body)
    return of(Exchanged(NOW, "call", Exchange("x1", Request("GET", MCP), NOW, response)))


def of(*events: Event, target: Target | None = None) -> Session:
    return Session(target or Target(MCP), NOW, events=events)


def as_json(**members: object) -> bytes:
    return json.dumps(members).encode()


def basic(secret: str) -> str:
    return "Basic " + b64encode(f"client:{quote_plus(secret)}".encode()).decode()


Plant = Callable[[str], Session]
BY_NAME: dict[str, Plant] = {
    "target bearer": lambda s: of(target=Target(MCP, bearer=s)),
    "target client secret": lambda s: of(target=Target(MCP, client_secret=s)),
    "target client key": lambda s: of(target=Target(MCP, client_key=s)),
    "target assertion": lambda s: of(target=Target(MCP, assertion=s)),
    "target provider secret": lambda s: of(target=Target(MCP, idp_client_secret=s)),
    "target ID token": lambda s: of(target=Target(MCP, id_token=s)),
    "target header": lambda s: of(target=Target(MCP, headers=(("X-Own", s),))),
    "target query": lambda s: of(target=Target(f"{MCP}?api_key={quote(s, safe='')}")),
    "own header": lambda s: replace(
        sent(headers=(("x-own", s),)), target=Target(MCP, headers=(("X-Own", "other"),))
    ),
    "draft header": lambda s: of(
        Exchanged(
            NOW,
            "call",
            Exchange("x1", Request("GET", MCP), NOW),
            draft=Request("GET", MCP, (("Authorization", f"Bearer {s}"),)),
        )
    ),
    "authorization": lambda s: sent(headers=(("authorization", f"Bearer {s}"),)),
    "basic": lambda s: sent(headers=(("Authorization", basic(s)),)),
    "cookie": lambda s: sent(headers=(("Cookie", f"a=1; sid={quote(s, safe='')}"),)),
    "x-api-key": lambda s: sent(headers=(("X-Api-Key", s),)),
    "query": lambda s: sent(f"{MCP}?a=1&access_token={quote(s, safe='')}"),
    "fragment": lambda s: sent(f"{MCP}#access_token={quote_plus(s)}"),
    "user information": lambda s: sent(f"https://user:{quote(s, safe='')}@mcp.example.com/"),
    "form": lambda s: sent(MCP, FORM, f"grant_type=x&code={quote_plus(s)}".encode()),
    "set-cookie": lambda s: answered((("Set-Cookie", f"sid={quote(s, safe='')}; Path=/"),)),
    "location": lambda s: answered((("Location", f"{REDIRECT}?code={quote(s, safe='')}&state=1"),)),
    "json": lambda s: answered(JSON, as_json(access_token=s)),
    "json, letters": lambda s: answered(
        JSON, json.dumps({"refresh_token": s}, ensure_ascii=False).encode()
    ),
    "json, nested": lambda s: answered(JSON, as_json(a={"b": [{"client_secret": s}]})),
    "json, cut": lambda s: answered(JSON, as_json(access_token=s)[:-2]),
    "tool result": lambda s: answered(
        JSON, as_json(result={"content": [{"text": json.dumps({"access_token": s})}]})
    ),
    "tool result, cut": lambda s: answered(
        JSON, as_json(result={"content": [{"text": json.dumps({"access_token": s})}]})[:-6]
    ),
    "tool result, a URL": lambda s: answered(
        JSON, as_json(result=f"<{REDIRECT}?a=1&access_token={quote(s, safe='')}>")
    ),
    "basic, echoed": lambda s: of(
        *sent(headers=(("Authorization", basic(s)),)).events,
        *answered(JSON, as_json(headers=["Authorization: " + basic(s)])).events,
    ),
    "sse body": lambda s: answered(
        (("Content-Type", "text/event-stream"),), b"data: " + as_json(token=s) + b"\r\n\r\n"
    ),
    "sse event": lambda s: of(
        Received(NOW, "call", "x1", ServerSentEvent(data=as_json(id_token=s).decode()))
    ),
    "made": lambda s: of(Made(NOW, "pkce", (("code_verifier", s),))),
    "made, proposed": lambda s: of(Made(NOW, "pkce", (), (("code_verifier", s),))),
    "made url": lambda s: of(
        Made(NOW, "authorize", (("authorization_url", f"{MCP}?id_token_hint={quote(s)}"),))
    ),
    "entered": lambda s: of(Answered(NOW, "client", (("client_secret", s),))),
    "arguments": lambda s: of(
        Answered(NOW, "call", (("arguments", as_json(password=s).decode()),))
    ),
    "redirect": lambda s: of(
        Answered(NOW, "callback", (("redirect", f"{REDIRECT}?state=1&code={quote(s)}"),))
    ),
    "pasted query": lambda s: of(
        Answered(NOW, "callback", (("redirect", f"code={quote_plus(s)}&state=1"),))
    ),
    "utf-16": lambda s: answered(JSON, as_json(access_token=s).decode().encode("utf-16")),
}

ECHOES: dict[str, Plant] = {
    "label": lambda s: of(Exchanged(NOW, "call", Exchange("x", Request("GET", MCP), NOW), s)),
    "reason": lambda s: of(Overrode(NOW, "call", f"because {s}")),
    "failure": lambda s: of(
        Exchanged(
            NOW, "call", Exchange("x", Request("GET", MCP), NOW, error=Failure("tls", f"no {s}!"))
        )
    ),
    "certificate": lambda s: of(
        Exchanged(
            NOW,
            "call",
            Exchange("x", Request("GET", MCP), NOW, tls=Tls("TLSv1.3", "AES", subject=f"CN={s}")),
        )
    ),
    "reason phrase": lambda s: of(
        Exchanged(NOW, "call", Exchange("x", Request("GET", MCP), NOW, Response(200, s, ())))
    ),
    "path": lambda s: sent(f"{MCP}/{quote(s, safe='')}/tail"),
    "header name": lambda s: answered(((f"X-{s}", "1"),)),
    "text": lambda s: answered((), f"it was {s}.".encode()),
    "bytes": lambda s: answered((), b"\xff\x00" + s.encode() + b"\xfe"),
    "percent": lambda s: answered((), quote(s, safe="").encode()),
    "percent, lower case": lambda s: answered(
        (), re.sub("%..", lambda code: code[0].lower(), quote(s, safe="")).encode()
    ),
    "percent twice": lambda s: answered((), quote(quote(s, safe="")).encode()),
    "form": lambda s: answered((), quote_plus(s).encode()),
    "json": lambda s: answered((), json.dumps(s).encode()),
    "json in json": lambda s: answered(JSON, as_json(text=json.dumps([s]))),
    "base64": lambda s: answered((), b64encode(s.encode())),
    "base64url": lambda s: answered((), urlsafe_b64encode(s.encode()).rstrip(b"=")),
    "utf-16": lambda s: answered((), f"it was {s}.".encode("utf-16")),
    "event id": lambda s: of(Received(NOW, "call", "x", ServerSentEvent(data="{}", id=s))),
    "tool": lambda s: of(Answered(NOW, "call", (("name", s),))),
}

SECRETS = (
    "Sf9Zq3Kx7Lm1Tn5Vw8Yb2",
    "s3cr3t+with/b64==",
    'q"uo\\te&s=1%20+2',
    "größe-漢字-9z8y7x6w",
    "q7w8e9r0 t1y2u3i4",
)


def disguises(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield quote(quote(secret, safe=""), safe="")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    for encode64 in (b64encode, urlsafe_b64encode):
        for before in range(3):  # wherever it stands in what was encoded
            inner = encode64(b"\0" * before + raw)[4 if before else 0 :]
            yield inner.decode().rstrip("=")[: len(raw) * 4 // 3 - 3]


def assert_gone(text: str, secret: str) -> None:
    for reading in (text, *texts(decode(text))):
        for disguise in disguises(secret):
            assert disguise not in reading
            assert disguise not in reading.replace("\0", "")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("place", BY_NAME)
def test_a_secret_is_found_by_name_in_its_place(place: str, secret: str) -> None:
    session = BY_NAME[place](secret)
    assert encode(session, with_secrets=True) != encode(session)
    assert_gone(encode(session), secret)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("place", ECHOES)
def test_a_known_secret_is_found_wherever_it_reappears(place: str, secret: str) -> None:
    session = replace(ECHOES[place](secret), target=Target(MCP, bearer=secret))
    assert_gone(encode(session), secret)


@given(
    st.text(st.characters(codec="utf-8"), min_size=8, max_size=20).filter(
        lambda text: len({*text}) > 5 and text.strip() == text and "redacted" not in text
    ),
    st.sampled_from(sorted(ECHOES)),
)
def test_any_text_can_be_a_secret(secret: str, place: str) -> None:
    session = replace(ECHOES[place](secret), target=Target(MCP, bearer=secret))
    try:
        text = encode(session)
    except SecretLeak:
        return
    for left in texts(decode(text)):
        assert secret not in left


@pytest.mark.parametrize("code", ["short", "bare-code-1", "4/0AX4XfWh"])
def test_a_bare_code_is_a_secret_however_short(code: str) -> None:
    text = encode(of(Answered(NOW, "callback", (("redirect", f"  '{code}'\n"),))))
    assert_gone(text, code)


def test_a_pasted_url_that_a_terminal_broke_in_two_gives_nothing_away() -> None:
    code = "SplxlOBeZQQYbYS6WxSbIA"
    pasted = f"{REDIRECT}?code={code[:9]}\n   {code[9:]}&state=xyz"
    session = of(Answered(NOW, "callback", (("redirect", pasted),)))
    text = encode(session)
    assert_gone(text, code)
    assert code[:9] not in text.replace("Splx..", "")
    assert code[9:] not in text


def test_a_password_in_a_url_that_a_server_names_goes() -> None:
    challenge = 'Bearer resource_metadata="https://user:s3cret-word@as.example/x"'
    text = encode(redact_session(answered((("WWW-Authenticate", challenge),))))
    assert "s3cret-word" not in text and "as.example/x" in text


def test_equal_secrets_have_equal_marks_and_the_state_still_compares() -> None:
    state = "Zm9vYmFyLXN0YXRlLTEyMw"
    session = of(
        Made(NOW, "pkce", (("state", state), ("nonce", "n-0S6_WzA2Mj"))),
        Answered(NOW, "callback", (("redirect", f"{REDIRECT}?code=abcdef123&state={state}"),)),
        *sent(MCP, FORM, b"grant_type=authorization_code&code=abcdef123").events,
    )
    made, answer, exchanged = redact_session(session).events
    assert isinstance(made, Made)
    assert isinstance(answer, Answered)
    assert isinstance(exchanged, Exchanged)
    mark = value(made.values, "state")
    assert mark and mark != state
    redirect = value(answer.values, "redirect")
    assert redirect and redirect.endswith(f"&state={mark}")
    code = redirect.partition("code=")[2].partition("&")[0]
    assert exchanged.exchange.request.body.endswith(code.encode())
    assert value(made.values, "nonce") == "n-0S6_WzA2Mj"


def test_the_entropy_goes() -> None:
    session = replace(of(Reran(NOW, "pkce", b"\x02" * 32)), seed=b"\x01" * 32)
    redacted = decode(encode(session))
    assert redacted.seed == b""
    assert redacted.events == (Reran(NOW, "pkce"),)
    assert decode(encode(session, with_secrets=True)) == session


def test_a_jwt_keeps_header_and_claims() -> None:
    token = sign("ES256", private_key("ES256"))
    head, claims, signature = token.split(".")
    text = encode(answered((), f"it was {token}.".encode()))
    assert f"{head}.{claims}.redacted-sha256-" in text
    assert signature not in text


def test_own_headers_that_are_words_do_not_shred_the_record() -> None:
    target = Target(MCP, headers=(("Accept", "application/json"), ("X-Zone", "mcp.example.com")))
    session = replace(answered(JSON, b"{}"), target=target)
    redacted = redact_session(session)
    assert [name for name, _ in redacted.target.headers] == ["Accept", "X-Zone"]
    assert "json" not in redacted.target.headers[0][1]
    assert redacted.events == session.events


def test_what_is_no_secret_stays() -> None:
    later = NOW + timedelta(seconds=1)
    session = of(
        *sent(f"{MCP}?resource=x", JSON, as_json(scope="a", code=-32601)).events,
        Made(later, "client", (("client_id", "client-1"), ("source", "pre-registered"))),
        target=Target(MCP, client_id="client-1", scope="tools"),
    )
    assert redact_session(session) == session


def test_what_is_left_fails_the_save(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = SECRETS[0]
    session = of(Overrode(NOW, "call", f"with {secret}"), target=Target(MCP, bearer=secret))
    monkeypatch.setattr("flows.store.toml.redact_session", lambda session, redactor: session)
    with pytest.raises(SecretLeak) as caught:
        encode(session)
    assert caught.value.marks == redactor_of(session).leaks(secret)
    assert secret not in str(caught.value)
