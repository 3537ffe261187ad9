from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from textual.pilot import Pilot
from textual.widgets import Static

from flows.session import Target
from flows.text import visible
from tests.flows.world import ISSUER, METADATA, REDIRECT, World, answer
from tests.hostile import HOSTILE
from tests.tui.painted import Host, painted, paste, settled
from tui.widgets.client_panel import ClientPanel
from tui.widgets.value_input import ValueInput


def asking(**metadata: object) -> World:
    """A walk that stands at the client, as the server offers no registration."""
    world = World()
    document = {**METADATA, "registration_endpoint": None, **metadata}
    world.routes[f"GET {ISSUER}/.well-known/oauth-authorization-server"] = answer(200, document)
    world.walk(until="client")
    world.perform(world.move("client"))  # type: ignore[arg-type]
    return world


WORLD = asking()


class PanelHost(Host):
    def __init__(self) -> None:
        super().__init__(ClientPanel)

    @property
    def panel(self) -> ClientPanel:
        return self.query_one(ClientPanel)

    @property
    def answers(self) -> list[tuple[str, str]]:
        return [
            (posted.client_id, posted.client_secret)
            for posted in self.posted
            if isinstance(posted, ClientPanel.Answered)
        ]

    def on_client_panel_answered(self, event: ClientPanel.Answered) -> None:
        self.posted.append(event)

    def says(self) -> str:
        return str(self.panel.query_one("#client-words", Static).content)

    def field(self, name: str) -> ValueInput:
        return self.panel.query_one(f"#client-{name}", ValueInput)


@asynccontextmanager
async def entering(world: World = WORLD) -> AsyncIterator[tuple[PanelHost, Pilot[None]]]:
    app = PanelHost()
    async with app.run_test(size=(54, 20)) as pilot:
        app.panel.show(world.facts)
        app.field("id").focus()
        await settled(pilot)
        yield app, pilot


async def test_it_says_where_to_register_and_copies_the_redirect_uri() -> None:
    async with entering() as (app, pilot):
        seen = painted(app)
        assert ISSUER in seen
        assert REDIRECT in seen
        await pilot.press("ctrl+y")
        assert app.copied == [REDIRECT]


async def test_a_public_client_has_an_identifier_alone() -> None:
    async with entering() as (app, pilot):
        assert "public client" in app.says()
        await pilot.press(*"my-client", "enter", "enter")
        assert app.answers == [("my-client", "")]


async def test_the_secret_is_hidden_until_asked_for_and_its_way_is_named() -> None:
    async with entering() as (app, pilot):
        await pilot.press(*"c", "enter", *"s3cret")
        await settled(pilot)
        assert "client_secret_basic" in app.says()
        assert "s3cret" not in painted(app)
        await pilot.press("ctrl+t")
        assert "s3cret" in painted(app)
        await pilot.press("tab", "enter")
        assert app.answers == [("c", "s3cret")]
        assert "s3cret" not in repr(app.posted)


async def test_the_way_of_the_secret_follows_the_metadata() -> None:
    world = asking(token_endpoint_auth_methods_supported=["client_secret_post"])
    async with entering(world) as (app, pilot):
        await pilot.press("tab", "x")
        assert "client_secret_post" in app.says()


async def test_white_space_around_is_pointed_out_and_kept() -> None:
    async with entering() as (app, pilot):
        await pilot.press("c", "tab")
        await paste(pilot, "s3cret\n")
        assert "The secret begins or ends with white space" in app.says()
        await pilot.press("enter")
        assert app.answers == [("c", "s3cret\n")]


async def test_without_an_identifier_nothing_is_sent() -> None:
    async with entering() as (app, pilot):
        await pilot.press("tab", "x", "enter")
        assert "A client identifier is needed." in app.says()
        assert app.answers == []
        assert app.focused is app.field("id")


async def test_what_was_typed_stays_while_the_redirect_uri_does() -> None:
    async with entering() as (app, pilot):
        await pilot.press("a")
        app.panel.show(WORLD.facts)
        assert app.field("id").text == "a"
        app.panel.show(replace(WORLD.facts, redirect_uri="http://127.0.0.1:1/callback"))
        assert app.field("id").text == ""


async def test_the_field_is_left_by_key() -> None:
    async with entering() as (app, pilot):
        await pilot.press("ctrl+g")
        assert app.focused is None


async def test_hostile_text_is_shown_harmless() -> None:
    async with entering() as (app, pilot):
        for text in HOSTILE:
            app.panel.show(replace(WORLD.facts, redirect_uri=f"https://h.example/{text}"))
            await paste(pilot, text)
            seen = painted(app)
            assert visible(seen, lines=True) == seen
            app.field("id").text = ""


async def test_a_document_is_offered_to_a_server_on_this_machine_alone() -> None:
    taken = {"client_id_metadata_document_supported": True}
    local = replace(asking(**taken).facts, target=Target("http://127.0.0.1:9000/mcp"))
    async with entering(asking(**taken)) as (app, pilot):
        assert "Metadata Document" not in painted(app)
        here = replace(
            local.server_tried[-1],
            document={**(local.server_tried[-1].document or {}), "issuer": "http://127.0.0.1:1"},
        )
        app.panel.show(replace(local, server_tried=(here,)))
        await settled(pilot)
        assert "Metadata Document" in painted(app)
        app.panel.query_one("#client-serve").focus()
        await pilot.press("enter")
        assert app.answers == []
