"""HOST: whether the host that is walked as gets a client and a connection: its registration, its
authentication, ports, time limits and versions (see `flows.checks.host_discovery` for the rest).
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from flows.checks.host_rules import AS, DEFAULT_PORT, RS, refused, rule
from flows.checks.kernel import Outcomes, Place, at, passed
from flows.checks.record import Record
from flows.documents import read_json, read_object, text_list, value_member
from flows.exchange import Exchange
from flows.hosts import Host, Rule
from flows.mcp.rpc import UNSUPPORTED_VERSION, read_answer
from flows.network import reach
from flows.session import Party, StepId
from flows.steps.imitation import document_url
from flows.steps.server_metadata import endpoint, server_metadata

_SECONDS: tuple[tuple[Rule, tuple[StepId, ...]], ...] = (
    ("discovery-seconds", ("resource-metadata", "server-metadata")),
    ("registration-seconds", ("client",)),
    ("token-seconds", ("token",)),
    ("refresh-seconds", ("refresh",)),
)


@rule(
    "HOST-05",
    "client",
    AS,
    "the host can get a client by itself",
    "Offer a registration_endpoint, or take Client ID Metadata Documents.",
)
def the_host_can_register(record: Record, host: Host) -> Outcomes:
    metadata, known = server_metadata(record.facts), host.registration
    tried = [one for one in record.facts.server_tried if one.document is not None]
    if metadata is None or known is None or not tried or record.facts.target.client_id:
        return
    place = Place(tried[-1].exchange_id)
    dynamic = "DCR" in known.value and endpoint(record.facts, "registration_endpoint")
    if dynamic or document_url(record.facts):
        yield passed(place)
        return
    found = (
        "The metadata has neither a registration_endpoint nor client documents that this host "
        "would use."
    )
    fine = "RFC 8414 §2"
    if "pre-registered" in known.value:
        does = "take a client that a person registered, then"
        yield refused(host, known.evidence, found, does, place, fine=fine, severity="info")
    else:
        does = f"have no other way than {' and '.join(known.value)}"
        yield refused(host, known.evidence, found, does, place, fine=fine)


@rule(
    "HOST-06",
    "client",
    AS,
    "every redirect URI of the host is registered",
    "Register every redirect URI of the request, private-use schemes (RFC 8252 §7.1) among them.",
)
def the_whole_list_is_registered(record: Record, host: Host) -> Outcomes:
    demand, exchange = host.demand("redirect-list"), _registration(record)
    if demand is None or exchange is None or exchange.response is None:
        return
    asked, _ = read_json(exchange.request.body)
    answer, _ = read_object(exchange.response)
    wanted = text_list(asked, "redirect_uris") if isinstance(asked, dict) else None
    if not wanted:
        return
    if exchange.response.status not in (200, 201) or answer is None:
        found, fine = f"The registration of its {len(wanted)} redirect URIs is refused.", ""
        place = at(exchange, "status")
    else:
        kept = text_list(answer, "redirect_uris")
        if kept is None or set(wanted) <= set(kept):
            yield passed(at(exchange))
            return
        gone = ", ".join(uri for uri in wanted if uri not in kept)
        found, fine = f"Left out of the registration: {gone}.", "RFC 7591 §3.2.1"
        place = at(exchange, "/redirect_uris")
    does = "register its whole list or nothing"
    yield refused(host, demand.evidence, found, does, place, fine=fine)


@rule(
    "HOST-07",
    "client",
    AS,
    "a registered client gets a secret",
    "Give a client_secret to clients that ask for a method with one.",
)
def a_secret_is_issued(record: Record, host: Host) -> Outcomes:
    demand, exchange = host.demand("client-secret"), _registration(record)
    answer = read_object(exchange.response)[0] if exchange and exchange.response else None
    if demand is None or exchange is None or not answer or "client_id" not in answer:
        return
    if value_member(answer, "client_secret"):
        yield passed(at(exchange, "/client_secret"))
    else:
        found, fine = "The registration brings no client_secret.", "RFC 7591 §3.2.1"
        does = "do nothing without one"
        yield refused(host, demand.evidence, found, does, at(exchange), fine=fine)


@rule(
    "HOST-08",
    "server-metadata",
    AS,
    "the host and the token endpoint have a client authentication method in common",
    "List a method that the host has in token_endpoint_auth_methods_supported.",
)
def a_method_in_common(record: Record, host: Host) -> Outcomes:
    known = host.token_endpoint_auth_methods
    listed = text_list(server_metadata(record.facts) or {}, "token_endpoint_auth_methods_supported")
    tried = [one for one in record.facts.server_tried if one.document is not None]
    if known is None or listed is None or not tried:
        return
    place = Place(tried[-1].exchange_id, "response", "/token_endpoint_auth_methods_supported")
    if set(known.value) & set(listed):
        yield passed(place)
    else:
        found = f"The token endpoint takes {', '.join(listed) or 'no method'}."
        does, fine = f"know no method but {' and '.join(known.value)}", "RFC 8414 §2"
        yield refused(host, known.evidence, found, does, place, fine=fine)


@rule(
    "HOST-13",
    "challenge",
    RS,
    "every URL is at a port that the host dials",
    "Serve this URL at the default port of https.",
)
def ports_are_dialled(record: Record, host: Host) -> Outcomes:
    demand = host.demand("port")
    if demand is None or not isinstance(demand.value, tuple):
        return
    for step, exchange in _firsts(record):
        parts = urlsplit(exchange.request.url)
        if reach(parts.hostname or "") == "loopback":
            continue  # no hosted client gets here by any port
        port = parts.port or DEFAULT_PORT.get(parts.scheme.lower())
        place = at(exchange, "url", "request")
        if str(port) in demand.value:
            yield passed(place)
        else:
            party: Party = RS if step in ("challenge", "resource-metadata") else AS
            found = f"{parts.hostname} is dialled at port {port}."
            does, fine = f"dial no port but {', '.join(demand.value)}", "RFC 9110 §4.2"
            yield refused(
                host, demand.evidence, found, does, place, fine=fine, party=party, step=step
            )


def _firsts(record: Record) -> Iterator[tuple[StepId, Exchange]]:
    """The first exchange with each host and port, and its step."""
    seen: set[str] = set()
    steps: tuple[StepId, ...] = ("challenge", "resource-metadata", "server-metadata")
    for step in (*steps, "client", "token"):
        for event in record.exchanges(step):
            authority = urlsplit(event.exchange.request.url).netloc.lower()
            if authority not in seen:
                seen.add(authority)
                yield step, event.exchange


@rule(
    "HOST-14",
    "token",
    AS,
    "every answer comes in the time that the host has for it",
    "Answer faster, or leave what takes long for later.",
)
def answers_come_in_time(record: Record, host: Host) -> Outcomes:
    for name, steps in _SECONDS:
        demand = host.demand(name)
        if demand is None or not isinstance(demand.value, int | float):
            continue
        for step in steps:
            for event in record.exchanges(step):
                took, exchange = event.exchange.timing.total, event.exchange
                if took <= demand.value:
                    yield passed(at(exchange))
                    continue
                found = f"The answer took {took:.1f} s; no standard sets a limit."
                does = f"give up after {demand.value:g} s"
                party: Party = RS if step == "resource-metadata" else AS
                place = at(exchange)
                yield refused(host, demand.evidence, found, does, place, party=party, step=step)


@rule(
    "HOST-16",
    "connect",
    "client",
    "the host and the MCP server have a protocol version in common",
    "Speak one of the host's versions too, or wait for the host to speak a newer one.",
)
def a_version_in_common(record: Record, host: Host) -> Outcomes:
    known, openings = host.protocol_versions, record.facts.openings
    if known is None or not openings or record.facts.target.protocol != "auto":
        return
    place = at(openings[-1].exchange)
    if record.facts.connection:
        yield passed(place)
    elif read_answer(openings[-1].exchange, None).code == UNSUPPORTED_VERSION:
        found, does = "The MCP server wants another version.", f"speak {', '.join(known.value)}"
        yield refused(host, known.evidence, found, does, place, fine="MCP Versioning")


def _registration(record: Record) -> Exchange | None:
    """The last registration that was answered."""
    found = [
        event.exchange
        for event in record.exchanges("client")
        if event.exchange.request.method == "POST" and event.exchange.response
    ]
    return found[-1] if found else None
