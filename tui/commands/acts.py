"""What `run` does on the connection: the acts its options ask for, and how the server's own
requests are answered without a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flows.catalogue import completion_params, reference
from flows.documents import read_json
from flows.facts import Facts, Json
from flows.mcp.client import Stance
from flows.mcp.rpc import RpcError
from flows.session import Capability
from flows.text import visible
from tui.commands import usage
from tui.console import Console

OPTIONS = {
    "tools/call": "--call",
    "resources/read": "--read",
    "prompts/get": "--prompt",
    "completion/complete": "--complete",
    "": "--send",
}
"""The option for each method; --send names its own."""
ACTIONS = ("accept", "decline", "cancel")

Values = Mapping[str, str]
"""What the person would have chosen, as the call step records it."""


def act_of(method: str, text: str) -> Values:
    """`URI` of --read; else `NAME` or `NAME=JSON`, the JSON an object. Raises Failure."""
    option = OPTIONS[method]
    if method == "resources/read":
        if not text:
            raise usage(f"{option} wants a URI")
        return {"method": method, "uri": text}
    if method == "completion/complete":
        return {"method": method, "arguments": json.dumps(_completion(text, option))}
    name, equals, arguments = text.partition("=")
    if not name:
        wants = "METHOD or METHOD=JSON" if not method else "NAME or NAME=JSON"
        raise usage(f"{option} wants {wants}, not {visible(text, limit=80)}")
    if equals:
        _object(arguments, f"{option} {visible(name)}", "the arguments are no JSON object")
    arguments = arguments if equals else "{}"
    if not method:
        return {"method": name, "arguments": arguments}
    values = {"name": name, "arguments": arguments}
    return values if method == "tools/call" else {"method": method, **values}


UNATTENDED: tuple[Capability, ...] = ("tasks",)
"""What `run` declares unless told otherwise: what needs nobody to answer."""


def _completion(text: str, option: str) -> Json:
    """`REF=JSON`, where the JSON names arguments and what they begin with: the last is completed,
    the others are its context. REF is a prompt's name or a URI template, which may hold "="."""
    at = text.find("=")
    while at > 0:
        found, problem = read_json(text[at + 1 :].encode("utf-8", "surrogateescape"))
        if not problem and isinstance(found, dict) and found:
            if all(isinstance(value, str) for value in found.values()):
                return completion_params(reference(text[:at]), found)
        at = text.find("=", at + 1)
    raise usage(
        f"""{option} wants REF={{"ARGUMENT": "PREFIX"}}, texts all, not {visible(text, limit=80)}"""
    )


def subscriptions(facts: Facts, uris: Sequence[str], listen: bool) -> Iterator[Values]:
    """The acts that have the server say what changes: since 2026-07-28 one for all of it, before
    that one for each resource."""
    connection = facts.connection
    if connection is None or connection.era == "legacy":
        yield from ({"method": "resources/subscribe", "uri": uri} for uri in uris)
        return
    wishes: dict[str, Any] = {
        f"{kind}ListChanged": True
        for kind in ("tools", "prompts", "resources")
        if isinstance(declared := connection.capabilities.get(kind), dict)
        and declared.get("listChanged") is True
    }
    if uris:
        wishes["resourceSubscriptions"] = list(uris)
    if wishes and (uris or listen):
        yield {"method": "subscriptions/listen", "arguments": json.dumps(wishes)}


def stance_of(elicit: str | None, declare: Iterable[Capability] | None) -> Stance:
    """How the server is answered. Who answers elicitations declares them too. Raises Failure."""
    declared = UNATTENDED if declare is None else tuple(declare)
    if elicit is None:
        return Stance(declared)
    if "elicitation" not in declared:
        declared = (*declared, "elicitation")
    if elicit in ACTIONS:
        return Stance(declared, elicit)  # type: ignore[arg-type]
    problem = f"wants {', '.join(ACTIONS)} or a JSON object"
    return Stance(declared, _object(elicit, "--elicit", problem))


def _object(text: str, where: str, otherwise: str) -> Json:
    value, problem = read_json(text.encode("utf-8", "surrogateescape"))
    if problem or not isinstance(value, dict):
        raise usage(f"{where}: {problem or otherwise}")
    return value


class Answering:
    """Answers the requests of the server by a stance, and says on the console what a person
    ought to see of them."""

    def __init__(self, stance: Stance, console: Console) -> None:
        self._stance = stance
        self._console = console

    async def respond(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any] | RpcError:
        """For requests on a response stream."""
        self._mention(method, params)
        return self._stance.answer(method, params)

    def responses(self, requests: Json) -> str | None:
        """For `inputRequests`: the `inputResponses` as JSON, or None when a person is needed."""
        for request in requests.values():
            if isinstance(request, dict) and isinstance(params := request.get("params"), dict):
                self._mention(request.get("method"), params)
        found = self._stance.responses(requests)
        return None if found is None else json.dumps(found, ensure_ascii=False)

    def _mention(self, method: object, params: Mapping[str, Any]) -> None:
        if method != "elicitation/create":
            return
        words = [params.get("message"), params.get("url") if params.get("mode") == "url" else ""]
        said = " ".join(visible(word) for word in words if isinstance(word, str) and word)
        self._console.tell(f"  The server asks: {said}")
