from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.events import Paste
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from flows.facts import Client, Facts, Tokens, Tried
from flows.jwt import MAX_LENGTH, read_token
from flows.session import Target
from flows.text import visible
from tests.flows import tokens
from tests.hostile import HOSTILE
from tui.widgets.list_view import LineList
from tui.widgets.paste_field import FIELD_LIMIT, PasteField
from tui.widgets.tab_line import TabLine
from tui.widgets.token_pane import TokenPane

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
STAMP = int(NOW.timestamp())
MCP = "https://mcp.example.com/mcp"
ISSUER = "https://auth.example.com"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "user-42",
    "aud": MCP,
    "client_id": "client-1",
    "iat": STAMP - 300,
    "exp": STAMP + 3252,
    "jti": "a1b2c3",
    "scope": "tools",
}


def signed(number: int = 0, alg: str = "RS256", kid: str = "k1", **claims: Any) -> str:
    """A token of the issuer; a claim that is None is left out."""
    told = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return tokens.sign(alg, tokens.private_key(alg, number), told, kid=kid, typ="at+jwt")


def facts(access: str | None, alg: str = "RS256", keys: bool = True, **more: Any) -> Facts:
    key = tokens.jwk(tokens.private_key(alg), kid="k1")
    metadata = Tried(
        f"{ISSUER}/.well-known/oauth-authorization-server", "root", "e1", 200, "application/json",
        "the metadata", True, {"issuer": ISSUER},
    )  # fmt: skip
    return Facts(
        Target(MCP),
        NOW,
        server_tried=(metadata,),
        jwks=tokens.jwks(key) if keys else None,
        client=Client("client-1", "DCR"),
        authorization_url=f"{ISSUER}/authorize?resource={MCP}&scope=tools",
        tokens=Tokens(access, "Bearer", NOW, **more) if access else None,
    )


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Host(App[None]):
    """A pane of `width` cells; what it asks to be copied ends up in `copied`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width, self.clock = width, Clock()
        self.copied: list[str] = []

    def compose(self) -> ComposeResult:
        pane = TokenPane(clock=self.clock)
        pane.styles.width = self.width
        yield pane

    @property
    def pane(self) -> TokenPane:
        return self.query_one(TokenPane)

    def on_token_pane_copy(self, event: TokenPane.Copy) -> None:
        self.copied.append(event.text)


Run = tuple[Host, Pilot[None]]


@asynccontextmanager
async def shown(given: Facts | None, width: int = 38, height: int = 40) -> AsyncIterator[Run]:
    app = Host(width)
    async with app.run_test(size=(100, height)) as pilot:
        if given:
            app.pane.show(given)
        await settled(app, pilot)
        yield app, pilot


async def settled(app: App[None], pilot: Pilot[None]) -> None:
    await pilot.pause()
    await app.workers.wait_for_complete()
    await pilot.pause()


def leaves(app: App[None]) -> Iterator[Widget]:
    for widget in app.screen.query("*"):
        if not widget.children and widget.is_on_screen:
            yield widget


def lines(widget: Widget) -> list[str]:
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def screen(app: App[None]) -> str:
    return "\n".join(line for widget in leaves(app) for line in lines(widget))


def rows(app: Host) -> list[str]:
    return lines(app.pane.query_one(LineList))


def row(app: Host, name: str) -> str:
    """The first row of that name, without the cursor."""
    return next(line[1:] for line in rows(app) if line[1:].split()[:1] == [name])


def signature(app: Host) -> str:
    return " ".join(" ".join(lines(app.pane.query_one("#token-signature"))).split())


def kind(app: Host) -> str:
    return " ".join(" ".join(lines(app.pane.query_one("#token-kind"))).split())


def use(app: Host) -> str:
    return app.pane.use


def next_look(app: Host) -> float | None:
    return app.pane.next_look


def detail(app: Host) -> list[str]:
    """The lines of the detail, those below the fold too."""
    static = app.pane.query_one("#token-detail > Static", Static)
    return lines(static)


async def test_before_any_token_it_says_what_will_be_here() -> None:
    async with shown(facts(None)) as (app, _):
        assert "No token yet" in screen(app)
        assert "paste or type any token" in screen(app)
        assert not app.pane.query_one(LineList).display


def test_without_a_token_nothing_of_cryptography_is_imported() -> None:
    program = """
import asyncio, sys
from textual.app import App
from tui.widgets.token_pane import TokenPane
class Host(App):
    def compose(self):
        yield TokenPane()
async def main():
    async with Host().run_test() as pilot:
        await pilot.pause()
asyncio.run(main())
print([name for name in ("jwt", "cryptography") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "[]\n", ran.stderr


async def test_a_sound_token_verified_against_the_keys_of_the_walk() -> None:
    async with shown(facts(signed())) as (app, _):
        assert kind(app).startswith("JWT")
        assert signature(app) == "alg RS256 kid k1 ✓ verified"
        assert row(app, "iss").endswith("✓")
        assert row(app, "aud").endswith("✓")
        assert row(app, "exp").split() == ["exp", "in", "54:12", "✓"]
        assert row(app, "typ").endswith("✓")
        assert "✗" not in screen(app)


async def test_the_signature_says_verifying_until_there_is_a_verdict() -> None:
    async with shown(None) as (app, pilot):
        app.pane.show(facts(signed()))
        line = app.pane.query_one("#token-signature", Static).content
        assert "verifying" in str(line)
        await settled(app, pilot)


@pytest.mark.parametrize(
    ("token", "keys", "says"),
    [
        (signed(1), True, "✗ not valid: the signature does not match key k1"),
        (signed(kid="k9"), True, "✗ not valid: kid k9 is not in the key set, which has k1"),
        (signed(), False, "– not verified: no keys yet"),
        (
            tokens.sign("HS256", b"x" * 32, CLAIMS),
            True,
            "– cannot verify: HS256 is keyed with a secret that a client does not have; "
            "this is no fault",
        ),
    ],
    ids=["other key", "other kid", "no keys", "HS256"],
)
async def test_a_signature_that_is_not_verified_has_a_reason(
    token: str, keys: bool, says: str
) -> None:
    async with shown(facts(token, keys=keys)) as (app, _):
        assert says in signature(app)


async def test_a_missing_audience_is_what_the_pane_opens_on() -> None:
    async with shown(facts(signed(aud=None))) as (app, _):
        assert row(app, "aud").split() == ["aud", "(missing)", "✗"]
        assert detail(app)[0].strip().startswith("aud  ✗ the MCP server cannot see")
        assert f"wanted {MCP}" in screen(app)


@pytest.mark.parametrize(
    ("aud", "hint"),
    [
        (f"{MCP}/", "trailing slash"),
        ("https://mcp.example.com/MCP", "path, in letter case"),
        ("https://mcp.example.com", "path stops at the host"),
        ("https://mcp.example.com/" + "tenant/" * 40, "path"),
        (["https://api.example.com", f"{MCP}s"], "path"),
        ("http://mcp.example.com/mcp", "scheme http, not https"),
        ("全角文字", "not a URL"),
    ],
)
@pytest.mark.parametrize("width", [36, 78])
async def test_a_wrong_audience_is_shown_above_the_wanted_one_and_its_deciding_character_marked(
    aud: str | list[str], hint: str, width: int
) -> None:
    async with shown(facts(signed(aud=aud)), width) as (app, _):
        assert row(app, "aud").endswith("✗")
        said = detail(app)
        at = next(n for n, line in enumerate(said) if line.lstrip().startswith("found"))
        found, wanted, caret = said[at], said[at + 1], said[at + 2]
        assert wanted.lstrip().startswith("wanted")
        assert caret.strip() == "^"
        if hint != "not a URL":
            assert hint in " ".join(said)
        static = app.pane.query_one("#token-detail > Static", Static)
        marked = [reversed_text(list(static.render_line(at + n))) for n in (0, 1)]
        assert marked[0] != marked[1]
        assert all(cell.strip() or cell == " " for cell in marked)
        column = caret.index("^")
        if found.isascii():
            ends = [(line.ljust(column + 1))[column] for line in (found, wanted)]
            assert ends == marked


def reversed_text(segments: list[Segment]) -> str:
    return "".join(s.text for s in segments if s.style and s.style.reverse)


async def test_an_opaque_token_shows_what_the_token_response_said() -> None:
    given = facts("x8" * 21 + "y", expires_in=600.0, scope="tools")
    async with shown(given) as (app, _):
        assert kind(app) == "opaque: 43 characters"
        assert row(app, "scope").split() == ["scope", "tools", "✓"]
        assert row(app, "expires").split() == ["expires", "in", "10:00", "✓"]
        assert not app.pane.query_one("#token-signature").display


@pytest.mark.parametrize(
    ("given", "asked", "says"),
    [
        ("tools", "tools admin", "not granted: admin"),
        ("tools more", "tools", "more than was asked for: more"),
        (None, "tools", "not told, so as asked for"),
        ("", "tools", "not granted: tools"),
    ],
)
async def test_granted_scope_stands_against_requested_scope(
    given: str | None, asked: str, says: str
) -> None:
    walk = replace(
        facts("opaque-0000001", scope=given),
        authorization_url=f"{ISSUER}/authorize?scope={asked.replace(' ', '+')}",
    )
    async with shown(walk, 78) as (app, _):
        assert says in row(app, "scope")


@pytest.mark.parametrize(
    "text", ["-----BEGIN PUBLIC KEY-----", "<html></html>", "https://x.example", "not a token!"]
)
async def test_garbage_is_named(text: str) -> None:
    async with shown(facts(signed())) as (app, pilot):
        app.pane.paste(text)
        await settled(app, pilot)
        looks = read_token(text).looks
        assert kind(app) == f"✗ garbage: {looks}"


async def test_a_jwe_shows_its_header_only() -> None:
    header = tokens.b64('{"alg":"RSA-OAEP","enc":"A256GCM"}')
    async with shown(facts(f"{header}.a.b.c.d")) as (app, _):
        assert kind(app).startswith("JWE")
        assert row(app, "enc").split()[:2] == ["enc", "A256GCM"]


async def test_hostile_tokens_are_shown_and_never_obeyed() -> None:
    async with shown(None, 78, 60) as (app, pilot):
        rows = app.pane.query_one(LineList)
        for text in HOSTILE:
            told = {"iss": text, "aud": [text, MCP + text], "scope": text, text or "empty": text}
            key = tokens.private_key("RS256")
            token = tokens.sign("RS256", key, CLAIMS | told, kid=text, typ=text)
            app.pane.show(facts(token, scope=text, refresh_token=text), use="access")
            await settled(app, pilot)
            for row_id in ("Claims:iss", "Claims:aud", f"Claims:{text or 'empty'}", "Header:kid"):
                assert rows.highlight(row_id)
                await pilot.pause(0)
                seen = screen(app)
                assert visible(seen, lines=True) == seen
            app.pane.paste(text)
            await settled(app, pilot)
            seen = screen(app)
            assert visible(seen, lines=True) == seen
            assert app.is_running


async def test_time_goes_on_by_the_clock_that_is_given() -> None:
    async with shown(facts(signed(exp=STAMP + 65))) as (app, _):
        assert "in 1:05" in row(app, "exp")
        assert next_look(app) == 1
        app.clock.now = NOW + timedelta(seconds=3)
        app.pane.look_again()
        assert "in 1:02" in row(app, "exp")
        app.clock.now = NOW + timedelta(seconds=70)
        app.pane.look_again()
        assert row(app, "exp").split()[1:] == ["expired", "5", "s", "ago", "✗"]


async def test_a_claim_not_yet_valid_counts_down_too() -> None:
    async with shown(facts(signed(nbf=STAMP + 90, exp=STAMP + 10_000))) as (app, _):
        assert next_look(app) == 1
        assert "not yet valid: in" in row(app, "nbf")


async def test_the_clock_is_looked_at_only_while_something_counts_down_on_screen() -> None:
    async with shown(facts("opaque-0000001")) as (app, pilot):
        assert next_look(app) is None
        app.pane.show(facts(signed(exp=STAMP + 20_000)))
        assert next_look(app) == 60
        app.pane.display = False
        await pilot.pause()
        assert next_look(app) is None
        app.clock.now = NOW + timedelta(seconds=19_990)
        app.pane.display = True
        await settled(app, pilot)
        assert "in 0:10" in row(app, "exp")
        assert next_look(app) == 1


async def test_every_prefix_of_a_token_is_read_as_it_is_typed() -> None:
    token = signed(alg="Ed25519")
    async with shown(facts(None, alg="Ed25519")) as (app, pilot):
        app.pane.focus_paste()
        field = app.pane.query_one(PasteField)
        await pilot.press(*token[:6])
        assert field.value == token[:6]
        for end in range(7, len(token) + 1):
            field.value = token[:end]
            await pilot.pause(0)
            inspection = app.pane.inspection
            assert inspection is not None
            assert inspection.token == read_token(token[:end])
        await settled(app, pilot)
        assert signature(app) == "alg Ed25519 kid k1 ✓ verified"
        assert row(app, "aud").endswith("✓")


@pytest.mark.parametrize(
    "shape", ["{}", "Authorization: Bearer\n {}\n", '{{"access_token": "{}"}}']
)
async def test_a_paste_with_line_breaks_arrives_whole(shape: str) -> None:
    token = signed()
    wrapped = "\n".join(token[at : at + 76] for at in range(0, len(token), 76))
    text = shape.format(token if shape.startswith("{{") else wrapped)
    async with shown(facts("opaque-0000001")) as (app, pilot):
        app.pane.focus_paste()
        app.pane.query_one(PasteField).post_message(Paste(text))
        await settled(app, pilot)
        assert app.pane.pasted == text
        assert signature(app) == "alg RS256 kid k1 ✓ verified"


@pytest.mark.parametrize("length", [FIELD_LIMIT + 1, MAX_LENGTH, MAX_LENGTH + 1])
async def test_a_huge_paste_is_read_or_refused_and_never_drawn(length: int) -> None:
    async with shown(facts(signed())) as (app, pilot):
        app.pane.focus_paste()
        field = app.pane.query_one(PasteField)
        field.post_message(Paste("x" * length))
        await settled(app, pilot)
        refused = "no token beyond 1,000,000 is read"
        assert (refused in kind(app)) == (length > MAX_LENGTH)
        assert field.value == ""
        assert f"{length:,} characters" in screen(app)
        await pilot.press("a", "b")
        await settled(app, pilot)
        assert app.pane.pasted == "ab"


async def test_invisible_characters_of_a_paste_are_judged_though_the_field_has_none() -> None:
    token = f"\u200b{signed()}"
    async with shown(facts(None)) as (app, pilot):
        app.pane.focus_paste()
        app.pane.query_one(PasteField).post_message(Paste(token))
        await settled(app, pilot)
        assert app.pane.query_one(PasteField).value == token[1:]
        assert kind(app).startswith("✗ garbage")


@pytest.mark.parametrize("key", ["escape", "ctrl+g"])
async def test_leaving_the_field_returns_to_the_token_of_the_walk(key: str) -> None:
    async with shown(facts("opaque-0000001")) as (app, pilot):
        app.pane.query_one(LineList).focus()
        await pilot.press("t", "a", "b", "c")
        assert use(app) == "access", "words typed by mistake take no token off the screen"
        await pilot.press("enter")
        assert use(app) == "pasted" and kind(app) == "opaque: 3 characters"
        await pilot.press("t", key)
        await settled(app, pilot)
        assert use(app) == "access"
        assert app.pane.pasted == ""
        assert kind(app) == "opaque: 14 characters"
        assert app.focused is app.pane.query_one(LineList)


async def test_a_pasted_token_is_held_against_the_walk_but_nothing_is_required_of_it() -> None:
    async with shown(facts(signed())) as (app, pilot):
        token = tokens.sign("RS256", tokens.private_key("RS256"), {"aud": "https://other.example"})
        app.pane.paste(token)
        await settled(app, pilot)
        assert row(app, "aud").endswith("✗")
        assert "(missing)" not in screen(app)


async def test_keys_and_clicks_turn_to_the_other_tokens() -> None:
    other = signed(aud="client-1", typ="JWT", nonce=None)
    given = facts(signed(), refresh_token="refresh-0001", id_token=other)
    async with shown(given) as (app, pilot):
        app.pane.query_one(LineList).focus()
        tabs = app.pane.query_one(TabLine)
        assert lines(tabs)[0].split() == ["access", "refresh", "id"]
        await pilot.press("right")
        assert use(app) == "refresh"
        assert kind(app).startswith("opaque")
        await pilot.press("right")
        assert use(app) == "id"
        await pilot.press("right")
        assert use(app) == "access"
        await pilot.press("left")
        assert use(app) == "id"
        await pilot.click(tabs, offset=(lines(tabs)[0].index("refresh") + 1, 0))
        await pilot.pause()
        assert use(app) == "refresh"


async def test_the_token_on_show_stays_until_it_is_gone() -> None:
    async with shown(facts(signed(), refresh_token="refresh-0001")) as (app, pilot):
        app.pane.show(facts(signed(), refresh_token="refresh-0002"), use="refresh")
        app.pane.show(facts(signed(), refresh_token="refresh-0003"))
        assert use(app) == "refresh"
        assert app.pane.inspection is not None
        assert app.pane.inspection.token.text == "refresh-0003"
        app.pane.show(facts(signed()))
        await settled(app, pilot)
        assert use(app) == "access"
        assert signature(app).endswith("✓ verified")
        app.pane.show(facts(None))
        await pilot.pause()
        assert "No token yet" in screen(app)


async def test_showing_the_same_facts_again_keeps_verdict_and_cursor() -> None:
    given = facts(signed())
    async with shown(given) as (app, pilot):
        app.pane.query_one(LineList).highlight("Claims:exp")
        before = app.pane.inspection
        app.pane.show(given)
        assert app.pane.inspection == before
        assert signature(app).endswith("✓ verified")
        assert detail(app)[0].strip().startswith("exp")
        await pilot.pause()


async def test_what_is_copied_is_the_value_as_it_came() -> None:
    token = signed(sub="a\x1b[31mb")
    async with shown(facts(token)) as (app, pilot):
        rows = app.pane.query_one(LineList)
        rows.focus()
        rows.highlight("Claims:sub")
        await pilot.press("y")
        rows.highlight("Claims:exp")
        await pilot.press("y", "Y")
        assert app.copied == ["a\x1b[31mb", str(STAMP + 3252), token]


async def test_the_app_may_be_left_while_the_pane_is_made() -> None:
    app: App[None] = App()
    async with app.run_test():
        app.mount(pane := TokenPane())
        app.exit()
    assert not pane.children


def test_every_binding_can_be_remapped_and_says_what_it_does() -> None:
    for owner in (TokenPane, PasteField):
        for binding in owner.__dict__["BINDINGS"]:
            assert isinstance(binding, Binding)
            assert binding.id and binding.tooltip
