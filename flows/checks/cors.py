"""CORS: what a browser-based client needs (Fetch, CORS protocol). Hosts that call from their own
servers, as ChatGPT and Claude do, need none of it, and no OAuth standard demands it."""

from __future__ import annotations

from dataclasses import replace

from flows.checks.kernel import Outcome, Outcomes, at, check, failed, passed, skipped
from flows.checks.record import Record
from flows.exchange import Exchange, Headers, header
from flows.probes.browser import MCP_FIELDS
from flows.recorded import BROWSER, MCP_STEPS, PREFLIGHT
from flows.session import Exchanged, Party
from flows.steps.challenge import unanswered

ALLOW_ORIGIN = "header Access-Control-Allow-Origin"
ALLOW_HEADERS = "header Access-Control-Allow-Headers"
EXPOSE = "header Access-Control-Expose-Headers"
BROWSER_ONLY = "browser-based clients such as MCP Inspector cannot"


def _field(exchange: Exchange, name: str) -> str:
    return (header(exchange.response.headers, name) if exchange.response else None) or ""


def _names(headers: Headers, name: str) -> frozenset[str]:
    found = header(headers, name) or ""
    return frozenset(part.strip().lower() for part in found.split(",") if part)


def _origin_allowed(exchange: Exchange) -> bool:
    asked = header(exchange.request.headers, "origin")
    return _field(exchange, "access-control-allow-origin") in ("*", asked)


def _preflight(event: Exchanged, needs: frozenset[str], what: str) -> Outcome:
    exchange = event.exchange
    if exchange.response is None:
        return skipped("the probe was not answered")
    if not 200 <= exchange.response.status < 300:
        words = f"The preflight is answered {exchange.response.status}: {BROWSER_ONLY} {what}."
        return failed(words, at(exchange, "status"))
    if not _origin_allowed(exchange):
        words = f"The preflight allows no other origin: {BROWSER_ONLY} {what}."
        return failed(words, at(exchange, ALLOW_ORIGIN))
    allowed = _names(exchange.response.headers, "access-control-allow-headers")
    # A star does not cover Authorization (Fetch, CORS non-wildcard request-header name).
    covered = needs - {"authorization"} if "*" in allowed else frozenset[str]()
    if missing := needs - allowed - covered:
        words = f"The preflight does not allow {', '.join(sorted(missing))}: {BROWSER_ONLY} {what}."
        return failed(words, at(exchange, ALLOW_HEADERS))
    return passed(at(exchange, ALLOW_HEADERS))


def _asked_of_mcp(record: Record) -> tuple[Exchanged, ...]:
    """The probes of the MCP server; none where no MCP server is at the URL."""
    return () if unanswered(record.facts) else record.probes("cors-mcp")


@check(
    "CORS-01",
    "challenge",
    "resource-server",
    "info",
    "a page elsewhere may speak to the MCP server",
    "Fetch, CORS-preflight fetch",
    "Answer OPTIONS on the MCP endpoint before authorization, and allow the fields MCP needs.",
)
def mcp_allows_pages(record: Record) -> Outcomes:
    for event in _asked_of_mcp(record):
        if event.label == "preflight":
            yield _preflight(event, frozenset(MCP_FIELDS), "call the MCP server")


@check(
    "CORS-02",
    "challenge",
    "resource-server",
    "info",
    "a page elsewhere may read the challenge",
    "Fetch, CORS protocol",
    "Send Access-Control-Allow-Origin and Access-Control-Expose-Headers: WWW-Authenticate, "
    "Mcp-Session-Id with every answer.",
)
def challenge_is_exposed(record: Record) -> Outcomes:
    for event in _asked_of_mcp(record):
        exchange = event.exchange
        if event.label != "request" or exchange.response is None:
            continue
        exposed = _names(exchange.response.headers, "access-control-expose-headers")
        if not _origin_allowed(exchange):
            words = f"The answer allows no other origin: {BROWSER_ONLY} read it."
            yield failed(words, at(exchange, ALLOW_ORIGIN))
        elif exchange.status == 401 and not exposed & {"www-authenticate", "*"}:
            words = f"The 401 does not expose WWW-Authenticate: {BROWSER_ONLY} see the challenge."
            yield failed(words, at(exchange, EXPOSE))
        else:
            yield passed(at(exchange, EXPOSE))


@check(
    "CORS-03",
    "server-metadata",
    "authorization-server",
    "info",
    "a page elsewhere may read the metadata and the keys",
    "Fetch, CORS protocol",
    "Send Access-Control-Allow-Origin: * with these public documents.",
)
def documents_are_readable(record: Record) -> Outcomes:
    for event in record.probes("cors-documents"):
        exchange = event.exchange
        if exchange.response is None:
            yield skipped("the probe was not answered")
        elif _origin_allowed(exchange):
            yield passed(at(exchange, ALLOW_ORIGIN))
        else:
            words = f"The {event.label} allows no other origin: {BROWSER_ONLY} read it."
            yield failed(words, at(exchange, ALLOW_ORIGIN))


@check(
    "CORS-04",
    "token",
    "authorization-server",
    "info",
    "a page elsewhere may exchange a code",
    "Fetch, CORS-preflight fetch",
    "Answer OPTIONS on the token endpoint and allow other origins: public clients need no cookie.",
)
def token_endpoint_allows_pages(record: Record) -> Outcomes:
    for event in record.probes("cors-endpoints"):
        if event.label == "token_endpoint":
            yield _preflight(event, frozenset({"content-type"}), "exchange a code")


@check(
    "CORS-05",
    "client",
    "authorization-server",
    "info",
    "a page elsewhere may register a client",
    "Fetch, CORS-preflight fetch",
    "Answer OPTIONS on the registration endpoint and allow other origins.",
)
def registration_allows_pages(record: Record) -> Outcomes:
    for event in record.probes("cors-endpoints"):
        if event.label == "registration_endpoint":
            yield _preflight(event, frozenset({"content-type"}), "register")


@check(
    "CORS-06",
    "challenge",
    "resource-server",
    "warn",
    "a star is not used where Fetch forbids it",
    "Fetch, CORS protocol and credentials",
    "Name the origin when credentials are allowed; a star excludes them.",
)
def star_goes_without_credentials(record: Record) -> Outcomes:
    for event in record.probes("cors-mcp", "cors-documents", "cors-endpoints"):
        exchange = event.exchange
        star = _field(exchange, "access-control-allow-origin") == "*"
        if star and _field(exchange, "access-control-allow-credentials") == "true":
            words = "Access-Control-Allow-Origin: * with credentials allowed: browsers refuse it."
            yield failed(words, at(exchange, ALLOW_ORIGIN))
            return


@check(
    "CORS-07",
    "token",
    "authorization-server",
    "error",
    "the browser is allowed the request that a page made",
    "Fetch, CORS-preflight fetch",
    "Answer OPTIONS on this endpoint with the page's origin, its method and its header fields.",
)
def recorded_preflight_allows(record: Record) -> Outcomes:
    for event in record.probes(BROWSER):
        if event.label == PREFLIGHT:
            asked = _names(event.exchange.request.headers, "access-control-request-headers")
            outcome = _preflight(event, asked, "send this request, and the browser did not")
            party: Party = "resource-server" if event.step in MCP_STEPS else "authorization-server"
            yield replace(outcome, step=event.step, party=party)
