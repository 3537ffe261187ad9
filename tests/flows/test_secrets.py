from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.exchange import Exchange, Failure, Request, Response
from flows.secrets import (
    Redactor,
    redact,
    redact_exchange,
    redact_pairs,
    redact_request,
    redact_response,
    secrets_in,
    secrets_of,
)

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJ1c2VyLTQyIn0.c2lnbmF0dXJlLWJ5dGVz"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")

BASIC = "Basic " + b64encode(b"id:se%2Fcret-value").decode()
REQUEST = Request(
    "POST",
    "https://as.example/token?api_key=the-api-key",
    (("Authorization", BASIC), FORM, ("Content-Length", "64")),
    b"grant_type=authorization_code&code=the%2Fcode&code_verifier=the-verifier&state=s",
)
RESPONSE = Response(
    200,
    "OK",
    (JSON, ("Set-Cookie", "sid=cookie-value; Secure"), ("X-Trace", "code the%2Fcode")),
    json.dumps({"access_token": JWT, "refresh_token": "the-refresh", "echo": "the/code"}).encode(),
)
EXCHANGE = Exchange(
    "1", REQUEST, datetime(2026, 11, 23, tzinfo=UTC), RESPONSE, Failure("protocol", "sent the/code")
)


def test_the_secrets_of_an_exchange() -> None:
    found = {(s.name, s.value): s.where for s in secrets_of(EXCHANGE)}
    assert found == {
        ("api_key", "the-api-key"): "URL query, api_key",
        ("basic_credentials", BASIC[6:]): "Authorization header",
        ("client_secret", "se/cret-value"): "Authorization header",
        ("client_secret", "se%2Fcret-value"): "Authorization header",
        ("code", "the/code"): "body, code",
        ("code_verifier", "the-verifier"): "body, code_verifier",
        ("cookie", "cookie-value"): "Set-Cookie header",
        ("access_token", JWT): "body, access_token",
        ("refresh_token", "the-refresh"): "body, refresh_token",
    }
    assert "the/code" not in repr(secrets_of(EXCHANGE))


def test_a_redacted_exchange_keeps_all_but_the_secrets() -> None:
    redacted = redact_exchange(EXCHANGE)
    assert redacted.response is not None and redacted.error is not None
    code = redact("the/code")
    assert redacted.request.body.decode() == (
        f"grant_type=authorization_code&code={code}&code_verifier={redact('the-verifier')}&state=s"
    )
    assert redacted.request.headers[1:] == REQUEST.headers[1:]
    assert json.loads(redacted.response.body) == {
        "access_token": redact(JWT),
        "refresh_token": redact("the-refresh"),
        "echo": code,
    }
    assert redacted.response.headers[1:] == (
        ("Set-Cookie", f"sid={redact('cookie-value')}; Secure"),
        ("X-Trace", f"code {code}"),
    )
    assert redacted.error.text == f"sent {code}"
    text = repr(redacted) + repr(redacted.request.body) + repr(redacted.response.body)
    for secret in secrets_of(EXCHANGE):
        assert secret.value not in text
    assert redact_exchange(redacted) == redacted


def test_a_message_alone_knows_its_own_secrets() -> None:
    request = Request("GET", "https://h/?code=some-code&x=some-code", (), b"some-code \xff")
    mark = redact("some-code")
    assert redact_request(request) == Request(
        "GET", f"https://h/?code={mark}&x={mark}", (), mark.encode() + b" \xff"
    )
    response = Response(302, "some-code", (("Location", "/cb?code=some-code"),))
    assert redact_response(response).reason == mark
    refused = Exchange("2", request, EXCHANGE.started)
    assert redact_exchange(refused).response is None


def test_named_values() -> None:
    pairs = (("code", "the-code"), ("state", "xyz"), ("url", "https://h/?code=the-code&y=z"))
    assert [(s.name, s.value) for s in secrets_in(pairs)] == [("code", "the-code")] * 2
    mark = redact("the-code")
    assert redact_pairs((*pairs, ("note", "see the-code")), Redactor(["the-code"])) == (
        ("code", mark),
        ("state", "xyz"),
        ("url", f"https://h/?code={mark}&y=z"),
        ("note", f"see {mark}"),
    )


forms: list[Callable[[str], str]] = [
    str,
    lambda s: quote(s, safe=""),
    quote,
    quote_plus,
    lambda s: quote(quote(s, safe=""), safe=""),
    lambda s: quote(s, safe="").replace("%2F", "%2f").replace("%C3", "%c3"),
    lambda s: json.dumps(s)[1:-1],
    lambda s: json.dumps(s, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    lambda s: b64encode(s.encode()).decode(),
    lambda s: urlsafe_b64encode(s.encode()).decode().rstrip("="),
    lambda s: quote(b64encode(s.encode()).decode(), safe=""),
]


@pytest.mark.parametrize("form", range(len(forms)))
@given(value=st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=20))
def test_a_known_secret_is_found_in_every_form(form: int, value: str) -> None:
    redactor = Redactor([value])
    text = f"<{forms[form](value)}>"
    mark = redact(value)
    assert redactor.text(text).rstrip("=>%3D") == f"<{mark}".rstrip("=>%3D")
    assert redactor.leaks(text) == ((mark,) if mark != value else ())
    assert redactor.leaks(redactor.text(text)) == ()
    assert redactor.data(b"\xff" + text.encode()) == b"\xff" + redactor.text(text).encode()


@given(st.lists(st.text("ghijkl", min_size=8, max_size=9), max_size=4), st.text(max_size=60))
def test_no_known_secret_is_left_however_they_overlap(known: list[str], around: str) -> None:
    redactor = Redactor(known)
    redacted = redactor.text(around.join(["", *known, ""]))
    assert not any(value in redacted for value in known)  # marks hold none of these letters
    assert redactor.text(redacted) == redacted
    assert redactor.data(b"\x00\xff\xfe") == b"\x00\xff\xfe"


def test_the_longer_of_two_secrets_wins() -> None:
    redactor = Redactor(["token-a", "token-a-and-more"])
    assert redactor.text("token-a-and-more token-a") == (
        f"{redact('token-a-and-more')} {redact('token-a')}"
    )


def test_short_values_do_not_shred_the_text() -> None:
    assert Redactor(["code", ""]).text("code=x") == "code=x"
    assert redact_request(Request("GET", "https://h/hunt?password=hunt")).url == (
        f"https://h/hunt?password={redact('hunt')}"
    )


def test_a_secret_does_not_eat_the_names_of_parameters() -> None:
    redactor = Redactor(["secret"])
    text = "client_secret=secret&note=my-secret-value"
    mark = redact("secret")
    assert redactor.text(text) == f"client_secret={mark}&note=my-{mark}-value"
    assert redactor.leaks(redactor.text(text)) == ()


def test_marks_are_not_redacted_again() -> None:
    mark = redact("redacted-secret-of-a-joker")
    redactor = Redactor(["redacted-secret-of-a-joker", "redacted", mark])
    assert redactor.text(mark) == mark
    assert Redactor().text(f"x {JWT} y") == f"x {redact(JWT)} y"
