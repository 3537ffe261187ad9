"""Clients that a walk and its probes registered (RFC 7591), and did not delete again."""

from __future__ import annotations

from collections.abc import Iterator

from flows.documents import read_object, text_member
from flows.frozen import frozen
from flows.preflight import REGISTRATION
from flows.session import Exchanged, Session


@frozen
class Registered:
    """`endpoint` is where it was registered, `host` the host that it was registered as, None for
    the walk itself; `management` where DELETE would delete it (RFC 7592 section 2.3), with its
    registration_access_token; None where the server offers none."""

    client_id: str
    endpoint: str
    host: str | None
    management: str | None


def left_registered(session: Session) -> tuple[Registered, ...]:
    """In the order in which they were registered."""
    deleted = {
        event.exchange.request.url
        for event in session.exchanges
        if event.exchange.request.method == "DELETE" and _worked(event)
    }
    return tuple(one for one in _registered(session) if one.management not in deleted)


def _registered(session: Session) -> Iterator[Registered]:
    for event in session.exchanges:
        request, response = event.exchange.request, event.exchange.response
        if event.step != "client" or request.method != "POST" or response is None:
            continue
        members, _ = read_object(response)
        client_id = text_member(members or {}, "client_id")
        if client_id and _worked(event):
            host = event.label if event.probe == REGISTRATION else None
            manage = text_member(members or {}, "registration_client_uri")
            token = text_member(members or {}, "registration_access_token")
            management = manage if manage and token else None
            yield Registered(client_id, request.url, host, management)


def _worked(event: Exchanged) -> bool:
    return event.exchange.status is not None and 200 <= event.exchange.status < 300
