"""HOST: what the host that is walked as does with the answers of discovery, where it is known to be
stricter than the standards, or where they leave the choice.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flows.acceptance import Document, refusals
from flows.audience import difference
from flows.checks.host_rules import AS, DEFAULT_PORT, RS, refused, rule
from flows.checks.kernel import Outcomes, Place, at, passed, skipped
from flows.checks.record import Record
from flows.documents import text_list, value_member
from flows.exchange import Exchange
from flows.hosts import Host
from flows.probes.resource import HOST_USER_AGENT, OURS
from flows.session import Party, StepId
from flows.steps.discovery import judged
from flows.steps.resource_metadata import covers, resource_metadata
from flows.steps.server_metadata import expected_issuer, has_none

_PARSED: tuple[tuple[StepId, Document, Party], ...] = (
    ("resource-metadata", "resource-metadata", RS),
    ("server-metadata", "server-metadata", AS),
    ("client", "client", AS),
)


@rule(
    "HOST-01",
    "server-metadata",
    AS,
    "the issuer is the one that was named, character by character",
    "Name the issuer everywhere in exactly the same characters.",
)
def issuer_is_exact(record: Record, host: Host) -> Outcomes:
    demand, wanted = host.demand("issuer"), expected_issuer(record.facts)
    found = judged(record.facts.server_tried)
    named = value_member(found.document or {}, "issuer") if found else None
    if demand is None or found is None or named is None:
        return
    place = Place(found.exchange_id, "response", "/issuer")
    same = named == wanted
    if demand.value == "normalized":
        same = normalized(named) == normalized(wanted)
    if same:
        yield passed(place)
    else:
        words = f"issuer is {named}, and {wanted} was asked for: {difference(named, wanted)}."
        yield refused(host, demand.evidence, words, "refuse another than it asked for", place)


@rule(
    "HOST-02",
    "resource-metadata",
    RS,
    "resource is the URL that is dialled",
    "Make `resource` exactly the URL that clients connect to, to the last slash.",
)
def resource_is_the_url(record: Record, host: Host) -> Outcomes:
    demand, url = host.demand("resource"), record.facts.target.url
    found = judged(record.facts.resource_tried)
    named = value_member(found.document or {}, "resource") if found else None
    if demand is None or found is None or named is None:
        return
    place = Place(found.exchange_id, "response", "/resource")
    if is_taken(named, url, demand.value):
        yield passed(place)
    else:
        words = f"resource is {named}, the URL dialled {url}: {difference(named, url)}."
        yield refused(host, demand.evidence, words, "refuse that", place)


def is_taken(resource: str, url: str, comparison: object) -> bool:
    """Whether a `resource` is taken for the server at `url`, by a comparison that a host file names
    (see `flows.hosts.reading`)."""
    match comparison:
        case "exact":
            return resource == url
        case "prefix":
            # The official SDKs compare paths as they are; a slash more is a longer path.
            shorter = len(urlsplit(resource).path) <= len(urlsplit(url).path or "/")
            return normalized(resource) == normalized(url) or (shorter and covers(resource, url))
        case "without-query":
            return normalized(resource.partition("?")[0]) == normalized(url.partition("?")[0])
        case _:
            return normalized(resource) == normalized(url)


def normalized(url: str) -> str:
    """As a browser's URL parser writes it: host in lower case, no default port, never no path."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return url
    shown = f":{port}" if port and port != DEFAULT_PORT.get(parts.scheme.lower()) else ""
    query = f"?{parts.query}" if parts.query else ""
    scheme, name = parts.scheme.lower(), parts.hostname or ""
    return f"{scheme}://{name}{shown}{parts.path or '/'}{query}"


@rule(
    "HOST-03",
    "resource-metadata",
    RS,
    "the authorization server is the first one that is named",
    "Put the authorization server that clients are to use first in authorization_servers.",
)
def the_first_server_is_used(record: Record, host: Host) -> Outcomes:
    demand, named = host.demand("first-authorization-server"), _named_servers(record)
    if demand is None or named is None:
        return
    servers, place = named
    used = expected_issuer(record.facts)
    if used != servers[0]:
        found = f"The walk used {used}; the resource metadata names {servers[0]} first."
        yield refused(host, demand.evidence, found, "use only the first", place)
    elif len(servers) > 1 and has_none(record.facts, servers[0]):
        found = f"{servers[0]}, the first of {len(servers)} authorization servers, has no metadata."
        yield refused(host, demand.evidence, found, "use only the first", place)
    else:
        yield passed(place)


@rule(
    "HOST-04",
    "resource-metadata",
    RS,
    "every authorization server that is named can be found",
    "Leave out of authorization_servers what has no metadata.",
)
def every_server_is_found(record: Record, host: Host) -> Outcomes:
    demand, named = host.demand("every-authorization-server"), _named_servers(record)
    if demand is None or named is None:
        return
    servers, place = named
    dead = [server for server in servers if has_none(record.facts, server)]
    if len(servers) == 1:
        if not dead:  # else there is nothing to walk, whoever walks
            yield passed(place)
    elif dead:
        found = f"{dead[0]}, one of {len(servers)} authorization servers, has no metadata."
        yield refused(host, demand.evidence, found, "want to find every one", place)
    else:
        yield skipped(f"{len(servers)} authorization servers are named, and one was walked")


def _named_servers(record: Record) -> tuple[tuple[str, ...], Place] | None:
    """The issuers that the resource metadata names, and where it does."""
    servers = text_list(resource_metadata(record.facts) or {}, "authorization_servers")
    tried = [one for one in record.facts.resource_tried if one.document is not None]
    if not servers or not tried:
        return None
    return tuple(servers), Place(tried[-1].exchange_id, "response", "/authorization_servers")


@rule(
    "HOST-17",
    "challenge",
    "network",
    "the host's User-Agent is let through",
    "Let this User-Agent through in the CDN or firewall in front of the MCP server.",
)
def its_user_agent_is_let_through(record: Record, host: Host) -> Outcomes:
    known = host.mcp_user_agent
    asked = _as_it_and_as_we(record, host)
    if known is None or asked is None:
        return
    its, ours = asked
    if its.status == ours.status:
        yield passed(at(its, "status"))
    elif its.status is not None and 400 <= its.status < 500 and its.status != 429:
        found = (
            f"A request as {known.value} is answered {its.status}, the same one as authwalk "
            f"{ours.status or 'not at all'}."
        )
        yield refused(host, known.evidence, found, "send that User-Agent", at(its, "status"))


def _as_it_and_as_we(record: Record, host: Host) -> tuple[Exchange, Exchange] | None:
    """The same MCP request without a token, as this host and as authwalk: a probe is the one, and
    the walk the other."""
    walked = [event.exchange for event in record.exchanges("challenge")]
    probed = {event.label: event.exchange for event in record.probes(HOST_USER_AGENT)}
    ours = probed.get(OURS)
    if walked and host.name in probed:
        return probed[host.name], ours or walked[0]
    return (walked[0], ours) if walked and ours else None


@rule(
    "HOST-18",
    "server-metadata",
    AS,
    "the parser that the host uses takes the metadata and the registration",
    "Leave out members that have no value, and send those that are required.",
)
def its_parser_takes_the_documents(record: Record, host: Host) -> Outcomes:
    if host.parser is None:
        return
    for step, document, party in _PARSED:
        for found in record.documents(step):
            if found.members is None or not 200 <= found.response.status < 300:
                continue
            told = [
                one for one in refusals(found.response, document) if one.parser == host.parser.value
            ]
            if not told:
                yield passed(at(found.exchange))
            for one in told:
                words = f"{one.reason[:1].upper()}{one.reason[1:]}: {one.version} refuses it."
                does = f"use that parser ({one.how})"
                place = at(found.exchange)
                yield refused(
                    host, host.parser.evidence, words, does, place, party=party, step=step
                )
