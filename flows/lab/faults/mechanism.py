"""What a fault is: a name, the step and party it belongs to, and hooks into the lab.

A hook is a pure function at one named place:

    edit    document -> document    a document the lab is about to serialise
    refuse  Call -> Reply | None    before an endpoint acts; a Reply is sent instead
    reply   Reply -> Reply          after an endpoint acted; status, header fields and bytes

Places of `edit`: resource-metadata, server-metadata, keys, client (registration response), token
(token response), refresh (token response to a refresh_token grant), callback (authorization
response parameters), claims, jose-header, jwt (the compact serialisation), introspection, and
"mcp METHOD" for the result of a JSON-RPC method, and "guard NAME" for whether something is refused
that must be (True, unless a fault says otherwise). Places of `refuse` and `reply` are endpoints:
resource-metadata, server-metadata, keys, register, authorize, token, revoke, introspect, mcp.

Adding a fault is adding one entry to a list; nothing here imports a server library.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import Any, Literal, TypeVar

from flows.frozen import frozen
from flows.session import Party, StepId

Step = StepId | Literal["introspect", "revoke"]

T = TypeVar("T")
Document = dict[str, Any]
Fields = tuple[tuple[str, str], ...]
Endpoint = Literal[
    "resource-metadata",
    "server-metadata",
    "keys",
    "register",
    "authorize",
    "token",
    "revoke",
    "introspect",
    "mcp",
]


@frozen
class Call:
    """A request as an endpoint received it: enough to decide whether to refuse it.

    `parameters` are those of the query and of a form body, `document` is a JSON body that holds an
    object; `headers` have lower-case names.
    """

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    document: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Reply:
    """A complete HTTP response. `delay` seconds pass before its first byte is sent."""

    status: int
    headers: Fields
    body: bytes = field(default=b"", repr=False)
    delay: float = 0.0

    def with_header(self, name: str, value: str) -> Reply:
        return replace(self, headers=(*self.without(name).headers, (name, value)))

    def without(self, *names: str) -> Reply:
        gone = {name.lower() for name in names}
        return replace(self, headers=tuple(f for f in self.headers if f[0].lower() not in gone))


@frozen
class Hook:
    kind: Literal["edit", "refuse", "reply"]
    on: str
    change: Callable[[Any], Any]


@frozen
class Fault:
    """One named way for the lab to misbehave.

    `step` is where a client first meets it and `party` who is to blame. A `legal` fault breaks no
    standard, yet real clients are known to stumble over it.
    """

    name: str
    summary: str
    step: Step
    party: Party
    hooks: tuple[Hook, ...]
    legal: bool = False


def edit(on: str, change: Callable[[Any], Any]) -> Hook:
    return Hook("edit", on, change)


def refuse(on: Endpoint, change: Callable[[Call], Reply | None]) -> Hook:
    return Hook("refuse", on, change)


def reply(on: Endpoint, change: Callable[[Reply], Reply]) -> Hook:
    return Hook("reply", on, change)


def without(*names: str) -> Callable[[Document], Document]:
    """A document without these members."""
    return lambda document: {key: value for key, value in document.items() if key not in names}


def having(**members: Any) -> Callable[[Document], Document]:
    """A document with these members set; a callable value is given the old one."""

    def change(document: Document) -> Document:
        new = {
            name: value(document.get(name)) if callable(value) else value
            for name, value in members.items()
        }
        return {**document, **new}

    return change


def json_reply(status: int, document: object, *headers: tuple[str, str]) -> Reply:
    fields = (("content-type", "application/json"), ("cache-control", "no-store"), *headers)
    return Reply(status, fields, json.dumps(document).encode())


def html_reply(status: int, body: str, *headers: tuple[str, str]) -> Reply:
    return Reply(status, (("content-type", "text/html; charset=utf-8"), *headers), body.encode())


def oauth_error(status: int, error: str, description: str) -> Reply:
    """An error as RFC 6749 section 5.2 has it."""
    return json_reply(status, {"error": error, "error_description": description})


def always(answer: T) -> Callable[[object], T]:
    return lambda _: answer


def when_granting(grant_type: str, answer: Reply) -> Callable[[Call], Reply | None]:
    """Refuses token requests of one grant type and lets the others pass."""
    return lambda call: answer if call.parameters.get("grant_type") == grant_type else None


def with_token(answer: Reply) -> Callable[[Call], Reply | None]:
    """Refuses requests that carry credentials and lets the others pass."""
    return lambda call: answer if "authorization" in call.headers else None


def in_json(change: Callable[[Document], Document]) -> Callable[[Reply], Reply]:
    """A change of the JSON object in a reply; replies of other kinds pass unchanged."""

    def change_reply(answer: Reply) -> Reply:
        try:
            document = json.loads(answer.body)
        except ValueError:
            return answer
        if not isinstance(document, dict):
            return answer
        return replace(answer, body=json.dumps(change(document)).encode())

    return change_reply


class UnknownFault(ValueError):
    """A fault was asked for that is not in the registry; `names` are the unknown ones."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"unknown fault: {', '.join(self.names)}")


class Switchboard:
    """Which faults are on, shared by both servers and switchable while they run."""

    def __init__(self, known: Iterable[Fault]) -> None:
        self.known = {fault.name: fault for fault in known}
        self.names: tuple[str, ...] = ()

    def set(self, names: Iterable[str]) -> None:
        """Turn exactly these faults on. Raises UnknownFault and changes nothing otherwise."""
        wanted = tuple(dict.fromkeys(names))
        if unknown := [name for name in wanted if name not in self.known]:
            raise UnknownFault(unknown)
        self.names = wanted

    def hooks(self, kind: str, on: str) -> list[Callable[[Any], Any]]:
        return [
            hook.change
            for name in self.names
            for hook in self.known[name].hooks
            if hook.kind == kind and hook.on == on
        ]

    def guards(self, name: str) -> bool:
        """Whether the lab refuses what it must, as far as this guard goes."""
        return bool(self.edited(f"guard {name}", True))

    def edited(self, on: str, document: Any) -> Any:
        """`document` after every edit that is on, in the order the faults were named."""
        for change in self.hooks("edit", on):
            document = change(document)
        return document
