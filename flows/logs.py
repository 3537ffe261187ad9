"""An authorization server's access log: did the token requests arrive, and what came of them?

    entries(stream)      lines of common, combined, JSON-lines, AWS ALB or HAProxy format
    summarize(entries)   the requests that matter for a connection, by what they are
    attribution(summary) whom that points at, and what to look at next

Reading is streaming: a log of any size takes the memory of what matters in it.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Any, Literal, cast
from urllib.parse import parse_qsl, urlsplit

from flows.frozen import frozen
from flows.session import Party
from flows.text import visible

Role = Literal["authorize", "token", "register", "metadata", "keys", "mcp"]
ROLES: tuple[Role, ...] = ("metadata", "keys", "register", "authorize", "token", "mcp")

MOST_LINE = 64 * 1024
"""Bytes of a line; what is longer is no access log's."""
KEPT = 200
"""Entries of one role that are kept whole, and callers that are told apart; all are counted."""
ASKED: tuple[Role, ...] = ("authorize", "token")
"""What a client asks for one by one, so that its failures are its own."""

_COMBINED = re.compile(
    r'(?P<client>\S+) \S+ (?:\S+|".*?") \[(?P<at>[^\]]+)\] '
    r'"(?P<method>[A-Z]+) (?P<target>\S+)(?: HTTP/[\d.]+)?" (?P<status>\d{3}) \S+'
    r'(?: "[^"]*" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
_REQUEST = r'"(?P<method>[A-Z]+) (?P<target>\S+)(?: HTTP/[\d.]+)?"'
_ALB = re.compile(
    r"(?:https?|h2|grpcs|wss?) (?P<at>\S+) app/\S+ (?P<client>\S+):\d+ \S+(?: -?[\d.]+){3} "
    rf"(?P<status>\d{{3}}) \S+ \d+ \d+ {_REQUEST} "
    r'"(?P<agent>(?:[^"\\]|\\.)*)"'
)
"""Of an AWS Application Load Balancer: type, time, balancer, client, target, three times, the
balancer's status, the target's, bytes, request, User-Agent."""
_HAPROXY = re.compile(
    r".*?haproxy\[\d+\]: (?P<client>\S+):\d+ \[(?P<at>[^\]]+)\] \S+ \S+/\S+ [-+\d/]+ "
    rf"(?P<status>\d{{3}}) .*?{_REQUEST}"
)
"""Of HAProxy's `option httplog`. It knows no time zone and no User-Agent."""
_TIME, _TIME_HERE = "%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S.%f"
"""With the time zone; and without, which is taken for UTC as a balancer's clock mostly is."""
_NAMES: Mapping[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        "at": "time timestamp @timestamp ts time_local time_iso8601 datetime StartUTC",
        "method": "method request_method httpMethod http_method verb RequestMethod",
        "target": "uri request_uri path url target requestPath request_url RequestPath",
        "status": "status status_code statusCode http_status response_code DownstreamStatus",
        "client": "remote_addr remote_ip client_ip ip remoteIp clientip client ClientHost",
        "agent": "user_agent http_user_agent userAgent ua request_User-Agent",
    }.items()
}
"""What programs call the fields of an access log in JSON: nginx, Caddy, Traefik, balancers."""


@frozen
class Entry:
    """One request. `at` is aware, None where the line does not say it in a way that is known."""

    at: datetime | None
    method: str
    target: str
    status: int
    client: str = ""
    agent: str = ""

    @property
    def path(self) -> str:
        try:
            return urlsplit(self.target).path
        except ValueError:
            return self.target.partition("?")[0]

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Those of the query; a log has none of a body's."""
        return tuple(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


@dataclass(slots=True)
class Caller:
    """Who asked one endpoint, by method, path and User-Agent (the address, where a log has no
    User-Agent): every status it got, and its last request, which tells how it ended."""

    role: Role
    last: Entry
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def failed(self) -> bool:
        """Whether its last request failed: a try that was made again and went well did not."""
        return self.last.status >= 400

    @property
    def named(self) -> str:
        """The request and who sent it, fit to be shown."""
        who = self.last.agent or self.last.client
        by = f" by {visible(who, limit=80)}" if who else ""
        return f"{self.last.method} {visible(self.last.path, limit=80)}{by}"


@dataclass(slots=True)
class Summary:
    """What a log holds. `found` are the last KEPT entries of each role, `statuses` counts all.
    `callers` are KEPT of those who asked for what is in ASKED. Of all that only
    the `inside` lines count, at most `within` from `around`; `first` and `last` are the log's."""

    lines: int = 0
    unread: int = 0
    first: datetime | None = None
    last: datetime | None = None
    around: datetime | None = None
    within: timedelta = timedelta(minutes=10)
    inside: int = 0
    found: dict[Role, deque[Entry]] = field(default_factory=dict)
    statuses: dict[Role, Counter[int]] = field(default_factory=dict)
    callers: dict[tuple[str, ...], Caller] = field(default_factory=dict)

    @property
    def unreadable(self) -> bool:
        """Whether there is something in it, and none of it in a format that is known."""
        return 0 < self.lines == self.unread

    def count(self, role: Role) -> int:
        return sum(self.statuses.get(role, Counter()).values())

    def add(self, role: Role, entry: Entry) -> None:
        self.statuses.setdefault(role, Counter())[entry.status] += 1
        self.found.setdefault(role, deque(maxlen=KEPT)).append(entry)
        key = (role, entry.method, entry.path, entry.agent or entry.client)
        if role in ASKED and (key in self.callers or self._has_room(entry)):
            caller = self.callers.setdefault(key, Caller(role, entry))
            caller.last = entry
            caller.statuses[entry.status] += 1

    def _has_room(self, entry: Entry) -> bool:
        """Whether one more caller is kept: whoever fails takes the place of one who did not."""
        if len(self.callers) < KEPT:
            return True
        well = next((key for key, caller in self.callers.items() if not caller.failed), None)
        if well is None or entry.status < 400:
            return False
        del self.callers[well]
        return True


def opened(raw: IO[bytes]) -> IO[bytes]:
    """The stream, unpacked when it is gzip."""
    head = raw.peek(2)[:2] if hasattr(raw, "peek") else b""
    return cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if head == b"\x1f\x8b" else raw


def lines_of(stream: IO[bytes]) -> Iterator[str]:
    """The lines of a log, long ones cut."""
    while line := stream.readline(MOST_LINE):
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def read_line(line: str) -> Entry | None:
    """A line as an entry; None when it is none of the formats."""
    if line.lstrip().startswith("{"):
        return _from_json(line)
    match = _COMBINED.match(line) or _ALB.match(line) or _HAPROXY.match(line)
    if match is None:
        return None
    return Entry(
        _time(match["at"]),
        match["method"],
        match["target"],
        int(match["status"]),
        match["client"],
        match.groupdict().get("agent") or "",
    )


def _from_json(line: str) -> Entry | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    request = value.get("request")
    members = {**value, **request} if isinstance(request, dict) else value
    named = {name: _first(members, keys) for name, keys in _NAMES.items()}
    method, target, status = named["method"], named["target"], named["status"]
    if isinstance(request, str) and not target:  # "POST /token HTTP/1.1", as nginx has it
        method, _, rest = request.partition(" ")
        target = rest.rpartition(" HTTP/")[0] or rest
    try:
        number = int(str(status))
    except ValueError:
        return None
    if not isinstance(method, str) or not isinstance(target, str) or not target:
        return None
    client, agent = named["client"], named["agent"] or _agent(members)
    return Entry(
        _time(named["at"]),
        method.upper(),
        target,
        number,
        client if isinstance(client, str) else "",
        agent if isinstance(agent, str) else "",
    )


def _first(members: Mapping[str, Any], keys: Iterable[str]) -> Any:
    return next((members[key] for key in keys if members.get(key) not in (None, "")), None)


def _agent(members: Mapping[str, Any]) -> Any:
    headers = members.get("headers")
    value = headers.get("User-Agent") if isinstance(headers, dict) else None
    return value[0] if isinstance(value, list) and value else value


def _time(value: object) -> datetime | None:
    """A time as logs write it: the CLF's own, HAProxy's, ISO 8601, or seconds (or milliseconds)
    since the epoch."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        if not isinstance(value, str):
            return None
        if "/" in value:
            found = datetime.strptime(value, _TIME if " " in value else _TIME_HERE)
        else:
            found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def role_of(
    entry: Entry, token_path: str | None = None, mcp_path: str | None = None
) -> Role | None:
    """What a request is for, by its path. A path that is named is the only one of its kind."""
    path = entry.path.rstrip("/")
    last = path.rpartition("/")[2].lower()
    if token_path and path == token_path.rstrip("/"):
        return "token"
    if mcp_path and path == mcp_path.rstrip("/"):
        return "mcp"
    if "/.well-known/" in path:
        return "keys" if "jwks" in last else "metadata"
    names = {name for name, _ in entry.parameters}
    if last in ("authorize", "authorization", "auth") or {"response_type", "client_id"} <= names:
        return "authorize"
    tokens = not token_path and last in ("token", "tokens", "access_token")
    if tokens and entry.method in ("POST", "OPTIONS", "GET"):
        return "token"
    if last in ("register", "registration", "reg"):
        return "register"
    if last in ("jwks", "jwks.json", "certs", "keys"):
        return "keys"
    return "mcp" if not mcp_path and last in ("mcp", "messages", "sse") else None


def summarize(
    lines: Iterable[str],
    *,
    around: datetime | None = None,
    within: timedelta = timedelta(minutes=10),
    token_path: str | None = None,
    mcp_path: str | None = None,
) -> Summary:
    """The requests that matter. With `around`, those at most `within` from it; entries without a
    time count too, since nothing tells them apart."""
    summary = Summary(around=around, within=within)
    for line in lines:
        if not line.strip():
            continue
        summary.lines += 1
        entry = read_line(line)
        if entry is None:
            summary.unread += 1
            continue
        if entry.at:
            summary.first = min(summary.first or entry.at, entry.at)
            summary.last = max(summary.last or entry.at, entry.at)
            if around and abs(entry.at - around) > within:
                continue
        summary.inside += 1
        if role := role_of(entry, token_path, mcp_path):
            summary.add(role, entry)
    return summary


@frozen
class Attribution:
    """Whom the log points at: None where it cannot tell. `says` and `next` are sentences."""

    party: Party | None
    says: str
    next: str


def attribution(summary: Summary) -> Attribution:
    """The tree of CL-01: did POST /token arrive, and with what? The gravest failure decides,
    whoever came after it: a log holds the requests of many clients."""
    if not summary.lines:
        return Attribution(None, "The log is empty.", _ANOTHER_LOG)
    if summary.unreadable:
        return Attribution(None, "No line of this log can be read.", _FORMATS)
    if not summary.inside:
        return Attribution(None, "No line of this log is of the time asked for.", _ANOTHER_TIME)
    place = "part of the log" if summary.around else "log"
    asked = [one for one in summary.callers.values() if one.last.method != "OPTIONS"]
    if worst := max((one for one in asked if one.failed), key=_gravity, default=None):
        return _of_failure(worst)
    posts = [one for one in summary.found.get("token", ()) if one.method == "POST"]
    if not posts:
        if summary.count("authorize"):
            says = "People were sent to the authorization endpoint, and no token request arrived."
            return Attribution("client", says, _NOT_ARRIVED)
        return Attribution(
            None,
            f"Neither authorization nor token requests are in this {place}.",
            _ANOTHER_LOG,
        )
    if summary.count("mcp"):
        refused = [one for one in summary.found["mcp"] if one.status in (401, 403)]
        if refused and summary.found["mcp"][-1].status in (401, 403):
            says = "A token was issued, and the MCP server refused what came after it."
            return Attribution("resource-server", says, _CLAIMS)
        return Attribution(None, "A token was issued, and the MCP server was reached.", _CLAIMS)
    status = posts[-1].status
    says = f"The last token request was answered {status}, and no MCP request is in this {place}."
    return Attribution(None, says, _SILENCE)


def _gravity(caller: Caller) -> tuple[bool, bool, datetime]:
    """A server that broke before a refusal, the token endpoint before the other, the last one."""
    last = caller.last
    token = caller.role == "token" and last.method == "POST"
    return last.status >= 500, token, last.at or datetime.min.replace(tzinfo=UTC)


def _of_failure(caller: Caller) -> Attribution:
    status = caller.last.status
    if status >= 500:
        says = f"{caller.named} was answered {status}: the authorization server broke."
        return Attribution("authorization-server", says, "Look into its own log at that time.")
    says = f"{caller.named} was refused with {status}."
    return Attribution(None, says, _REFUSED if caller.role == "token" else _NOT_AUTHORIZED)


_FORMATS = "The formats are common, combined, JSON lines, AWS ALB and HAProxy, gzip too."
_ANOTHER_LOG = "Look at the log of the host that serves the token endpoint, at the time of the try."
_ANOTHER_TIME = (
    "Name a time that the log spans, as ISO 8601 with its offset from UTC, or more --minutes."
)
_NOT_ARRIVED = (
    "Something between the client and this server may keep it away: look for a blocked User-Agent "
    "(authwalk check URL), a firewall, another host for the token endpoint. Else the client never "
    "sent it."
)
_REFUSED = (
    "invalid_client: how the client authenticates. invalid_grant: the code's age, the redirect "
    "URI, the code verifier. The server's own log has the reason."
)
_NOT_AUTHORIZED = (
    "No code comes of it. The client_id may be unknown here, or the redirect_uri another than the "
    "one registered. The server's own log has the reason."
)
_CLAIMS = "Take the token apart (authwalk token): its iss, aud, exp and scope decide."
_SILENCE = (
    "Look at the MCP server's log. Without a request there, the client could not read the token "
    "response, or something in between keeps the request away: authwalk run URL shows both."
)
