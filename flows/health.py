"""The health table: each component of a connection, its endpoint, and how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from flows.checks import Finding, Record
from flows.documents import text_list
from flows.exchange import Exchange, header
from flows.facts import Tried
from flows.frozen import frozen
from flows.mcp.opening import telling
from flows.session import Exchanged, StepId
from flows.steps.challenge import at_wrong_url
from flows.steps.discovery import judged
from flows.steps.resource_metadata import resource_metadata
from flows.steps.server_metadata import endpoint, expected_issuer, server_metadata

State = Literal["ok", "warn", "fail", "unknown"]

_BARE = {"authorize-bare": "without parameters", "token-get": "for GET"}
"""What each probe of an endpoint leaves out, or does instead."""


@frozen
class Component:
    """One row. `status` is that of the decisive answer, or the kind of failure; "" where nothing
    was asked."""

    name: str
    endpoint: str
    state: State
    status: str
    detail: str


def health(record: Record, findings: Iterable[Finding]) -> tuple[Component, ...]:
    """Every component that the record knows of, in the order of the walk; of a browser's record
    only what is in it, as the client may have done the rest where no browser sees it."""
    rows = _Table(record, tuple(findings)).rows()
    return tuple(row for row in rows if row.status or not record.session.imported)


class _Table:
    def __init__(self, record: Record, findings: tuple[Finding, ...]) -> None:
        self._record = record
        self._facts = record.facts
        self._findings = findings

    def rows(self) -> Iterator[Component]:
        if self._record.is_mcp:
            yield self._mcp_server()
            yield self._resource_metadata()
        yield self._server_metadata()
        yield self._authorization()
        yield self._endpoint("Token", "token_endpoint", "token-get", "token", "claims")
        yield self._registration()
        yield self._keys()
        if self._facts.connection:
            yield self._tools()

    def _state(self, exchange: Exchange | None, *steps: StepId) -> State:
        """The worst that was found: in an exchange, or in whole steps."""
        if exchange is None and not steps:
            return "unknown"
        results = {
            finding.result
            for finding in self._findings
            if finding.party not in ("person", "client")
            and (
                finding.step in steps
                or (exchange and finding.place and finding.place.exchange == exchange.id)
            )
        }
        if "fail" in results or (exchange and exchange.response is None):
            return "fail"
        return "warn" if "warn" in results else "ok"

    def _mcp_server(self) -> Component:
        url, connection = self._facts.target.url, self._facts.connection
        last = telling(self._facts.openings) if self._facts.openings else None
        if connection:
            name = f"{connection.server_name} {connection.server_version}".strip()
            detail = f"{name or 'a server'}, speaks {connection.version}"
        elif last and last.status == 401:
            carried = header(last.request.headers, "authorization") is not None
            detail = "refuses the token" if carried else "wants a token"
        else:
            found = last and at_wrong_url(last)
            detail = f"{found} is at this URL" if found else _failure(last) or "not asked"
        state = self._state(last, "challenge", "connect") if last else "unknown"
        return Component("MCP server", url, state, _status(last), detail)

    def _resource_metadata(self) -> Component:
        document = resource_metadata(self._facts) or {}
        servers = text_list(document, "authorization_servers") or ()
        detail = f"names {', '.join(servers)}" if servers else ""
        tried = self._facts.resource_tried
        return self._document("Resource metadata", "resource-metadata", tried, detail)

    def _server_metadata(self) -> Component:
        metadata = server_metadata(self._facts) or {}
        detail = f"issuer {metadata['issuer']}" if metadata.get("issuer") else ""
        tried = self._facts.server_tried
        return self._document("Server metadata", "server-metadata", tried, detail)

    def _document(
        self, name: str, step: StepId, tried: tuple[Tried, ...], detail: str
    ) -> Component:
        if not tried:
            where = expected_issuer(self._facts) if step == "server-metadata" else ""
            return Component(name, where, "unknown", "", "not looked for")
        told = judged(tried) or tried[-1]
        exchange = self._record.exchange(told.exchange_id)
        state = self._state(exchange, step)
        why = told.verdict if told.objection else _failure(exchange)
        return Component(name, told.url, state, _status(exchange), detail or why)

    def _authorization(self) -> Component:
        """By what a browser recorded of it, which needs no metadata to be known."""
        name, asked = "Authorization", self._facts.authorization_url
        for event in self._record.exchanges("callback"):
            exchange = event.exchange
            if event.imported and exchange.request.url == asked:
                state = self._state(exchange)
                url = asked.partition("?")[0]
                return Component(name, url, state, _status(exchange), _came(event))
        return self._endpoint(name, "authorization_endpoint", "authorize-bare", "callback")

    def _endpoint(
        self, name: str, member: str, probe: str, step: StepId, *judged: StepId
    ) -> Component:
        """An endpoint by its probe, else by what the walk had from it. What came of a walked step,
        and of the `judged` ones that look at its answer, is the endpoint's too."""
        url = endpoint(self._facts, member)
        if url is None:
            return Component(name, "", "unknown", "", f"no usable {member} is known")
        probes, walked = self._record.probes(probe), self._record.exchanges(step)
        if not probes and not walked:
            return Component(name, url, "unknown", "", "not asked")
        event = probes[0] if probes else walked[-1]
        exchange, detail = event.exchange, _came(event)
        if probes and exchange.response:
            detail = _BARE.get(probe, "")
            if exchange.status in (400, 401, 403, 405):
                detail += ", as expected"
        state = self._state(exchange, *((step, *judged) if walked else ()))
        if state != self._state(exchange):  # by what the walk had from it
            exchange, detail = walked[-1].exchange, "what the walk had from it is found wrong"
        return Component(name, url, state, _status(exchange), detail)

    def _registration(self) -> Component:
        metadata, client = server_metadata(self._facts) or {}, self._facts.client
        url = endpoint(self._facts, "registration_endpoint")
        ways = ["dynamic registration"] if url else []
        if metadata.get("client_id_metadata_document_supported") is True:
            ways.append("Client ID Metadata Documents")
        # The client is kept where a remedy walks anew from the metadata on.
        sent = [one for one in self._record.session.exchanges if one.step == "client"]
        exchange = next((one.exchange for one in reversed(sent) if not one.probe), None)
        if not metadata:
            return Component("Registration", "", "unknown", "", "no metadata to say")
        detail = f"{client.source}, {client.token_endpoint_auth_method}" if client else ""
        detail = detail or " and ".join(ways) or "by hand alone: no registration is offered"
        state = self._state(exchange, "client") if exchange else "unknown"
        return Component("Registration", url or "", state, _status(exchange), detail)

    def _keys(self) -> Component:
        url = endpoint(self._facts, "jwks_uri")
        sent = self._record.exchanges("keys")
        exchange = sent[-1].exchange if sent else None
        keys = (self._facts.jwks or {}).get("keys")
        number = len(keys) if isinstance(keys, list) else 0
        detail = f"{number} public key{'s' if number != 1 else ''}" if number else ""
        if url is None:
            return Component("Signing keys", "", "unknown", "", "no jwks_uri is named")
        state = self._state(exchange, "keys")
        return Component(
            "Signing keys", url, state, _status(exchange), detail or _failure(exchange)
        )

    def _tools(self) -> Component:
        pages, sent = self._facts.tool_list, self._record.exchanges("tools")
        exchange = sent[-1].exchange if sent else None
        number = len(pages.tools)
        detail = f"{number} tool{'s' if number != 1 else ''}" if pages.complete else "not listed"
        state = self._state(exchange, "tools") if exchange else "unknown"
        return Component("Tools", "tools/list", state, _status(exchange), detail)


def _status(exchange: Exchange | None) -> str:
    if exchange is None:
        return ""
    return str(exchange.status or (exchange.error.kind if exchange.error else "none"))


def _came(event: Exchanged) -> str:
    """Who had the answer of an endpoint, or why there is none."""
    if event.exchange.response is None:
        return _failure(event.exchange)
    return "by the browser" if event.imported else "by the walk"


def _failure(exchange: Exchange | None) -> str:
    if exchange is None:
        return ""
    if exchange.error:
        return exchange.error.text
    return exchange.response.reason if exchange.response else ""
