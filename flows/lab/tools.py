"""The MCP server of the lab: the official SDK, with tools worth calling."""

from __future__ import annotations

import asyncio
import logging
import struct
import zlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import Elicit, Resolve
from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
    ToolAnnotations,
)
from pydantic import BaseModel, Field

from flows import __version__
from flows.lab.asking import ASKING
from flows.lab.tasks import Tasks, brew_tea
from flows.lab.utilities import ABOUT, Utilities

if TYPE_CHECKING:
    from flows.lab.faults import Switchboard

ADMIN_TOOLS = frozenset({"wipe_notes"})
"""Tools that ask for the scope mcp:admin."""

STEP_SECONDS = 0.2
READS = ToolAnnotations(read_only_hint=True)
NOTES = {
    "welcome": "The lab keeps three notes. Search them, or wipe them if you may.",
    "pkce": "A code verifier has 43 to 128 characters; its challenge is their SHA-256.",
    "aud": "A token is for the resource that its aud names, and for nobody else.",
}


CLAIMS = {
    "aud": ("a resource server", "a developer"),
    "exp": ("an operator", "a developer"),
    "iss": ("an authorization server", "a developer"),
    "scope": ("a product manager", "a developer"),
    "sub": ("a privacy officer", "a developer"),
}
"""Claims of an access token, and who likes to have them explained."""


class Attendee(BaseModel):
    name: str = Field(min_length=1)
    email: str | None = None
    role: Literal["host", "guest"] = "guest"


class Place(BaseModel):
    street: str
    city: str


class Report(BaseModel):
    """The weather somewhere, made up but always the same."""

    region: str
    celsius: float
    sky: Literal["clear", "cloudy", "rain"]
    next_days: list[float] = Field(description="Degrees Celsius of the next three days")


class Party(BaseModel):
    guests: int = Field(ge=1, le=12, description="How many people come")
    outside: bool = Field(default=False, description="A table in the garden")


async def echo(text: Annotated[str, Field(description="What to say", min_length=1)]) -> str:
    """Say the text back."""
    return text


async def add(
    a: Annotated[int, Field(ge=-1000, le=1000)], b: Annotated[int, Field(ge=-1000, le=1000)]
) -> int:
    """Add two whole numbers between -1000 and 1000."""
    return a + b


async def convert_temperature(
    value: Annotated[float, Field(description="Degrees in the other scale")],
    to: Annotated[Literal["celsius", "fahrenheit"], Field(description="The scale wanted")],
) -> float:
    """Convert degrees between Celsius and Fahrenheit."""
    return (value - 32) * 5 / 9 if to == "celsius" else value * 9 / 5 + 32


async def search_notes(
    query: str,
    limit: Annotated[int, Field(ge=1, le=50, description="Most notes to return")] = 10,
    names: Annotated[list[str] | None, Field(description="Look only in these notes")] = None,
    whole_words: bool = False,
) -> list[str]:
    """Find notes that hold a text."""

    def holds(text: str) -> bool:
        wanted, text = query.lower(), text.lower()
        return wanted in text.split() if whole_words else wanted in text

    found = [n for n, text in NOTES.items() if holds(text) and (names is None or n in names)]
    return found[:limit]


async def plan_event(
    title: Annotated[str, Field(min_length=1, max_length=80)],
    day: Annotated[date, Field(description="When, as YYYY-MM-DD")],
    place: Place,
    attendees: list[Attendee],
    reminder_days: Annotated[int, Field(ge=0, le=30)] = 1,
) -> str:
    """Plan an event: takes a date, an object and an array of objects."""
    who = ", ".join(attendee.name for attendee in attendees) or "nobody"
    reminder = day - timedelta(days=reminder_days)
    return f"{title} on {day} in {place.city} with {who}; reminder on {reminder}"


async def weather(
    region: Annotated[
        Literal["north", "south", "east", "west"],
        Field(
            description="Also sent as the header field Mcp-Param-Region since 2026-07-28",
            json_schema_extra={"x-mcp-header": "Region"},
        ),
    ],
) -> Report:
    """The weather of a region, as structured content with an output schema."""
    degrees = {"north": 4.5, "south": 27.0, "east": 12.25, "west": 15.0}[region]
    days = [degrees + step for step in (0.5, 1.0, -0.5)]
    return Report(region=region, celsius=degrees, sky="cloudy", next_days=days)


async def count(
    ctx: Context[Any, Any], to: Annotated[int, Field(ge=1, le=50, description="Last number")] = 5
) -> str:
    """Count, with a progress notification for every number on the event stream."""
    for number in range(1, to + 1):
        await ctx.report_progress(number, to, f"{number} of {to}")
        await asyncio.sleep(STEP_SECONDS)
    return f"counted to {to}"


async def chart(
    values: Annotated[list[float], Field(min_length=1, max_length=64)],
    colour: Literal["blue", "green", "red"] = "blue",
) -> Image:
    """Draw a bar chart as a PNG image."""
    return Image(data=_bars(values, colour), format="png")


async def fail(reason: str = "because it was asked to") -> str:
    """Always report a tool error: a result with isError, not a protocol error."""
    raise ToolError(f"This tool always fails: {reason}")


async def sleep(seconds: Annotated[float, Field(ge=0, le=60)] = 3.0) -> str:
    """Answer after a while, silently."""
    await asyncio.sleep(seconds)
    return f"slept {seconds:g} s"


async def whoami() -> dict[str, Any]:
    """The claims of the access token that this call came with."""
    token = get_access_token()
    return dict(token.claims or {}) if token else {}


async def wipe_notes(confirm: bool) -> str:
    """Pretend to delete every note. Needs the scope mcp:admin."""
    return "All notes are gone (not really)" if confirm else "Nothing was deleted"


async def ask_party() -> Elicit[Party]:
    return Elicit("How many are you, and where do you want to sit?", Party)


async def book_table(day: date, party: Annotated[Party, Resolve(ask_party)]) -> str:
    """Book a table: the server asks the client for what is missing (elicitation)."""
    where = "in the garden" if party.outside else "inside"
    return f"A table for {party.guests} {where} on {day}"


TOOLS: tuple[tuple[Callable[..., Any], str, ToolAnnotations], ...] = (
    (echo, "Echo", READS),
    (add, "Add", READS),
    (convert_temperature, "Convert a temperature", READS),
    (search_notes, "Search the notes", READS),
    (plan_event, "Plan an event", ToolAnnotations(read_only_hint=False, idempotent_hint=True)),
    (weather, "Weather", READS),
    (count, "Count with progress", READS),
    (chart, "Draw a chart", READS),
    (fail, "Fail", READS),
    (sleep, "Sleep", READS),
    (whoami, "Who am I", READS),
    (wipe_notes, "Wipe the notes", ToolAnnotations(destructive_hint=True)),
    (book_table, "Book a table", ToolAnnotations(read_only_hint=False)),
    *ASKING,
    (brew_tea, "Brew tea", ToolAnnotations(read_only_hint=False)),
)


def mcp_server(faults: Switchboard, utilities: Utilities) -> MCPServer[Any]:
    """A server with the tools, resources and prompts of the lab; `faults` may edit any result."""

    async def faulty(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        place = f"mcp {ctx.method}"
        if result is None or not faults.hooks("edit", place):
            return result
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        edited: dict[str, Any] = faults.edited(place, result)
        return edited

    # The SDK configures the root logger unless it has a handler already.
    root, nowhere = logging.getLogger(), logging.NullHandler()
    root.addHandler(nowhere)
    try:
        server: MCPServer[Any] = MCPServer(
            "authwalk-lab",
            title="authwalk practice server",
            instructions="Tools to practise on. Nothing here is real; whoami shows your token.",
            version=__version__,
            middleware=[faulty, utilities.middleware, Tasks()],
            subscriptions=utilities.bus,
        )
    finally:
        root.removeHandler(nowhere)
    for function, title, hints in TOOLS:
        server.add_tool(function, title=title, annotations=hints)
    _add_resources(server, utilities)
    _add_prompts(server)
    _add_completions(server)
    return server


def _add_resources(server: MCPServer[Any], utilities: Utilities) -> None:
    @server.resource(ABOUT, title="About the lab", mime_type="text/plain")
    def about() -> str:
        """What this server is for, and how often its tools were called."""
        text = "A practice server of authwalk. It holds nothing of value and forgets everything."
        return f"{text}\nCalls of tools so far: {utilities.calls}"

    @server.resource("lab://notes/{name}", title="A note", mime_type="text/plain")
    def note(name: str) -> str:
        """One of the notes: welcome, pkce or aud."""
        return NOTES.get(name, "There is no such note")

    @server.resource("lab://logo.png", title="A small picture", mime_type="image/png")
    def logo() -> bytes:
        """Three bars."""
        return _bars([1, 3, 2], "green")


def _add_prompts(server: MCPServer[Any]) -> None:
    @server.prompt(title="Explain a token")
    def explain_token(claim: str, audience: str = "a developer") -> str:
        """Ask for an explanation of one claim."""
        return f"Explain the claim {claim!r} of an access token to {audience}."

    @server.prompt(title="Greeting")
    def greeting() -> str:
        """A prompt without arguments."""
        return "Say hello to the person at the terminal."


def _add_completions(server: MCPServer[Any]) -> None:
    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        """The notes by name; claims; and, as the claim decides, who should know of it."""
        known: dict[str, list[str]] = {"name": [*NOTES], "claim": [*CLAIMS]}
        decided = context.arguments if context and context.arguments else {}
        known["audience"] = list(CLAIMS.get(decided.get("claim", ""), ("a developer",)))
        found = [v for v in known.get(argument.name, ()) if v.startswith(argument.value)]
        return Completion(values=found, total=len(found), has_more=False)

    server.completion()(complete)  # type: ignore[no-untyped-call]


def _bars(values: list[float], colour: str) -> bytes:
    """A PNG (ISO 15948) of one bar a value, 8 pixels wide and up to 48 high."""
    rgb = {"blue": b"\x24\x56\xd6", "green": b"\x2f\x9e\x57", "red": b"\xd1\x3b\x3b"}[colour]
    top = max(max(values), 0.0) or 1.0
    heights = [round(48 * max(value, 0.0) / top) for value in values]
    rows = b"".join(
        b"\x00"  # filter type None
        + b"".join(
            (rgb * 6 if 48 - y <= height else b"\xff" * 18) + b"\xff" * 6 for height in heights
        )
        for y in range(48)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 8 * len(values), 48, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
