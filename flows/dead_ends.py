"""Addresses at which nobody answers, and the document that named them: an endpoint that a server's
metadata leads to, and not what the person typed."""

from __future__ import annotations

from flows.exchange import Exchange
from flows.facts import Facts
from flows.frozen import frozen
from flows.network import failing_check
from flows.session import Exchanged, Session
from flows.steps.discovery import judged
from flows.steps.resource_metadata import resource_metadata
from flows.wellknown import is_web_url, same_origin

_SILENT = ("NET-01", "NET-02", "NET-11")
"""No address, no connection or no HTTP, no answer in time."""


@frozen
class DeadEnd:
    """`member` of the document at `document` named an address where nobody answers."""

    member: str
    document: str

    @property
    def words(self) -> str:
        return f"{self.member} of {self.document} leads there."


def dead_end(session: Session, facts: Facts, event: Exchanged) -> DeadEnd | None:
    """What led to an exchange that had no answer. None where the person named the address, and
    where somebody did answer there: then it is the server or the network that is gone."""
    exchange = event.exchange
    if exchange.response is not None or failing_check(exchange) not in _SILENT:
        return None
    if _typed(exchange, facts) or _answered(exchange, session):
        return None
    if event.step == "server-metadata":
        named, member = judged(facts.resource_tried), "authorization_servers"
        found = member if named and resource_metadata(facts) else ""
    else:
        named = judged(facts.server_tried)
        found = _member(exchange.request.url, dict(named.document or {})) if named else ""
    return DeadEnd(found, named.url) if named and found else None


def _typed(exchange: Exchange, facts: Facts) -> bool:
    target = facts.target
    typed = (
        target.url,
        target.authorization_server,
        target.idp_token_url,
        target.client_metadata_url,
    )
    url = exchange.request.url
    return any(one and is_web_url(one) and same_origin(one, url) for one in typed)


def _answered(exchange: Exchange, session: Session) -> bool:
    url = exchange.request.url
    return any(
        event.exchange.response is not None and same_origin(event.exchange.request.url, url)
        for event in session.exchanges
    )


def _member(url: str, document: dict[str, object]) -> str:
    """The member of metadata that names a URL, whatever query was added to it."""
    bare = url.partition("?")[0]
    for name, value in document.items():
        if isinstance(value, str) and value.partition("?")[0] == bare:
            return name
    return ""
