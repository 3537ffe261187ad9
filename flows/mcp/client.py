"""What the client answers when the server asks: elicitation, sampling, roots.

Before 2026-07-28 the server sends requests on a response stream; since then they come inside an
`input_required` result (MCP Multi Round-Trip Requests). Their params and results are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from flows.facts import Json
from flows.frozen import frozen
from flows.mcp.rpc import METHOD_NOT_FOUND, RpcError
from flows.session import Capability

USER_REJECTED = -1
"""MCP Sampling, Error Handling."""


@frozen
class Stance:
    """How requests are answered where no person is asked.

    `elicit` is what is done with a form or a URL; an object accepts a form with these values, the
    schema's defaults for the rest. None: it was not said.
    """

    declare: tuple[Capability, ...] = ()
    elicit: Literal["accept", "decline", "cancel"] | Json | None = None

    def answer(self, method: str, params: Json) -> Json | RpcError:
        """The result for one request of the server, or the error it gets."""
        match method:
            case "roots/list" if "roots" in self.declare:
                return {"roots": []}
            case "sampling/createMessage" if "sampling" in self.declare:
                return RpcError(USER_REJECTED, "User rejected sampling request")
            case "elicitation/create" if self.elicit is not None:
                return elicited(params, self.elicit)
        return RpcError(METHOD_NOT_FOUND, f"this client has no {method}")

    def responses(self, requests: Json) -> Json | None:
        """The `inputResponses` for `inputRequests`; None when one of them needs a person, as
        there is no place for an error among them."""
        found: dict[str, Any] = {}
        for key, request in requests.items():
            if not isinstance(request, dict) or not isinstance(request.get("method"), str):
                return None
            params = request.get("params")
            result = self.answer(request["method"], params if isinstance(params, dict) else {})
            if isinstance(result, RpcError):
                return None
            found[key] = result
        return found


def elicited(params: Json, elicit: str | Json) -> Json:
    """The ElicitResult for an elicitation (MCP Elicitation, Response Actions).

    A form that is accepted has the schema's defaults in it (SEP-1034). When they leave a required
    member open nobody has made a choice: that is `cancel`.
    """
    if elicit in ("decline", "cancel"):
        return {"action": elicit}
    if params.get("mode", "form") != "form":
        return {"action": "accept"}
    given = elicit if isinstance(elicit, Mapping) else {}
    schema = params.get("requestedSchema")
    schema = schema if isinstance(schema, dict) else {}
    content = {**defaults(schema), **given}
    required = schema.get("required")
    if isinstance(required, list) and any(name not in content for name in required):
        return {"action": "cancel"}
    return {"action": "accept", "content": content}


def defaults(schema: Json) -> dict[str, Any]:
    """The members of a form that its schema has a default for."""
    properties = schema.get("properties")
    parts = properties.items() if isinstance(properties, dict) else ()
    return {name: p["default"] for name, p in parts if isinstance(p, dict) and "default" in p}
