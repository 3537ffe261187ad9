"""`authwalk check URL...`: the health table, the findings and the verdict, for scripts and CI.

By default nothing is sent that creates state: the walk stops before a client is registered, and
the probes ask for errors. With --approve the whole walk is made first.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from flows.checks import Finding, Record
from flows.deep import Deep
from flows.diagnosis import Diagnosis
from flows.frozen import frozen
from flows.health import Component, health
from flows.moves import Ask, Blocked
from flows.network import reach_of
from flows.preflight import Row, preflight, survey
from flows.probes import PROBES
from flows.probing import Prober
from flows.registered import left_registered
from flows.session import Target
from flows.steps import STEP
from flows.text import visible
from flows.unattended import unattended
from flows.walk import Walk, new_session
from flows.wellknown import origin
from flows.wire import Wire, WireOptions
from tui.commands import PERSON, SOUND, STOPPED, UNREACHABLE, usage
from tui.commands.github import workflow_commands
from tui.commands.hosts import every_host
from tui.commands.junit import junit
from tui.commands.options import target_of, wire_options
from tui.console import Console
from tui.ending import unreachable
from tui.hosts_table import hosts_table, hosts_verdict, row_document
from tui.lines import Lines
from tui.output import STDOUT, console_of, write, write_walk
from tui.redaction import Redaction
from tui.report import finding_of, print_document

FAIL_ON = {"error": ("fail",), "warn": ("fail", "warn"), "info": ("fail", "warn", "info")}


@frozen
class Checked:
    """What came of one URL. `enough` says why not every probe was sent; `advice` what would tell
    more of the hosts, or why that could not be done; `needs` what a person must do for the walk to
    go on, where all of it was asked for; `deep` what was asked with codes and tokens of its own."""

    walk: Walk
    components: tuple[Component, ...]
    enough: str = ""
    hosts: tuple[Row, ...] = ()
    advice: tuple[str, ...] = ()
    needs: str = ""
    deep: tuple[str, ...] = ()

    @property
    def diagnosis(self) -> Diagnosis:
        return self.walk.diagnosis

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, the stop that no check says among them."""
        cause = self.diagnosis.cause
        return (*((cause,) if cause and not cause.check else ()), *self.walk.findings)

    @property
    def unreachable(self) -> bool:
        return unreachable(self.walk, self.walk.current)


def main(args: argparse.Namespace) -> int:
    if args.deep and not args.approve:
        raise usage("--deep needs --approve: its probes need codes")
    if args.register and not args.hosts:
        raise usage("--register needs --hosts: it registers a client as each of them")
    if args.hosts:
        every_host()  # a broken file is told before anything is sent
    targets = [target_of(args, url) for url in args.urls]
    options = wire_options(args).brief
    console = console_of(args)
    checked = asyncio.run(_check_all(targets, options, args, console))
    console.progress("")
    redactions = [Redaction(one.walk.session, keep=args.with_secrets) for one in checked]
    pairs = list(zip(checked, redactions, strict=True))
    if args.junit:
        write(args.junit, junit(pairs, FAIL_ON.get(args.fail_on, ())))
    if args.save:
        walk = checked[0].walk
        write_walk(args.save, walk, with_secrets=args.with_secrets, diagnosis=walk.diagnosis)
    if args.json:
        print_document({"checks": [document(*pair) for pair in pairs]})
    elif args.annotations == "github":
        write(STDOUT, workflow_commands(pairs))
        for one, redaction in pairs:
            if one.diagnosis.sound and not one.needs:  # nothing of a server's is in these lines
                _tell_verdict(one, Lines(console, redaction), console)
    else:
        for one, redaction in pairs:
            _tell(one, Lines(console, redaction), console, args)
    return _status(checked, args.fail_on)


async def _check_all(
    targets: Sequence[Target], options: WireOptions, args: argparse.Namespace, console: Console
) -> list[Checked]:
    tasks = (_check(target, options, args, console) for target in targets)
    return list(await asyncio.gather(*tasks))


async def _check(
    target: Target, options: WireOptions, args: argparse.Namespace, console: Console
) -> Checked:
    walk = Walk(new_session(target), Wire(options))
    enough = ""
    deep: list[str] = []
    try:
        await _walk(walk, approve=args.approve)
        prober = Prober(walk, observe=lambda title: console.progress(f"… {title}"))
        if not isinstance(walk.current, Blocked) or walk.current.party != "network":
            await prober.send(PROBES.values())
            if args.deep and not prober.enough:
                enough = await _deep(walk, console, deep.append)
            if args.hosts:
                enough = enough or await survey(
                    walk,
                    every_host(),
                    register=args.register,
                    observe=lambda title: console.progress(f"… {title}"),
                )
    finally:
        await walk.close()
    record = Record(walk.session, walk.facts)
    asked = args.hosts and not unreachable(walk, walk.current)
    rows = preflight(walk.session, walk.facts, every_host()) if asked else ()
    advice = tuple(_advice(walk, rows, args))
    components = health(record, walk.findings)
    needs = _needs(walk) if args.approve else ""
    return Checked(walk, components, prober.enough or enough, rows, advice, needs, tuple(deep))


def _needs(walk: Walk) -> str:
    move = walk.current
    if not isinstance(move, Ask) or move.kind == "tool":
        return ""
    return f"a person is needed at {STEP[move.step].title}: {move.prompt.rstrip('.')}"


def _advice(walk: Walk, rows: Sequence[Row], args: argparse.Namespace) -> Iterator[str]:
    url = walk.session.target.url
    if rows and reach_of(url) != "public":
        yield (
            "Hosts that call from elsewhere, as ChatGPT and Claude do, cannot reach "
            f"{origin(url)}: the marks are for the day when they can."
        )
    if any(row.cells["registration"].state == "unknown" for row in rows):
        if not args.register:
            yield "--register registers as each host, to tell the rest, and cleans up."
        elif isinstance(move := walk.current, Blocked):
            yield f"Not registered: {move.reason}"
    stops = isinstance(walk.current, Blocked)
    if rows and walk.facts.tokens is None and not (args.approve or stops):
        yield "--approve makes the whole walk, to tell what each host does with the token."


async def _deep(walk: Walk, console: Console, told: Callable[[str], None]) -> str:
    """The probes that use codes up, each of which is told; why not all were sent."""
    if walk.facts.tokens is None:
        return "the probes of --deep start from a token, and the walk has none"

    def observe(title: str) -> None:
        told(title)
        console.progress(f"… {title}")

    deep = Deep(walk, observe=observe)
    try:
        return await deep.send()
    finally:
        await deep.clean_up()


async def _walk(walk: Walk, *, approve: bool) -> None:
    """As far as nothing is created; with `approve` to the list of tools."""
    if approve:
        await unattended(walk, approve=True)
        return
    await walk.run(hold=frozenset({"client"}))
    if walk.session.target.client_id and walk.session.target.redirect_uri:
        await walk.run(hold=frozenset({"authorize"}))  # computed here, nothing is sent


def _status(checked: Sequence[Checked], fail_on: str) -> int:
    if any(one.unreachable for one in checked):
        return UNREACHABLE
    fatal = FAIL_ON.get(fail_on, ())
    results = {finding.result for one in checked for finding in one.findings}
    if any(row.refusal for one in checked for row in one.hosts):
        results.add("warn")  # what a host is known to do breaks no rule
    if results.intersection(fatal):
        return STOPPED
    return PERSON if any(one.needs for one in checked) else SOUND


def _tell(checked: Checked, lines: Lines, console: Console, args: argparse.Namespace) -> None:
    name = console.tell if len(args.urls) > 1 else console.say  # whose verdict it is
    name(*lines.head(checked.walk.session.target))
    console.say("", *lines.health(checked.components))
    told = [one for one in checked.findings if one.speaks or args.verbose]
    if told:
        console.say("", *lines.findings(told))
    if checked.hosts:
        console.say("", *hosts_table(checked.hosts, console))
        for words in checked.advice:
            console.say(*console.wrapped(visible(words), first="  ", rest=2))
    if checked.deep:
        console.say(
            "  Asked with codes and tokens of its own:", *(f"    {one}" for one in checked.deep)
        )
    console.say(*_left(checked, lines))
    if checked.enough:
        console.tell(f"  Not every probe was sent: {visible(checked.enough)}.")
    console.say(*lines.declared(checked.walk.facts))
    console.say(*console.wrapped(_judged(checked, args.verbose), first="  ", rest=2))
    console.say("")
    _tell_verdict(checked, lines, console)
    if checked.diagnosis.sound and not (args.approve or checked.walk.facts.tokens):
        console.say("  No token was asked for; --approve looks at what comes of one.")
    console.say("")


def _judged(checked: Checked, verbose: bool) -> str:
    """How much was asked and judged, so that "sound" is known for what it rests on."""
    exchanges = list(checked.walk.session.exchanges)
    results = Counter(one.result for one in checked.findings)
    probes = sum(bool(event.probe) for event in exchanges)
    idle = results["not-applicable"] + results["skipped"]
    asked = f"{len(exchanges):,} requests, {probes:,} of them probes"
    names = "" if verbose else "; --verbose names them"
    return f"{asked}; {results['pass']:,} checks passed, {idle:,} had nothing to judge{names}."


def _left(checked: Checked, lines: Lines) -> Iterator[str]:
    """The clients that are still registered, and how each could be deleted."""
    for url, clients in groupby(left_registered(checked.walk.session), lambda one: one.endpoint):
        yield f"  Left registered at {lines.shown_url(url)}:"
        listed = list(clients)
        for one in listed:
            whose = f"  {one.host}" if one.host else ""
            yield f"    {visible(one.client_id, limit=200)}{whose}"
            if one.management:
                yield f"      DELETE {lines.shown_url(one.management)}"
        if any(one.management for one in listed):
            words = "DELETE wants the registration_access_token: --save FILE --with-secrets has it."
        else:
            words = "Only its operator can delete that: the server names no way (RFC 7592)."
        yield from lines.console.wrapped(words, first="  ", rest=2)


def _tell_verdict(checked: Checked, lines: Lines, console: Console) -> None:
    refuse = hosts_verdict(checked.hosts)
    console.tell(*lines.diagnosis(checked.walk, checked.diagnosis, refuse, lacks=checked.needs))


def document(checked: Checked, redaction: Redaction) -> dict[str, Any]:
    """{url, sound, verdict, alternatives, health, findings, hosts, registered, not_sent, needs};
    `needs` is what a person must do, with --approve; `registered` the clients that still are,
    {client_id, endpoint, host, management}; `hosts`, where --hosts asked for them, are {host,
    title, refuses} and by each of COLUMNS {state, says, source}."""
    session, diagnosis = checked.walk.session, checked.diagnosis
    cause = diagnosis.cause
    document = {
        "url": session.target.url,
        "sound": diagnosis.sound and not checked.needs,
        "verdict": cause and finding_of(cause, session, redaction),
        "alternatives": [finding_of(one, session, redaction) for one in diagnosis.alternatives],
        "health": [
            {
                "component": one.name,
                "endpoint": redaction.url(one.endpoint),
                "state": one.state,
                "status": one.status or None,
                "detail": one.detail,
            }
            for one in checked.components
        ],
        "findings": [finding_of(one, session, redaction) for one in checked.findings],
        "hosts": [row_document(row) for row in checked.hosts],
        "registered": [asdict(one) for one in left_registered(session)],
        "not_sent": checked.enough or None,
        "needs": checked.needs or None,
    }
    redacted: dict[str, Any] = redaction.json(document)
    return redacted
