"""Tools of the lab that ask back, beside book_table: for a model's reply, for roots, for a URL to
be opened. In both eras: on the stream up to 2025-11-25, by `input_required` since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import uuid4

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import ListRoots, Resolve, Sample
from mcp_types import (
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestURLParams,
    InputRequiredResult,
    ListRootsResult,
    SamplingMessage,
    TextContent,
    ToolAnnotations,
)

MODERN = "2026-07-28"
LINK = "https://example.com/connect/calendar?account=practice"
QUESTION = "Open this page to connect a calendar. Nothing happens there: it is an example."


async def ask_rhyme(word: str) -> Sample:
    asked = TextContent(type="text", text=f"Name one word that rhymes with {word!r}.")
    return Sample(
        [SamplingMessage(role="user", content=asked)],
        max_tokens=20,
        system_prompt="You are a poet of few words.",
    )


async def rhyme(word: str, reply: Annotated[CreateMessageResult, Resolve(ask_rhyme)]) -> str:
    """Find a rhyme: the server asks the client's model (sampling)."""
    content = reply.content
    said = content.text if isinstance(content, TextContent) else "something that is no text"
    return f"{word} rhymes with {said}, says {reply.model}"


async def ask_roots() -> ListRoots:
    return ListRoots()


async def list_projects(found: Annotated[ListRootsResult, Resolve(ask_roots)]) -> str:
    """List your projects: the server asks for the client's roots."""
    names = [root.name or str(root.uri) for root in found.roots]
    return f"Your projects: {', '.join(names)}" if names else "You have no projects"


async def connect_calendar(ctx: Context[Any, Any]) -> str | InputRequiredResult:
    """Connect a calendar: the server asks you to open a URL (URL elicitation)."""
    if (ctx.protocol_version or "") < MODERN:
        action = (await ctx.elicit_url(QUESTION, LINK, str(uuid4()))).action
    elif (responses := ctx.input_responses) is None:
        request = ElicitRequest(params=ElicitRequestURLParams(message=QUESTION, url=LINK))
        return InputRequiredResult(input_requests={"calendar": request})
    else:
        action = getattr(responses.get("calendar"), "action", "cancel")
    return f"You chose to {action}; no calendar was connected"


ASKING: tuple[tuple[Callable[..., Any], str, ToolAnnotations], ...] = (
    (rhyme, "Find a rhyme", ToolAnnotations(read_only_hint=True)),
    (list_projects, "List your projects", ToolAnnotations(read_only_hint=True)),
    (connect_calendar, "Connect a calendar", ToolAnnotations(read_only_hint=False)),
)
