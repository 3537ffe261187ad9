"""One JSON-RPC message as one HTTP request, and its answer out of JSON or an event stream.

Both eras of MCP (see MCP 2026-07-28, Versioning):

    modern   every request carries its version, client and capabilities in `_meta`, mirrored
             into MCP-Protocol-Version, Mcp-Method and Mcp-Name
    legacy   `initialize` opens a session; Mcp-Session-Id and MCP-Protocol-Version follow it
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from flows import __version__
from flows.documents import json_type, read_json
from flows.dpop import credentials
from flows.exchange import Exchange, Headers, Request, header, media_type
from flows.facts import Connection, Facts
from flows.frozen import frozen
from flows.hosts import host_of
from flows.mcp.task import EXTENSION
from flows.sse import ServerSentEvent, parse
from flows.wellknown import resolve

MODERN = "2026-07-28"
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")

_CAPABILITIES: Mapping[str, Mapping[str, Any]] = {
    "roots": {},
    "sampling": {},
    "elicitation": {"form": {}, "url": {}},
}
"""What a client may declare, with the modes that go with it."""

CANCELLED = "notifications/cancelled"
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
URL_ELICITATION_REQUIRED = -32042
HEADER_MISMATCH = -32020
MISSING_CLIENT_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022
MODERN_ERRORS = {
    HEADER_MISMATCH: "HeaderMismatch",
    MISSING_CLIENT_CAPABILITY: "MissingRequiredClientCapability",
    UNSUPPORTED_VERSION: "UnsupportedProtocolVersion",
}

_META = "io.modelcontextprotocol/"
_PLAIN_HEADER = r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?"


@frozen
class Answer:
    """A JSON-RPC response: exactly one of `result`, `error` and `problem` is set."""

    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    problem: str = ""

    @property
    def code(self) -> int | None:
        code = self.error.get("code") if self.error else None
        return code if isinstance(code, int) else None

    @property
    def message(self) -> str:
        """Words for an answer that is no result."""
        if self.error is None:
            return self.problem
        text = self.error.get("message")
        name = MODERN_ERRORS.get(self.code or 0)
        code = f"{self.code} {name}" if name else str(self.error.get("code"))
        return f"JSON-RPC error {code}: {text if isinstance(text, str) else '(no message)'}"


@frozen
class RpcError:
    """A JSON-RPC error that a request of the server is answered with."""

    code: int
    message: str


def capabilities(facts: Facts, *, modern: bool = False) -> Mapping[str, Any]:
    """The client capabilities that this walk declares. Tasks are an extension since 2026-07-28;
    before, whoever only asks for them declares nothing."""
    declare = facts.target.declare
    found: dict[str, Any] = {name: _CAPABILITIES[name] for name in declare if name != "tasks"}
    if modern and "tasks" in declare:
        found["extensions"] = {EXTENSION: {}}
    return found


def client_info(facts: Facts) -> Mapping[str, str]:
    """The name and version that the MCP server is told: those of the host, where known."""
    host = host_of(facts.target)
    name, *version = host.client_info.value if host and host.client_info else ("authwalk",)
    return {"name": name, "version": version[0] if version else __version__}


def modern_request(
    facts: Facts,
    method: str,
    params: Mapping[str, Any],
    version: str = MODERN,
    headers: Headers = (),
) -> Request:
    """A request of revision 2026-07-28 or later (Streamable HTTP, Request Metadata). `headers`
    are the Mcp-Param fields that go with it."""
    meta = {
        f"{_META}protocolVersion": version,
        f"{_META}clientInfo": client_info(facts),
        f"{_META}clientCapabilities": capabilities(facts, modern=True),
        **params.get("_meta", {}),
    }
    if facts.target.log_level:
        meta[f"{_META}logLevel"] = facts.target.log_level
    message = _message(facts.rpc_sent + 1, method, {**params, "_meta": meta})
    extra = [("MCP-Protocol-Version", version), ("Mcp-Method", method)]
    name = params.get("name") or params.get("uri") or params.get("taskId")
    if isinstance(name, str):
        extra.append(("Mcp-Name", header_text(name)))
    return _post(facts, message, (*extra, *headers))


def legacy_request(
    facts: Facts,
    method: str,
    params: Mapping[str, Any] | None,
    connection: Connection | None = None,
    *,
    notification: bool = False,
) -> Request:
    """A request of revision 2025-11-25 or earlier; `connection` once `initialize` was answered."""
    message = _message(None if notification else facts.rpc_sent + 1, method, params)
    return _post(facts, message, _session_headers(connection))


def reply(
    facts: Facts, connection: Connection, rpc_id: str | int, answer: Mapping[str, Any] | RpcError
) -> Request:
    """The answer to a request of the server (2025-11-25 Streamable HTTP, Sending Messages)."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": rpc_id}
    if isinstance(answer, RpcError):
        message["error"] = {"code": answer.code, "message": answer.message}
    else:
        message["result"] = answer
    return _post(facts, message, _session_headers(connection))


def end_of_session(facts: Facts) -> Request | None:
    """The DELETE that ends a session (2025-11-25, Session Management); None where there is no
    session."""
    connection = facts.connection
    if connection is None or not connection.session_id:
        return None
    headers = (*_session_headers(connection), *_credentials(facts, "DELETE", facts.target.url))
    return Request("DELETE", facts.target.url, headers)


def stream(facts: Facts, connection: Connection | None, last_event_id: str = "") -> Request:
    """The GET for a stream of the server's messages (with HTTP+SSE, of all of them), or to take up
    one that broke (2025-11-25, Listening for Messages from the Server, Resumability and
    Redelivery)."""
    headers = [("Accept", "text/event-stream"), *_session_headers(connection)]
    if last_event_id:
        text = last_event_id.encode("utf-8", "replace").decode("latin-1")
        headers.append(("Last-Event-ID", text))
    url = facts.target.url
    return Request("GET", url, (*headers, *_credentials(facts, "GET", url)))


def message_url(facts: Facts) -> str:
    """Where messages are posted: the server's URL, or what its `endpoint` event named."""
    found, url = facts.stream, facts.target.url
    return url if found is None or found.uri is None else resolve(url, found.uri)


def _session_headers(connection: Connection | None) -> Headers:
    found: list[tuple[str, str]] = []
    # MCP-Protocol-Version came with 2025-06-18; older servers ignore it.
    if connection and connection.version >= "2025-06-18":
        found.append(("MCP-Protocol-Version", connection.version))
    if connection and connection.session_id:
        found.append(("Mcp-Session-Id", connection.session_id))
    return tuple(found)


def request(facts: Facts, method: str, params: Mapping[str, Any], headers: Headers = ()) -> Request:
    """A request on the open connection, in its era; `headers` are for the modern one."""
    connection = facts.connection
    if connection and connection.era == "modern":
        return modern_request(facts, method, params, connection.version, headers)
    return legacy_request(facts, method, params, connection)


def header_text(value: str) -> str:
    """A value for Mcp-Name or Mcp-Param: plain when it is safe ASCII, else the Base64 sentinel
    (Streamable HTTP, Value Encoding). A plain value that looks like the sentinel is encoded too."""
    sentinel = value.startswith("=?base64?") and value.endswith("?=")
    if not value or (re.fullmatch(_PLAIN_HEADER, value) and not sentinel):
        return value
    data = value.encode("utf-8", "surrogatepass")  # JSON can name half a character
    return f"=?base64?{b64encode(data).decode()}?="


def _message(
    rpc_id: int | None, method: str, params: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    message: dict[str, Any] = {"jsonrpc": "2.0"}
    if rpc_id is not None:
        message["id"] = rpc_id
    message["method"] = method
    if params is not None:
        message["params"] = params
    return message


def _post(facts: Facts, message: Mapping[str, Any], extra: Headers) -> Request:
    headers = [
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        *extra,
    ]
    body, url = _json(message), message_url(facts)
    headers.extend(_credentials(facts, "POST", url, body))
    return Request("POST", url, tuple(headers), body)


def _credentials(facts: Facts, method: str, url: str, body: bytes = b"") -> Headers:
    """The token, what the person wants on every MCP request, and the host's User-Agent. A token of
    the walk takes the place of credentials of theirs: Authorization can be sent once."""
    found = credentials(facts, method, url, body)
    host, own = host_of(facts.target), facts.target.headers
    if host and host.mcp_user_agent and header(own, "user-agent") is None:
        own = (*own, ("User-Agent", host.mcp_user_agent.value))
    return (*found, *(pair for pair in own if not found or pair[0].lower() != "authorization"))


def _json(message: Mapping[str, Any]) -> bytes:
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a character, which a server's own state may hold
        return json.dumps(message, separators=(",", ":")).encode()


def read_answer(exchange: Exchange, rpc_id: int | None) -> Answer:
    """The JSON-RPC response to `rpc_id` in an exchange, whatever its HTTP status."""
    if exchange.response is None:
        return Answer(problem=exchange.error.text if exchange.error else "no answer")
    response = exchange.response
    if media_type(response.headers) == "text/event-stream":
        for event in parse(response.body):
            if answers(event, rpc_id):
                return _answer(read_json(event.data.encode("utf-8", "replace"))[0])
        broke = f": {exchange.error.text}" if exchange.error else ""
        return Answer(problem=f"the event stream ended without a response to this request{broke}")
    value, problem = read_json(response.body)
    if problem:
        return Answer(problem=problem)
    return _answer(value, rpc_id)


def answers(event: ServerSentEvent, rpc_id: int | None) -> bool:
    """Whether this event of a stream is the JSON-RPC response to `rpc_id`."""
    value, problem = read_json(event.data.encode("utf-8", "replace"))
    if problem or not isinstance(value, dict):
        return False
    return ("result" in value or "error" in value) and value.get("id") == rpc_id


def server_request(event: ServerSentEvent) -> tuple[str | int, str, Mapping[str, Any]] | None:
    """`(id, method, params)` when this event of a stream is a JSON-RPC request of the server."""
    value, problem = read_json(event.data.encode("utf-8", "replace"))
    if problem or not isinstance(value, dict):
        return None
    rpc_id, method, params = value.get("id"), value.get("method"), value.get("params")
    if not isinstance(method, str) or not isinstance(rpc_id, str | int):
        return None
    return rpc_id, method, params if isinstance(params, dict) else {}


def withdrawn(event: ServerSentEvent) -> str | int | None:
    """The id of the request that the server takes back with this event of a stream (MCP
    Cancellation), if it does."""
    value, problem = read_json(event.data.encode("utf-8", "replace"))
    if problem or not isinstance(value, dict) or value.get("method") != "notifications/cancelled":
        return None
    params = value.get("params")
    rpc_id = params.get("requestId") if isinstance(params, dict) else None
    return rpc_id if isinstance(rpc_id, str | int) else None


def method_of(event: ServerSentEvent) -> str:
    """The method of the JSON-RPC request or notification in an event; "" where there is none."""
    value, _ = read_json(event.data.encode("utf-8", "replace"))
    method = value.get("method") if isinstance(value, dict) else None
    return method if isinstance(method, str) else ""


def is_reply(request: Request) -> bool:
    """Whether a request of the record is an answer of ours to the server."""
    value, _ = read_json(request.body)
    return (
        isinstance(value, dict) and "method" not in value and bool({"result", "error"} & {*value})
    )


def is_aside(request: Request) -> bool:
    """Whether a request of the record asks the server for nothing: an answer of ours, a
    notification, the end of the session."""
    if request.method == "DELETE":
        return True
    value, _ = read_json(request.body)
    return is_reply(request) or (isinstance(value, dict) and value.get("id") is None)


def _answer(value: Any, rpc_id: int | None = None) -> Answer:
    if not isinstance(value, dict):
        return Answer(problem=f"a JSON {json_type(value)} where a JSON-RPC object belongs")
    error, result = value.get("error"), value.get("result")
    if isinstance(error, dict):
        return Answer(error=error)
    if rpc_id is not None and value.get("id") != rpc_id:
        return Answer(problem=f"answers id {value.get('id')!r}, not {rpc_id}")
    if isinstance(result, dict):
        return Answer(result=result)
    return Answer(problem="neither `result` nor `error` object in the JSON-RPC response")


def session_id(exchange: Exchange) -> str | None:
    """The Mcp-Session-Id that an `initialize` answer gave, if any."""
    return header(exchange.response.headers, "mcp-session-id") if exchange.response else None
