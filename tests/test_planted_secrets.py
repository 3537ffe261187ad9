"""Secrets planted in a recorded walk appear in nothing that is written without secrets: not as
they are, and in no encoding that a URL, a form, JSON or base64 may give them."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from textual.widget import Widget

from flows.exchange import Request, Response
from flows.export import EXPORTS
from flows.export.documents import DOCUMENTS
from flows.lab import Lab
from flows.session import Session, Target
from flows.store import encode, save
from flows.store.redaction import known_secrets
from flows.walk import Walk
from flows.wire import Wire, WireOptions
from tests.flows.world import ISSUER, MCP, World, answer, mcp
from tests.tui.commands.conftest import lab_in_a_thread
from tests.tui.walking import screen_text
from tui.app import AuthwalkApp
from tui.cli import main
from tui.commands import run as run_command
from tui.commands.trace import Trace
from tui.redaction import Redaction
from tui.screens.dialogs import TextDialog

Capture = pytest.CaptureFixture[str]

CLIENT_SECRET = "pl4nted+client/secret=0123456789"
CODE = "pl4nted code/with+odd=chars%20&more"
ACCESS_TOKEN = "pl4nted.access~token/ABCDEFGHIJKLMNOP+xyz=="
REFRESH_TOKEN = 'pl4nted-refresh-"token"\\-987654321'
SIGNATURE = "cGw0bnRlZC1zaWduYXR1cmUtb2YtdGhlLWlkLXRva2Vu"
ID_TOKEN = f"eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJ1c2VyLTQyIn0.{SIGNATURE}"
COOKIE = "pl4nted-cookie-5e55104"
API_KEY = "pl4nted-api-key-77aa88bb"
OWN = "pl4nted-tenant-key-0815"


def planted_world() -> World:
    """A walk whose servers repeat what they should not, everywhere a message has room."""

    def repeat(request: Request) -> Response:
        if b"tools/call" not in request.body:
            return mcp(request)
        inner = json.dumps({"access_token": ACCESS_TOKEN, "note": f"secret {CLIENT_SECRET}"})
        texts = [
            f"token {ACCESS_TOKEN} and {quote(ACCESS_TOKEN, safe='')}",
            f"twice {quote(quote(CODE, safe=''), safe='')} {quote_plus(CODE)}",
            f"packed {b64encode(ACCESS_TOKEN.encode()).decode()}",
            f"packed {urlsafe_b64encode(REFRESH_TOKEN.encode()).decode()}",
            inner,
            f"{API_KEY} {OWN} {COOKIE} {ID_TOKEN} {REFRESH_TOKEN}",
            f"https://h/cb?code={quote(CODE)}#access_token={quote(ACCESS_TOKEN)}",
            b64encode(f"client-9:{quote_plus(CLIENT_SECRET)}".encode()).decode(),
        ]
        result = {
            "resultType": "complete",
            "content": [{"type": "text", "text": text} for text in texts],
        }
        message = {"jsonrpc": "2.0", "id": json.loads(request.body)["id"], "result": result}
        body = json.dumps(message).replace("/", "\\/").encode()
        fields = (("X-Echo", ACCESS_TOKEN), ("Set-Cookie", f"sid={COOKIE}; Path=/"))
        return answer(200, body, "application/json", *fields, reason=f"OK {ACCESS_TOKEN}")

    tokens = {
        "access_token": ACCESS_TOKEN,
        "token_type": "Bearer",
        "refresh_token": REFRESH_TOKEN,
        "id_token": ID_TOKEN,
    }
    target = Target(
        MCP,
        client_id="client-9",
        client_secret=CLIENT_SECRET,
        token_endpoint_auth_method="client_secret_basic",
        headers=(("X-Api-Key", API_KEY), ("X-Tenant", OWN), ("Cookie", f"theme={COOKIE}")),
    )
    world = World(target)
    world.routes[f"POST {MCP}"] = repeat
    world.routes[f"POST {ISSUER}/token"] = answer(200, tokens, "application/json")
    world.walk("callback")
    world.respond(code=CODE, state=world.state, iss=ISSUER)
    world.walk()
    assert world.facts.tokens and world.facts.call and world.facts.call.result
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return planted_world()


@pytest.fixture(scope="module")
def planted(world: World) -> tuple[str, ...]:
    assert world.facts.pkce
    secrets = (CLIENT_SECRET, CODE, ACCESS_TOKEN, REFRESH_TOKEN, SIGNATURE, COOKIE, API_KEY, OWN)
    return (*secrets, world.facts.pkce.code_verifier)


def encodings(secret: str) -> Iterator[str]:
    """The secret in every encoding, and whatever base64 makes of it inside a longer text."""
    yield secret
    yield quote(secret)
    yield quote(secret, safe="")
    yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote(secret, safe=""))
    yield quote(quote(secret, safe=""), safe="")
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(json.dumps(secret))[3:-3]
    yield json.dumps(secret)[1:-1].replace("/", "\\/")
    yield "".join(f"\\u{ord(char):04x}" for char in secret)
    for before in range(3):
        packed = b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        inside = packed[(4, 2, 3)[before] if before else 0 : -2]
        yield inside
        yield inside.replace("+", "-").replace("/", "_")


def seen(text: str, secrets: tuple[str, ...]) -> list[str]:
    return [
        f"{secret} as {form}" for secret in secrets for form in encodings(secret) if form in text
    ]


def test_the_search_finds_each_encoding(planted: tuple[str, ...]) -> None:
    secret = planted[2]
    for hidden in (
        secret,
        quote(secret),
        f"x {quote_plus(secret)}",
        json.dumps({"a": secret}),
        b64encode(secret.encode()).decode(),
        b64encode(f"ab{secret}cd".encode()).decode(),
        b64encode(f"a{secret}".encode()).decode(),
    ):
        assert seen(hidden, planted)


def test_the_walk_is_full_of_them(world: World, planted: tuple[str, ...]) -> None:
    text = encode(world.session, with_secrets=True)
    assert {secret for secret in planted if seen(text, (secret,))} == set(planted)


@pytest.fixture
def session(world: World) -> Session:
    return world.session


@pytest.mark.parametrize("form", DOCUMENTS)
def test_in_no_document(form: str, session: Session, planted: tuple[str, ...]) -> None:
    text = DOCUMENTS[form](Walk(session, Wire()), False)
    assert text and not seen(text, planted)


@pytest.mark.parametrize("secrets", [[], ["--redacted"]])
@pytest.mark.parametrize("form", EXPORTS)
def test_in_no_command(
    form: str,
    secrets: list[str],
    session: Session,
    planted: tuple[str, ...],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    path = tmp_path / "walk.toml"
    save(path, session, with_secrets=True)
    assert main(["export", str(path), "--as", form, *secrets]) == 0
    out, err = capsys.readouterr()
    assert len(out) > 2000 and not seen(out + err, planted)


@pytest.mark.parametrize("options", [[], ["--list"], ["--json"]])
def test_in_nothing_that_show_prints(
    options: list[str],
    session: Session,
    planted: tuple[str, ...],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    path = tmp_path / "walk.toml"
    save(path, session, with_secrets=True)
    assert main(["show", str(path), *options]) == 0
    out, err = capsys.readouterr()
    assert out and not seen(out + err, planted)


def test_in_no_session_file_and_no_trace(
    session: Session, planted: tuple[str, ...], tmp_path: Path
) -> None:
    save(tmp_path / "walk.toml", session)
    assert not seen((tmp_path / "walk.toml").read_text(), planted)
    redaction = Redaction(session)
    trace = Trace(str(tmp_path / "trace.jsonl"), redaction)
    for event in session.events:
        redaction.learn(event)
        trace.write(event)
    trace.close()
    text = (tmp_path / "trace.jsonl").read_text()
    assert text.count("\n") > 5 and not seen(text, planted)


def test_in_no_crash_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    key = tmp_path / "headers"
    key.write_text(f"X-Api-Key: {API_KEY}\n")

    async def crash(self: Walk, **options: Any) -> None:
        raise RuntimeError(f"cannot use {self.session.target.headers} {quote(API_KEY)}")

    monkeypatch.setattr(Walk, "run", crash)
    code = main(["run", "http://127.0.0.1:9/mcp", "--header", f"@{key}", "--json"])
    out, err = capsys.readouterr()
    assert code == 70 and "RuntimeError: cannot use" in err and "RuntimeError" in out
    assert not seen(out + err, (API_KEY,))


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with lab_in_a_thread() as running:
        yield running


def test_in_nothing_that_run_prints_or_writes(
    lab: Lab, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[Walk] = []

    def remembered(*arguments: Any, **options: Any) -> Walk:
        walks.append(Walk(*arguments, **options))
        return walks[-1]

    monkeypatch.setattr(run_command, "Walk", remembered)
    headers = tmp_path / "headers"
    headers.write_text(f"X-Api-Key: {API_KEY}\nX-Tenant: {OWN}\nCookie: a={COOKIE}\n")
    words = ["--approve", "--refresh", "--list", "--call", "whoami", "--header", f"@{headers}"]
    words += ["--auth-method", "client_secret_basic", "--call", f'echo={{"text": "{OWN}"}}']
    trace, saved = tmp_path / "trace.jsonl", tmp_path / "walk.toml"
    files = ["--trace", str(trace), "--save", str(saved)]
    for output in ([], ["--json"]):
        assert main(["run", lab.mcp_url, *words, *files, *output]) == 0
        out, err = capsys.readouterr()
        secrets = tuple(
            one.rpartition(".")[2] if one.count(".") == 2 else one
            for one in set(known_secrets(walks[-1].session))
            if len(one) >= 16
        )
        assert len(secrets) >= 8
        for text in (out, err, trace.read_text(), saved.read_text()):
            assert not seen(text, (*secrets, API_KEY, OWN, COOKIE))


def titles(app: AuthwalkApp) -> str:
    """What the terminal or a frame has as its title."""
    found = [app.title, app.sub_title]
    for screen in app.screen_stack:
        found += [screen.title or "", screen.sub_title or ""]
        for widget in (screen, *screen.query(Widget)):
            found += [str(widget.border_title or ""), str(widget.border_subtitle or "")]
    return "\n".join(found)


async def test_in_no_title_and_no_crash_of_the_app(
    session: Session, planted: tuple[str, ...]
) -> None:
    app = AuthwalkApp(WireOptions(), session=session)
    async with app.run_test(size=(140, 44)) as pilot:
        await pilot.pause()
        for step in ("client", "token", "connect", "call"):
            app.screen_stack[0].point_at(step)  # type: ignore[attr-defined]
            await pilot.pause()
            assert not seen(titles(app), planted)
        app.report_problem(RuntimeError(f"no {session.events} and {quote(CODE)}"), "testing")
        await pilot.pause()
        assert isinstance(app.screen, TextDialog) and "RuntimeError: no (" in app.screen.text
        assert not seen(app.screen.text, planted)
        assert "RuntimeError" in screen_text(app)


async def test_in_no_words_of_an_app_that_falls(session: Session, planted: tuple[str, ...]) -> None:
    app = AuthwalkApp(WireOptions(), session=session)
    said: list[str] = []
    with pytest.raises(RuntimeError):
        async with app.run_test(size=(140, 44)) as pilot:
            await pilot.pause()
            app.panic = lambda *words: said.extend(map(str, words))  # type: ignore[method-assign]

            def fall() -> None:
                token = ACCESS_TOKEN
                raise RuntimeError(f"{token} was of no use")

            app.call_later(fall)
            await pilot.pause()
            app.exit()
    assert said and "was of no use" in said[0] and "redacted-" in said[0]
    assert not seen("".join(said), planted)
