"""The examples of RFC 6570 sections 1.2 and 3.2, and what is no template."""

from __future__ import annotations

from typing import Any

import pytest

from flows.mcp.uri_template import InvalidTemplate, Variable, expand, variables

VALUES: dict[str, Any] = {
    "count": ["one", "two", "three"],
    "dom": ["example", "com"],
    "dub": "me/too",
    "hello": "Hello World!",
    "half": "50%",
    "var": "value",
    "who": "fred",
    "base": "http://example.com/home/",
    "path": "/foo/bar",
    "list": ["red", "green", "blue"],
    "keys": {"semi": ";", "dot": ".", "comma": ","},
    "v": 6,
    "x": 1024,
    "y": 768,
    "empty": "",
    "empty_keys": {},
    "undef": None,
}


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        # 3.2.1
        ("{count}", "one,two,three"),
        ("{count*}", "one,two,three"),
        ("{/count}", "/one,two,three"),
        ("{/count*}", "/one/two/three"),
        ("{;count}", ";count=one,two,three"),
        ("{;count*}", ";count=one;count=two;count=three"),
        ("{?count}", "?count=one,two,three"),
        ("{?count*}", "?count=one&count=two&count=three"),
        ("{&count*}", "&count=one&count=two&count=three"),
        # 3.2.2
        ("{var}", "value"),
        ("{hello}", "Hello%20World%21"),
        ("{half}", "50%25"),
        ("O{empty}X", "OX"),
        ("O{undef}X", "OX"),
        ("{x,y}", "1024,768"),
        ("{x,hello,y}", "1024,Hello%20World%21,768"),
        ("?{x,empty}", "?1024,"),
        ("?{x,undef}", "?1024"),
        ("?{undef,y}", "?768"),
        ("{var:3}", "val"),
        ("{var:30}", "value"),
        ("{list}", "red,green,blue"),
        ("{keys}", "semi,%3B,dot,.,comma,%2C"),
        ("{keys*}", "semi=%3B,dot=.,comma=%2C"),
        # 3.2.3
        ("{+hello}", "Hello%20World!"),
        ("{+half}", "50%25"),
        ("{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"),
        ("{+base}index", "http://example.com/home/index"),
        ("O{+empty}X", "OX"),
        ("{+path}/here", "/foo/bar/here"),
        ("here?ref={+path}", "here?ref=/foo/bar"),
        ("up{+path}{var}/here", "up/foo/barvalue/here"),
        ("{+x,hello,y}", "1024,Hello%20World!,768"),
        ("{+path:6}/here", "/foo/b/here"),
        ("{+keys*}", "semi=;,dot=.,comma=,"),
        # 3.2.4
        ("{#var}", "#value"),
        ("{#hello}", "#Hello%20World!"),
        ("foo{#empty}", "foo#"),
        ("foo{#undef}", "foo"),
        ("{#path:6}/here", "#/foo/b/here"),
        # 3.2.5
        ("{.who,who}", ".fred.fred"),
        ("www{.dom*}", "www.example.com"),
        ("X{.empty_keys}", "X"),
        ("X{.keys*}", "X.semi=%3B.dot=..comma=%2C"),
        # 3.2.6
        ("{/var,empty}", "/value/"),
        ("{/var:1,var}", "/v/value"),
        ("{/list*,path:4}", "/red/green/blue/%2Ffoo"),
        # 3.2.7
        ("{;x,y,empty}", ";x=1024;y=768;empty"),
        ("{;v,bar,who}", ";v=6;who=fred"),
        ("{;hello:5}", ";hello=Hello"),
        ("{;keys}", ";keys=semi,%3B,dot,.,comma,%2C"),
        ("{;keys*}", ";semi=%3B;dot=.;comma=%2C"),
        # 3.2.8 and 3.2.9
        ("{?x,y,empty}", "?x=1024&y=768&empty="),
        ("{?x,y,undef}", "?x=1024&y=768"),
        ("?fixed=yes{&x}", "?fixed=yes&x=1024"),
        ("{&var:3}", "&var=val"),
        # What is percent-encoded already stays so where reserved characters do.
        ("caf\u00e9%20{+var}", "caf%C3%A9%20value"),
    ],
)
def test_the_examples_of_the_standard(template: str, uri: str) -> None:
    assert expand(template, VALUES) == uri


def test_reserved_expansion_keeps_triplets_and_the_simple_one_does_not() -> None:
    assert expand("{+a}{a}", {"a": "%2F"}) == "%2F%252F"


def test_variables_are_named_once_and_in_order() -> None:
    assert variables("db://{db}/{table:3}{?db,columns*}") == (
        Variable("db"),
        Variable("table", prefix=3),
        Variable("columns", explode=True),
    )


@pytest.mark.parametrize(
    "template", ["{", "}", "a{b", "{}", "{a b}", "{=a}", "{a:0}", "{a:}", "{a*:1}", "{{a}}"]
)
def test_what_is_no_template(template: str) -> None:
    with pytest.raises(InvalidTemplate):
        variables(template)
    with pytest.raises(InvalidTemplate):
        expand(template, {})
