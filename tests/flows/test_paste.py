import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.paste import Pasted, came_back, read_pasted, response_in

WHOLE = "http://127.0.0.1:7777/callback?code=a%2Fb&state=s&iss=https%3A%2F%2Fauth.example.com"
CODE = "SplxlOBeZQQYbYS6WxSbIA"
PAIRS = (("code", "a/b"), ("state", "s"), ("iss", "https://auth.example.com"))


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        f'  "{WHOLE}"  ',
        f"<{WHOLE}>",
        f"`{WHOLE}`",
        f"\u201c{WHOLE}\u201d,",
        f"{WHOLE[:40]}\n{WHOLE[40:]}",
        f"{WHOLE[:40]}\r\n  {WHOLE[40:]}\r\n",
        f"{WHOLE} HTTP/1.1",
        WHOLE.replace("http://127.0.0.1:7777/callback", "https://chatgpt.com/connector/oauth/x1"),
        WHOLE.replace("http://127.0.0.1:7777/", "cursor://anysphere.cursor-mcp/oauth/"),
        WHOLE.replace("?", "#"),
        WHOLE.partition("?")[2],
        "?" + WHOLE.partition("?")[2],
        "&" + WHOLE.partition("?")[2],
    ],
)
def test_the_parameters_are_found(text: str) -> None:
    assert read_pasted(text).parameters == PAIRS


@pytest.mark.parametrize("code", ["SplxlOBeZQQYbYS6WxSbIA", "4/0AeanS0-_.~", "abc=="])
def test_a_bare_code(code: str) -> None:
    assert read_pasted(f" '{code}'\n") == Pasted("code", (("code", code),))


def test_an_error_callback() -> None:
    pasted = read_pasted("https://x.example/cb?error=access_denied&error_description=No+thanks")
    assert pasted.parameters == (("error", "access_denied"), ("error_description", "No thanks"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing was pasted"),
        ("   \n", "nothing was pasted"),
        ("https://example.com/", "neither code nor error"),
        ("https://a.example/authorize?response_type=code&state=s", "the authorization request"),
        (
            "https://a.example/authorize?response_type=code&code_challenge=x",
            "authorization request",
        ),
        ("please help me", "neither a URL nor a code"),
        ("state=only", "neither code nor error"),
        ("https://[::1", "no URL"),
        ("x" * 70_000, "70,000 characters"),
    ],
)
def test_what_is_of_no_use_says_why(text: str, said: str) -> None:
    pasted = read_pasted(text)
    assert said in pasted.problem


@given(st.text())
def test_never_raises(text: str) -> None:
    pasted = read_pasted(text)
    assert pasted.problem or pasted.parameters


@given(st.dictionaries(st.sampled_from(["code", "state", "iss", "x"]), st.text(max_size=30)))
def test_any_query_with_a_code_is_read_exactly(parameters: dict[str, str]) -> None:
    from urllib.parse import urlencode

    query = {"code": "c", **parameters}
    pasted = read_pasted(f"http://127.0.0.1/cb?{urlencode(query)}")
    assert dict(pasted.parameters) == query


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        (f"http://127.0.0.1:7/callback?code={CODE}&state=s", True),
        ("https://host.example/cb?error=access_denied", True),
        (f"code={CODE}&state=s", True),
        (f"http://127.0.0.1:7/callback?code={CODE}", False),
        ("https://mcp.example.com/mcp?state=on", False),
        (CODE, False),
        ("", False),
    ],
)
def test_a_text_that_is_an_authorization_response_for_sure(text: str, sure: bool) -> None:
    assert bool(response_in(text)) is sure


def test_what_came_back_is_put_into_words() -> None:
    refused = (("error", "access_denied"), ("error_description", "No way"), ("state", "s"))
    assert "access_denied: No way" in came_back(refused)
    assert CODE not in came_back((("code", CODE), ("state", "s")))
