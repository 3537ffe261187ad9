"""Would each known host get through? A table of hosts, from what a walk has found out.

    registration     has the host a way to get a client, and is its whole redirect list taken
    redirect         does the authorization endpoint take each of its redirect URIs
    authentication   has it a method in common with the token endpoint
    metadata         is it let through to the metadata, and does that please it
    resource         is the resource the one that it dials
    token            does it take the token response and the token, where the walk got one

Each cell is ok, no with the reason, or unknown. Discovery alone answers most; `survey` asks for the
rest. The redirect URIs are asked for with a response type that nobody has: a server that takes the
URI says so by a redirect, and no login begins. Without a document a client must be registered for
that, which creates state: only for a person who asked, and deleted again where that is offered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal
from urllib.parse import urlencode

from flows.acceptance import refusals
from flows.checks import Finding, Record, findings
from flows.documents import read_json, read_object, text_list, text_member, value_member
from flows.exchange import Exchange, Request, header
from flows.facts import Client, Facts
from flows.frozen import frozen
from flows.hosts import Host
from flows.mcp.opening import is_refusal
from flows.oauth import error_text
from flows.probes.kernel import Probe, Variant, made_up
from flows.probes.resource import HOST_USER_AGENT, bare_request, with_fields
from flows.probing import Prober
from flows.session import Session
from flows.steps.client import registration_request
from flows.steps.imitation import document_url, redirect_uri, redirect_uris, registers
from flows.steps.resource_metadata import resource_metadata
from flows.steps.server_metadata import (
    by_origin,
    endpoint,
    expected_issuer,
    goes_on,
    issuer,
    server_metadata,
)
from flows.walk import Walk

State = Literal["ok", "no", "unknown"]
REGISTRATION = "host-registration"
REDIRECT = "host-redirect"
CLEAN_UP = "clean-up"
COLUMNS = ("registration", "redirect", "authentication", "metadata", "resource", "token")
_PORT = "49152"
"""What stands for {port}: nobody is sent there."""
_BROWSER = (("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),)
_TOKEN = ("HOST-12", "HOST-09", "HOST-10", "HOST-11")
_METADATA = ("HOST-17", "HOST-03", "HOST-04", "HOST-18", "HOST-01", "HOST-13", "HOST-14")


@frozen
class Cell:
    """`source` is where the host's rule comes from, where the cell rests on one."""

    state: State
    says: str = ""
    source: str = ""


@frozen
class Row:
    host: Host
    cells: Mapping[str, Cell]

    @property
    def refusal(self) -> Cell | None:
        """The first cell in which the host would refuse; None where there is none."""
        return next((cell for cell in self.cells.values() if cell.state == "no"), None)


def preflight(session: Session, facts: Facts, hosts: Iterable[Host]) -> tuple[Row, ...]:
    """The table, a row a host."""
    return tuple(Row(host, dict(_cells(session, as_host(facts, host), host))) for host in hosts)


async def survey(
    walk: Walk,
    hosts: Sequence[Host],
    *,
    register: bool = False,
    observe: Callable[[str], None] = lambda title: None,
    cancel: asyncio.Event | None = None,
) -> str:
    """Ask, after discovery, what the table cannot tell from it; why not all was asked, or "".
    With `register` clients are made for it."""
    prober = Prober(walk, observe=observe)
    await prober.send([user_agents(hosts)], cancel)
    if register:
        await prober.send([registrations(hosts)], cancel)
    await prober.send([redirects(walk.session, hosts)], cancel)
    if register:
        await Prober(walk).send([deletions(walk.session)])  # even of one that was cancelled
    return prober.enough


def as_host(facts: Facts, host: Host) -> Facts:
    """What was discovered, with the eyes of a host that has no client yet. Metadata that the
    standard would have refused is read on: what the host would do with it is asked here."""
    target = replace(
        facts.target,
        host=host.name,
        client_id=None,
        client_secret=None,
        client_metadata_url=None,
        token_endpoint_auth_method=None,
        redirect_uri=None,
    )
    bare = replace(
        facts,
        target=target,
        client=None,
        redirect_uri=None,
        overridden=facts.overridden | {"resource-metadata", "server-metadata"},
    )
    uri = redirect_uri(bare)
    return replace(bare, redirect_uri=uri.replace("{port}", _PORT) if uri else None)


def user_agents(hosts: Iterable[Host]) -> Probe:
    """Asks the MCP server without a token, with the User-Agent of each host where it is known."""

    def requests(facts: Facts) -> Iterator[Variant]:
        for host in hosts:
            request = bare_request(facts)
            if request and (known := host.mcp_user_agent):
                yield host.name, with_fields(request, ("User-Agent", known.value))

    return Probe(HOST_USER_AGENT, "challenge", "safe", "Is the host let through?", requests)


def registrations(hosts: Iterable[Host]) -> Probe:
    """Registers a client as each host would that would register at all."""

    def requests(facts: Facts) -> Iterator[Variant]:
        url = endpoint(facts, "registration_endpoint")
        for host in hosts:
            own = as_host(facts, host)
            if url and own.redirect_uri and registers(own) and not document_url(own):
                yield host.name, registration_request(own, url)

    return Probe(REGISTRATION, "client", "mutating", "Is the host registered?", requests)


def redirects(session: Session, hosts: Iterable[Host]) -> Probe:
    """Asks for each redirect URI of the hosts that have a client in the record of `session`, or
    need none."""

    def requests(facts: Facts) -> Iterator[Variant]:
        url = endpoint(facts, "authorization_endpoint")
        for host in hosts:
            own = as_host(facts, host)
            client = document_url(own) or _client_id(_answer(session, host))
            for uri in redirect_uris(own) if url and client else ():
                pairs = {
                    "response_type": "authwalk",
                    "client_id": client,
                    "redirect_uri": uri,
                    "state": made_up(facts, f"state {host.name}"),
                    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                    "code_challenge_method": "S256",
                }
                glue = "&" if "?" in (url or "") else "?"
                yield (
                    f"{host.name} {uri}",
                    Request("GET", f"{url}{glue}{urlencode(pairs)}", _BROWSER),
                )

    return Probe(REDIRECT, "authorize", "safe", "Is the redirect URI taken?", requests)


def deletions(session: Session) -> Probe:
    """Deletes what `registrations` made, where the server offers that (RFC 7592 section 2.3)."""

    def requests(facts: Facts) -> Iterator[Variant]:
        from flows.deep import deletion

        for event in session.exchanges:
            if event.probe != REGISTRATION or event.exchange.response is None:
                continue
            document, _ = read_object(event.exchange.response)
            client = Client(_client_id(event.exchange) or "", "DCR", document=document)
            if request := deletion(client):
                yield f"{event.label} is deleted again", request

    return Probe(CLEAN_UP, "client", "mutating", "Clean up", requests)


def _cells(session: Session, facts: Facts, host: Host) -> Iterator[tuple[str, Cell]]:
    record = Record(replace(session, target=facts.target), facts)
    found = findings(record, "host_discovery", "hosts", "host_tokens")
    told: dict[str, Finding] = {}
    for one in found:
        if one.result not in ("pass", "not-applicable"):
            told.setdefault(one.check, one)
    if server_metadata(facts) is None:
        if not facts.server_tried:
            words = "the walk ended before the authorization server was asked"
        elif goes_on(facts):
            words = "it goes on to the next authorization server, which was not asked"
        else:
            words = "no metadata of an authorization server was found"
        unknown = Cell("unknown", words)
        cells = {name: unknown for name in COLUMNS}
        cells["metadata"] = _judged(told, *_METADATA) or unknown
        cells["resource"] = _resource(facts, host, told)
        yield from cells.items()
        return
    yield "registration", _registration(session, facts, host, told)
    yield "redirect", _redirect(session, facts, host)
    yield "authentication", _authentication(facts, host, told)
    yield "metadata", _metadata(facts, host, told)
    yield "resource", _resource(facts, host, told)
    yield "token", _token(facts, told)


def _judged(told: Mapping[str, Finding], *checks: str) -> Cell | None:
    """What the checks of the host say, the first refusal before what they could not look at."""
    found = [told[name] for name in checks if name in told]
    for one in found:
        if one.speaks:
            return Cell("no", one.says, one.standard)
    skipped = (one for one in found if one.result == "skipped")
    return next((Cell("unknown", one.says) for one in skipped), None)


def _metadata(facts: Facts, host: Host, told: Mapping[str, Finding]) -> Cell:
    if judged := _judged(told, *_METADATA):
        return judged
    named, wanted = issuer(facts), expected_issuer(facts)
    if named == wanted or by_origin(facts) or host.demand("issuer"):
        return Cell("ok")
    return Cell("unknown", f"issuer is {named}, not {wanted}: how it compares that is not known")


def _registration(session: Session, facts: Facts, host: Host, told: Mapping[str, Finding]) -> Cell:
    if url := document_url(facts):
        return Cell("ok", f"by its document {url}")
    exchange = _answer(session, host)
    if exchange is not None:
        return _registered(exchange, host)
    if refusal := _judged(told, "HOST-05"):
        return refusal
    if endpoint(facts, "registration_endpoint") is None:
        return Cell("no", "the metadata names no registration_endpoint")
    return Cell("unknown", "only a registration would tell")


def _registered(exchange: Exchange, host: Host) -> Cell:
    response = exchange.response
    if response is None:
        return Cell("unknown", exchange.error.text if exchange.error else "no answer")
    asked, _ = read_json(exchange.request.body)
    wanted = text_list(asked, "redirect_uris") or () if isinstance(asked, dict) else ()
    document, problem = read_object(response)
    if response.status not in (200, 201) or document is None:
        words = error_text(document) or problem or response.reason
        of = f" of {', '.join(wanted)}" if wanted else ""
        return Cell("no", f"the registration{of} is refused with {response.status}: {words}")
    if value_member(document, "client_id") is None:
        return Cell("no", "the registration response has no client_id")
    if host.parser:
        for one in refusals(response, "client"):
            if one.parser == host.parser.value:
                says = f"{one.reason} in the registration response: {one.version} refuses it"
                return Cell("no", says, host.parser.evidence.words)
    demand = host.demand("client-secret")
    if demand and not value_member(document, "client_secret"):
        return Cell("no", "the registration brings no client_secret", demand.evidence.words)
    kept = text_list(document, "redirect_uris")
    if gone := [uri for uri in wanted if kept is not None and uri not in kept]:
        demand = host.demand("redirect-list")
        words = demand.evidence.words if demand else ""
        return Cell("no", f"left out of the registration: {', '.join(gone)}", words)
    return Cell("ok", f"{len(wanted)} redirect URI{'s'[: len(wanted) != 1]} registered")


def _redirect(session: Session, facts: Facts, host: Host) -> Cell:
    if host.redirect_uris is None:
        return Cell("unknown", "its redirect URIs are not known")
    asked = [
        (event.label.partition(" ")[2], event.exchange)
        for event in session.exchanges
        if event.probe == REDIRECT and event.label.partition(" ")[0] == host.name
    ]
    if not asked:
        return Cell("unknown", "without a client the authorization endpoint cannot be asked")
    cells = [_taken(uri, exchange) for uri, exchange in asked]
    bad = [cell for cell in cells if cell.state == "no"]
    open_ = [cell for cell in cells if cell.state == "unknown"]
    return next(iter((*bad, *open_)), Cell("ok", f"{len(cells)} taken"))


def _taken(uri: str, exchange: Exchange) -> Cell:
    """What the authorization endpoint did with a redirect URI (RFC 6749 section 4.1.2.1): an error
    comes back to one that it takes, and stays there with one that it does not."""
    response = exchange.response
    if response is None:
        return Cell("unknown", exchange.error.text if exchange.error else "no answer")
    location = header(response.headers, "location") or ""
    if 300 <= response.status < 400 and location.partition("?")[0] == uri.partition("?")[0]:
        return Cell("ok")
    said = response.body[:65536].decode("utf-8", "replace").lower()
    if 400 <= response.status < 500 and ("redirect_uri" in said or "redirect uri" in said):
        return Cell("no", f"{uri} is refused with {response.status}")
    words = error_text(read_object(response)[0]) or "and no redirect"
    return Cell("unknown", f"only a login would tell: it is answered {response.status} {words}")


def _authentication(facts: Facts, host: Host, told: Mapping[str, Finding]) -> Cell:
    if refusal := _judged(told, "HOST-08"):
        return refusal
    known = host.token_endpoint_auth_methods
    listed = text_list(server_metadata(facts) or {}, "token_endpoint_auth_methods_supported")
    if known is None:
        return Cell("unknown", "how it authenticates is not known")
    if listed is None:
        return Cell("unknown", "the metadata lists no authentication methods")
    return Cell("ok", next(method for method in known.value if method in listed))


def _resource(facts: Facts, host: Host, told: Mapping[str, Finding]) -> Cell:
    if refusal := _judged(told, "HOST-02"):
        return refusal
    named, url = value_member(resource_metadata(facts) or {}, "resource"), facts.target.url
    if named is None:
        return Cell("unknown", "there is no resource metadata")
    if named == url or host.demand("resource"):
        return Cell("ok", named)
    return Cell("unknown", f"resource is {named}: how it compares that is not known")


def _token(facts: Facts, told: Mapping[str, Finding]) -> Cell:
    if facts.tokens is None:
        return Cell("unknown", "no token was issued yet")
    if refusal := _judged(told, *_TOKEN):
        return refusal
    carried = [opening.exchange for opening in facts.openings if opening.authorized]
    if facts.connection is None and carried and is_refusal(carried[-1]):
        words = f"the MCP server refuses it with {carried[-1].status}, whoever brings it"
        return Cell("no", words)
    return Cell("ok")


def _answer(session: Session, host: Host) -> Exchange | None:
    """The last registration as this host."""
    found = [
        event.exchange
        for event in session.exchanges
        if event.probe == REGISTRATION and event.label == host.name
    ]
    return found[-1] if found else None


def _client_id(exchange: Exchange | None) -> str | None:
    if exchange is None or exchange.response is None:
        return None
    document, _ = read_object(exchange.response)
    return text_member(document or {}, "client_id")
