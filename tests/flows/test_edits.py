"""What a person changed, changed again in another proposal."""

from __future__ import annotations

import json

import pytest

from flows.edits import Edits
from flows.exchange import Request
from flows.spans import redact

FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")


def fresh_values(text: str) -> str:
    return text.replace("old-code", "new-code")


@pytest.fixture
def edits() -> Edits:
    return Edits(fresh_values)


def form(body: str, *headers: tuple[str, str], url: str = "https://a.example/token") -> Request:
    return Request("POST", url, (FORM, *headers), body.encode())


def sent(request: Request) -> Request:
    """As it stands in the record: with what the wire added."""
    added = (("Host", "a.example"), ("User-Agent", "authwalk/1"), ("Content-Length", "9"))
    return Request(request.method, request.url, (*request.headers, *added), request.body)


def test_what_was_left_alone_is_todays_own(edits: Edits) -> None:
    draft, today = form("code=old-code&a=1"), form("code=new-code&a=1&dpop=yes")
    assert edits.request(draft, sent(draft), today) == today


def test_fields_changed_added_and_taken_away(edits: Edits) -> None:
    draft = form("grant_type=g&code=old-code&resource=r", ("Accept", "application/json"))
    edited = form("grant_type=other&code=old-code&extra=x+old-code", ("Accept", "*/*"), ("X", "1"))
    today = form("grant_type=g&code=new-code&resource=r", ("Accept", "application/json"))
    again = edits.request(draft, sent(edited), today)
    assert again.body == b"grant_type=other&code=new-code&extra=x+new-code"
    assert again.headers == (FORM, ("Accept", "*/*"), ("X", "1"))


def test_a_header_field_of_the_wires_own_that_the_draft_had_is_an_edit(edits: Edits) -> None:
    draft, edited = form("", ("User-Agent", "mine")), form("", ("user-agent", "theirs"))
    assert edits.request(draft, edited, draft).headers == (FORM, ("User-Agent", "theirs"))


def test_method_and_url(edits: Edits) -> None:
    draft = Request("GET", "https://a.example/x?state=old-code&scope=a")
    edited = Request("HEAD", "https://a.example/y?state=old-code&scope=b%20c")
    today = Request("GET", "https://b.example/x?state=new-code&scope=a")
    again = edits.request(draft, edited, today)
    assert again.method == "HEAD"
    assert again.url == "https://a.example/y?state=new-code&scope=b%20c"


def test_members_of_json_at_any_depth(edits: Edits) -> None:
    def rpc(**params: object) -> Request:
        message = {"id": 1, "params": params}
        return Request("POST", "https://m.example/", (JSON,), json.dumps(message).encode())

    draft = rpc(name="add", arguments={"a": 1, "b": 2}, cursor="old-code")
    edited = rpc(name="add", arguments={"a": "x", "c": ["old-code"]}, cursor="old-code")
    today = rpc(name="add", arguments={"a": 1, "b": 2}, cursor="new-code")
    assert json.loads(edits.request(draft, sent(edited), today).body)["params"] == {
        "name": "add",
        "arguments": {"a": "x", "c": ["new-code"]},
        "cursor": "new-code",
    }


def test_a_body_of_another_kind_is_carried_over_whole(edits: Edits) -> None:
    draft, today = form("code=old-code"), form("code=new-code")
    edited = Request("POST", draft.url, (JSON,), b'{"code": "old-code", \xff')
    assert edits.request(draft, edited, today).body == b'{"code": "new-code", \xff'


def test_names_that_stand_twice_are_carried_over_as_they_were(edits: Edits) -> None:
    draft, edited = form("resource=r&code=old-code"), form("resource=r&resource=q&code=old-code")
    again = edits.request(draft, sent(edited), form("resource=r&code=new-code"))
    assert again.body == b"resource=r&resource=q&code=new-code"


def test_what_was_not_saved_cannot_be_carried_over_and_is_named(edits: Edits) -> None:
    mark = redact("a code that the person typed themselves")
    again = edits.request(form("code=old-code"), form(f"code={mark}"), form("code=new-code"))
    assert again.body == b"code=new-code" and edits.lost == ["code"]


def test_values_that_were_made(edits: Edits) -> None:
    draft = (("code_verifier", "old"), ("state", "s"))
    again = edits.pairs(draft, (("code_verifier", "old"), ("state", "mine")), draft)
    assert again == (("code_verifier", "old"), ("state", "mine"))
