from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.fold import Fold
from flows.moves import Blocked, Done, Move
from flows.session import Session, Target
from flows.steps import READERS, STEPS
from flows.store import SessionFileError, decode, encode, load, recent, redact_session
from flows.store.toml import REDACTED, WITH_SECRETS
from tests.flows.store.strategies import SESSION
from tests.flows.world import NOW, World

GOLDEN = Path(__file__).parent / "golden"


def walked() -> Session:
    world = World()
    world.walk()
    return world.session


def moves(session: Session) -> list[Move]:
    facts = Fold(session, READERS).facts
    return [step.next(facts) for step in STEPS]


@given(SESSION)
def test_every_session_is_read_back_exactly(session: Session) -> None:
    assert decode(encode(session, with_secrets=True)) == session


@given(SESSION)
def test_a_redacted_file_is_read_back_and_redacting_it_again_changes_nothing(
    session: Session,
) -> None:
    once = encode(session)
    assert encode(decode(once)) == once


def test_the_first_line_says_what_it_is() -> None:
    assert encode(walked()).splitlines()[0] == REDACTED
    assert encode(walked(), with_secrets=True).splitlines()[0] == WITH_SECRETS


def test_a_file_of_a_walk_reads_well() -> None:
    text = encode(walked())
    assert "version = 2\ncreated = 2026-11-23 08:15:00+00:00\n\n[summary]\n" in text
    assert '    ["Accept", "application/json, text/event-stream"],\n' in text
    assert 'body = \'{"error": "unauthorized"}\'\n' in text
    assert """body = \'\'\'\n{\n  "client_name": "authwalk",\n""" in text


def test_a_file_keeps_what_is_empty_apart_from_what_is_absent() -> None:
    for scope in (None, ""):
        session = Session(Target("https://mcp.example.com", scope=scope), NOW)
        assert decode(encode(session)).target.scope == scope


def test_every_golden_file_is_still_read() -> None:
    session = decode((GOLDEN / "v1.toml").read_text(encoding="utf-8"))
    assert [type(event).__name__ for event in session.events[:3]] == ["Exchanged"] * 3
    kinds = {type(event).__name__ for event in session.events}
    assert kinds == {"Exchanged", "Received", "Made", "Answered", "Overrode", "Reran"}
    assert moves(session)[-1] == Done("call", "add")


def test_the_golden_file_of_version_2_has_a_note_and_a_body_beside_it() -> None:
    session = load(GOLDEN / "v2.toml", pytest.fail)
    older = decode((GOLDEN / "v1.toml").read_text(encoding="utf-8"))
    assert session.events[:-2] == redact_session(older).events
    large = session.exchange("large")
    assert large and large.response and large.response.body == b"authwalk golden body\n" * 3200
    assert session.notes["token"].endswith("Ticket 4711")
    (summary,) = [one.summary for one in recent(GOLDEN) if one.path.name == "v2.toml"]
    assert (summary.verdict, summary.verdict_step) == ("fail", "callback")


SMALL = """\
version = 1
created = 2026-11-23 08:15:00+00:00

[summary]
secrets = true
exchanges = 1
steps = 1

[target]
url = "https://mcp.example.com"

[[events]]
kind = "exchanged"
at = 2026-11-23 08:15:00+00:00
step = "challenge"

[events.exchange]
id = "x1"
started = 2026-11-23 08:15:00+00:00

[events.exchange.request]
method = "GET"
url = "https://mcp.example.com"
headers = [["Accept", "*/*"]]
"""


@pytest.mark.parametrize(
    ("was", "becomes", "line", "says"),
    [
        ("version = 1", "version = 7", None, "newer authwalk (version 7); this one reads up to 2"),
        ("version = 1", "version = 0", None, "version must be"),
        ("version = 1", "version = true", None, "version must be"),
        ("version = 1", f"version = 0x{'f' * 5000}", None, "version must be"),
        ("version = 1\n", "", None, "version is missing"),
        ('method = "GET"', "method = 1", None, "events[0].exchange.request.method must be a str"),
        ('method = "GET"\n', "", None, "events[0].exchange.request.method is missing"),
        ('id = "x1"', 'id = "x1"\nidd = 1', None, "events[0].exchange.idd is no key"),
        ('"exchanged"', '"sent"', None, 'events[0].kind "sent" is none of exchanged, received'),
        ('kind = "exchanged"\n', "", None, "events[0].kind is missing"),
        ('"challenge"', '"teapot"', None, 'events[0].step "teapot" is none of those known'),
        ('"*/*"]', '"*/*", "x"]', None, "headers[0] must have 2 entries, not 3"),
        ('[["Accept", "*/*"]]', "{ a = 1 }", None, "headers must be an array"),
        ("at = 2026-11-23 08:15:00+00:00", "at = 2026-11-23", None, "events[0].at must be a date"),
        ("at = 2026-11-23 08:15:00+00:00", "at = 0001-01-01 00:00:00+09:00", None, "a year from"),
        ('method = "GET"', "method = { base64 = '!' }", None, "method.base64 must be base64"),
        ('method = "GET"', "method = { base64 = '/w==' }", None, "must be UTF-8 inside"),
        ("[target]", "[target]\nscope = nul", 10, "not TOML: Invalid value"),
        ("[target]", "[targets]", None, "targets is no key"),
        ('[target]\nurl = "https://mcp.example.com"\n', "", None, "target is missing"),
        ("[summary]", "target = 1\n[summary]", 10, "not TOML: Cannot overwrite a value"),
        ("[target]", "deep = " + "[" * 20_000 + "\n[target]", None, "nested too deeply"),
        ("[target]", f"n = {'9' * 5000}\n[target]", None, "not TOML"),
        ("[summary]", "[summaries]", None, "summary must be a table"),
        ("[summary]", '"\\u001b]0;x" = 1\n[summary]', None, "\\x1b]0;x is no key"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_named(was: str, becomes: str, line: int | None, says: str) -> None:
    assert decode(SMALL)
    assert SMALL.count(was) >= 1
    with pytest.raises(SessionFileError) as caught:
        decode(SMALL.replace(was, becomes, 1), Path("s.toml"))
    error = caught.value
    assert says in error.text
    assert error.line == line
    assert str(error).startswith(f"s.toml:{line}: " if line else "s.toml: ")
    assert "\x1b" not in str(error)


TEXT = (GOLDEN / "v1.toml").read_text(encoding="utf-8")
TOKENS = re.findall(r"[\w.-]+|\s+|[^\w\s]", TEXT)


@given(st.text(max_size=200))
@example("")
@example("version = 1")
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(SessionFileError):
        decode(text)


@given(
    st.integers(0, len(TOKENS) - 1),
    st.integers(0, 3),
    st.sampled_from(TOKENS)
    | st.sampled_from(
        ["1e999", "nan", "[[", "{}", "true", "[]", "0x0", '"""', "'''", "2026-02-30", "\ud800"]
    )
    | st.text(max_size=5),
)
def test_a_mutilated_file_raises_nothing_else(at: int, cut: int, put: str) -> None:
    text = "".join([*TOKENS[:at], put, *TOKENS[at + cut :]])
    try:
        session = decode(text)
    except SessionFileError:
        return
    assert decode(encode(session, with_secrets=True)) == session


def test_a_walk_stands_where_it_stood() -> None:
    for until in (None, "client", "callback", "token", "tools"):
        world = World()
        world.walk(until)
        read = decode(encode(world.session))
        before, after = moves_or_stop(world.session), moves_or_stop(read)
        said, read_says = [words(move) for move in before], [words(move) for move in after]
        if isinstance(after[-1], Blocked):  # the next request would need what was not saved
            assert "not saved with this session" in read_says.pop().lower()
        assert said[: len(read_says)] == read_says
        assert (len(said) == len(read_says)) == (until in (None, "client"))


def moves_or_stop(session: Session) -> list[Move]:
    """The moves up to the first that is open."""
    facts = Fold(session, READERS).facts
    found: list[Move] = []
    for step in STEPS:
        found.append(step.next(facts))
        if type(found[-1]).__name__ not in ("Done", "Skipped", "Send"):
            break
    return found


def words(move: Move) -> str:
    """What a screen says of a move: not the request, which holds marks where secrets were, and
    not the length of a token."""
    names = ("step", "word", "reason", "label", "remarks", "party")
    said = [type(move).__name__, *(str(getattr(move, name, None)) for name in names)]
    return re.sub(r"\d+ characters", "", " ".join(said))


def test_a_state_that_differs_still_differs() -> None:
    world = World()
    world.walk("callback")
    world.respond(code="code-1", state="another-flow's-state", iss="https://auth.example.com")
    read = decode(encode(world.session))
    assert [words(move) for move in moves_or_stop(read)] == [
        words(move) for move in moves_or_stop(world.session)
    ]
    assert type(moves_or_stop(read)[-1]).__name__ == "Blocked"


def test_the_summary_is_derived_and_not_read_back() -> None:
    session = walked()
    text = re.sub(r"exchanges = \d+", "exchanges = 99", encode(session))
    assert "exchanges = 99" in text
    assert encode(decode(text)) == encode(session)
    assert replace(decode(text), seed=session.seed).target == session.target


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("url", Target("http://[")),
        ("authorization_server", Target("https://a", authorization_server="http://[")),
    ],
)
def test_a_target_whose_url_has_no_parts_is_no_session(name: str, target: Target) -> None:
    broken = replace(World().session, target=target)
    with pytest.raises(SessionFileError, match=f"target.{name}: Invalid IPv6 URL"):
        decode(encode(broken, with_secrets=True))
