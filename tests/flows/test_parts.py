"""Events taken apart: every place where two of them can differ, and how far they may."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from flows.exchange import Exchange, Headers, Request, Response
from flows.parts import Bond, Parts, parts
from flows.session import Answered, Exchanged, Made, Overrode, StepId
from tests.flows.tokens import b64

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")


def exchanged(
    request: Request, response: Response | None = None, step: StepId = "token"
) -> Exchanged:
    return Exchanged(NOW, step, Exchange("x1", request, NOW, response), "a label")


def answered(body: Any, *headers: tuple[str, str], step: StepId = "token") -> Parts:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields: Headers = headers or (JSON,)
    response = Response(200, "OK", fields, data)
    return parts(exchanged(Request("GET", "https://a.example/"), response, step))


def unsigned(claims: dict[str, Any]) -> str:
    return f"{b64(json.dumps({'alg': 'RS256'}))}.{b64(json.dumps(claims))}.c2ln"


def values(found: Parts, side: str) -> dict[str, str]:
    return {field: part.value for (at, field), part in found.items() if at == side}


def bonds(found: Parts) -> dict[str, Bond]:
    return {field: part.bond for (_, field), part in found.items()}


def test_a_request_with_its_query_fields_and_form() -> None:
    found = parts(
        exchanged(
            Request(
                "POST",
                "https://a.example/token?tenant=t&tenant=u",
                (FORM, ("Authorization", "Bearer abc"), ("X-Trace", "1")),
                b"grant_type=authorization_code&code=c1&scope=a+b",
            )
        )
    )
    assert values(found, "request") == {
        "method": "POST",
        "url": "https://a.example/token",
        "query tenant": "t",
        "query tenant #2": "u",
        "header content-type": "application/x-www-form-urlencoded",
        "header authorization, scheme": "bearer",
        "header authorization": "abc",
        "header x-trace": "1",
        "form grant_type": "authorization_code",
        "form code": "c1",
        "form scope": "a b",
    }
    bond = bonds(found)
    assert bond["form code"] == bond["header authorization"] == "fresh"
    assert bond["form grant_type"] == bond["header x-trace"] == "same"


def test_members_by_pointer_and_lists_of_objects_by_name() -> None:
    found = values(answered({"a/b": {"c": [1, 2]}, "tools": [{"name": "x", "n": 1}]}), "response")
    assert found["/a~1b/c"] == "[1, 2]"
    assert found["/tools/x/n"] == "1"


def test_a_list_of_objects_without_names_goes_by_number() -> None:
    found = answered({"keys": [{"kid": "k1", "kty": "RSA"}, {"kty": "EC"}]})
    assert values(found, "response")["/keys/1/kty"] == "EC"
    assert bonds(found)["/keys/0/kid"] == "free" and bonds(found)["/keys/0/kty"] == "same"


def test_a_code_is_fresh_as_a_parameter_and_a_plain_number_in_an_error() -> None:
    assert bonds(answered({"error": {"code": -32602}}))["/error/code"] == "same"


def test_what_a_token_claims() -> None:
    token = unsigned({"iss": "https://a.example", "iat": 100, "exp": 3700, "jti": "j" * 8})
    found = answered({"access_token": token})
    at = "/access_token"
    said = values(found, "response")
    assert said[f"{at}, claim iss"] == "https://a.example"
    assert said[f"{at}, lifetime"] == "3600 s" and said[f"{at}, kind"] == "jwt"
    bond = bonds(found)
    assert (bond[at], bond[f"{at}, claim jti"]) == ("fresh", "fresh")
    assert bond[f"{at}, claim exp"] == "free" and bond[f"{at}, lifetime"] == "same"


def test_a_registration_makes_the_client_identifier_and_nothing_else_does() -> None:
    assert bonds(answered({"client_id": "c"}, step="client"))["/client_id"] == "fresh"
    assert bonds(answered({"client_id": "c"}))["/client_id"] == "same"


def test_a_challenge_by_its_parameters() -> None:
    field = ("WWW-Authenticate", 'Bearer scope="a b", resource_metadata="https://m.example/x"')
    found = values(answered(b"", field), "response")
    assert found["header www-authenticate, scope"] == "a b"
    assert found["header www-authenticate, resource_metadata"] == "https://m.example/x"


def test_a_redirect_by_its_query() -> None:
    found = answered(b"", ("Location", "http://127.0.0.1:5555/cb?code=abc&iss=x"))
    said = values(found, "response")
    assert said["header location"] == "http://127.0.0.1:5555/cb"
    assert said["header location, query iss"] == "x"
    assert bonds(found)["header location, query code"] == "fresh"


@pytest.mark.parametrize("name", ["Date", "X-Request-Id", "cf-ray", "Content-Length", "Set-Cookie"])
def test_fields_that_tell_nothing(name: str) -> None:
    assert bonds(answered(b"", (name, "1")))[f"header {name.lower()}"] == "loose"


def test_the_response_on_a_stream_stands_where_it_would_in_an_answer() -> None:
    stream = (
        b'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n'
        b'data: {"jsonrpc":"2.0","id":1,"result":{"tools":[]}}\n\n'
    )
    found = values(answered(stream, ("Content-Type", "text/event-stream")), "response")
    assert found["/result/tools"] == "[]"
    assert "event notifications/message /params" in found


def test_json_in_a_string_is_taken_apart_too() -> None:
    text = json.dumps({"exp": 1, "sub": "u"}, indent=2)
    found = answered({"content": [{"type": "text", "text": text}]})
    assert values(found, "response")["/content/0/text /sub"] == "u"
    assert bonds(found)["/content/0/text /exp"] == "free"


def test_a_page_has_a_title_and_what_is_no_json_is_one_part() -> None:
    page = answered(b"<html><title> Sign in </title>", ("Content-Type", "text/html"))
    assert values(page, "response")["title"] == "Sign in" and bonds(page)["body"] == "loose"
    assert values(answered(b"\xff{", JSON), "response")["body"] == "\\xff{"


def test_a_large_body_and_a_deep_one_are_compared_as_a_whole() -> None:
    large = values(answered(b"[" + b"1," * 600_000 + b"1]"), "response")
    assert large["body"].startswith("1.2 MB, SHA-256 ")
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    assert len(values(answered(deep), "response")) == 3  # status, type, the value


def test_values_and_what_came_back() -> None:
    made = parts(Made(NOW, "pkce", (("code_verifier", "v"), ("code_challenge_method", "S256"))))
    assert bonds(made) == {"code_verifier": "fresh", "code_challenge_method": "same"}
    url = "https://a.example/authorize?client_id=c&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb"
    composed = parts(Made(NOW, "authorize", (("authorization_url", url),)))
    assert bonds(composed)["query redirect_uri"] == "fresh", "a loopback port is another each time"
    back = parts(Answered(NOW, "callback", (("redirect", "https://app.example/cb?code=x&iss=i"),)))
    assert values(back, "values") == {
        "redirect": "https://app.example/cb",
        "query code": "x",
        "query iss": "i",
    }
    assert bonds(back)["redirect"] == "same", "a host's own callback is no loopback address"
    assert values(parts(Overrode(NOW, "claims", "why")), "values") == {"override": "why"}


def test_what_was_chosen_for_a_tool() -> None:
    pairs = (("name", "add"), ("arguments", '{"a": 1}'))
    assert values(parts(Answered(NOW, "call", pairs)), "values") == {
        "name": "add",
        "arguments /a": "1",
    }
