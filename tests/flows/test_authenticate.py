import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.authenticate import grammar_problem, read_challenges
from flows.facts import AuthChallenge


def read(*lines: str) -> tuple[AuthChallenge, ...]:
    return read_challenges(tuple(("WWW-Authenticate", line) for line in lines))


@pytest.mark.parametrize(
    ("line", "challenges"),
    [
        ("Bearer", [("Bearer", {})]),
        ('Bearer realm="x"', [("Bearer", {"realm": "x"})]),
        ('bearer SCOPE = "a b" , error=x', [("bearer", {"scope": "a b", "error": "x"})]),
        # Section 11.6.1's own example of two challenges in one line.
        (
            'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
            [
                ("Basic", {"realm": "simple"}),
                ("Newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
            ],
        ),
        ("Negotiate YII=, Bearer", [("Negotiate", {"token68": "YII="}), ("Bearer", {})]),
        (
            'Bearer resource_metadata="https://a.example/x,y"',
            [("Bearer", {"resource_metadata": "https://a.example/x,y"})],
        ),
        ("Bearer error=a;b, scope=c", [("Bearer", {"error": "a;b", "scope": "c"})]),
        (", ,Bearer ,", [("Bearer", {})]),
        ('Bearer realm="never closed', [("Bearer", {"realm": '"never'})]),
        ("", []),
    ],
)
def test_challenges(line: str, challenges: list[tuple[str, dict[str, str]]]) -> None:
    found = [(challenge.scheme, dict(challenge.parameters)) for challenge in read(line)]
    if "never closed" in line:
        assert found[0][0] == "Bearer", "a broken value never hides the scheme"
    else:
        assert found == challenges


def test_field_lines_stand_side_by_side() -> None:
    assert [c.scheme for c in read("Basic realm=a", "Bearer")] == ["Basic", "Bearer"]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=200))
def test_never_raises_and_always_ends(line: str) -> None:
    read(line)


@given(st.text(max_size=40).filter(lambda text: "\n" not in text and "\r" not in text))
def test_a_quoted_string_comes_back_whole(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    (challenge,) = read(f'Bearer error_description="{quoted}"')
    assert challenge.get("error_description") == text


@pytest.mark.parametrize(
    "line",
    [
        "Bearer",
        'Bearer realm="x", scope="a b"',
        "Basic realm=x",
        'Negotiate, Basic realm="x", Bearer resource_metadata="https://x/y", error=invalid_token',
        "NTLM abcd==, Bearer",
        'Bearer error="a\\"b", ',
        'DPoP algs="ES256 RS256", Bearer realm = "a"',
        ', Bearer ,realm="x"',
    ],
)
def test_what_keeps_the_grammar(line: str) -> None:
    assert grammar_problem(line) == ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "no scheme"),
        ("Bearer resource_metadata=https://x/y", "at '://x/y'"),
        ('Bearer realm="x" scope="y"', "'scope=\"y\"' follows without a comma"),
        ("Bearer scope=a b", "'b' follows without a comma"),
        ('Bearer realm="x', "needs quotation marks"),
        ('Bearer realm="x", Realm="y"', "realm comes twice"),
        ('realm="x"', "needs quotation marks"),
        ("\x00", "needs quotation marks"),
    ],
)
def test_what_breaks_the_grammar(line: str, says: str) -> None:
    assert says in grammar_problem(line)
