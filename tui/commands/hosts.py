"""`authwalk hosts` and `authwalk hosts show NAME`: what is known of real MCP clients, with its
evidence."""

from __future__ import annotations

import argparse
from typing import Any

from flows.hosts import Evidence, Host, HostFileError, find, hosts, own_folder
from flows.text import visible
from tui.commands import SOUND, unreadable, usage
from tui.console import table
from tui.hosts_text import fact_lines, values
from tui.spelling import hint


def main(args: argparse.Namespace) -> int:
    name = args.name or (args.show if args.show != "show" else None)
    if args.show == "show" and not name:
        raise usage("hosts show wants a name: authwalk hosts names them")
    if args.name and args.show != "show":
        raise usage(f"{visible(args.show)}: hosts show NAME tells of one host")
    if name:
        host = known_host(name)
        if args.json:
            _print({"host": document(host)})
        else:
            print(*fact_lines(host), sep="\n")
        return SOUND
    found = every_host()
    if args.json:
        _print({"hosts": [document(host) for host in found]})
        return SOUND
    rows = [(visible(host.name), _summary(host)) for host in found]
    print(*table(rows, indent=0, most=30), sep="\n")
    print(f"\nYour own files stand in {visible(str(own_folder()))}")
    return SOUND


def every_host() -> tuple[Host, ...]:
    """Raises Failure where a file cannot be used."""
    try:
        return tuple(hosts().values())
    except HostFileError as error:
        raise unreadable(visible(str(error))) from error


def known_host(name: str) -> Host:
    """The host of this name or title, in any case. Raises Failure."""
    try:
        if host := find(name):
            return host
        titled = {host.title.casefold(): host for host in hosts().values()}
        if host := titled.get(name.casefold()) or find(name.casefold()):
            return host
        known = tuple(hosts())
    except HostFileError as error:
        raise unreadable(visible(str(error))) from error
    meant = hint(name.casefold().replace(" ", "-"), known, "authwalk hosts names them")
    raise usage(f"{visible(name)} is no host: {meant}")


def document(host: Host) -> dict[str, Any]:
    """{name, title, own, values {NAME {value, source, seen, status}}, demands [{rule, …}]}."""
    return {
        "name": host.name,
        "title": host.title,
        "own": host.own,
        "values": {
            name: {"value": known.value, **_evidence(known.evidence)}
            for name, known in values(host)
        },
        "demands": [
            {"rule": one.rule, "value": one.value, **_evidence(one.evidence)}
            for one in host.demands
        ],
    }


def _print(found: dict[str, Any]) -> None:
    from tui.report import print_document

    print_document(found)


def _evidence(evidence: Evidence) -> dict[str, str]:
    return {
        "source": evidence.source,
        "seen": evidence.seen.isoformat(),
        "status": evidence.status,
    }


def _summary(host: Host) -> str:
    known, demands = sum(1 for _ in values(host)), len(host.demands)
    own = ", your own" if host.own else ""
    words = f"{known} values" + (f", {demands} demand{'s'[: demands != 1]}" if demands else "")
    return f"{visible(host.title)}: {words}{own}"
