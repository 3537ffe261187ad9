"""`authwalk run URL`: the whole walk, printed as it goes."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from flows.catalogue import OPTIONAL
from flows.diagnosis import Diagnosis, last_exchange
from flows.moves import Ask, Blocked, Done, Move, Send, Skipped
from flows.probes.discovery import FETCH_CLIENT_DOCUMENT
from flows.probing import Prober, ask_why
from flows.session import Event, Exchanged, Received, Reran, StepId
from flows.steps import STEP_ORDER, STEPS, numbered
from flows.steps.refusal import refused
from flows.text import visible
from flows.walk import Walk, new_session
from flows.wire import Wire
from tui.commands import Crash, Failure, usage
from tui.commands.acts import OPTIONS, Answering, Values, act_of, stance_of, subscriptions
from tui.commands.options import target_of, wire_options
from tui.commands.person import credentials, mention, response
from tui.commands.trace import Trace
from tui.console import Console
from tui.ending import Ending, ending_of, interrupted, needs_person, stopped
from tui.keeping import Keeping
from tui.lines import Lines
from tui.output import STDOUT, console_of, write_walk
from tui.record import Called, StepRow, calls, rows
from tui.redaction import Redaction
from tui.report import print_document, report

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


def main(args: argparse.Namespace) -> int:
    acts = tuple(act_of(method, text) for method, text in args.acts)
    if args.issuer_only and acts:
        option = OPTIONS[args.acts[0][0]]
        raise usage(f"{option} needs an MCP server, and --issuer-only is a walk without one")
    stance = stance_of(args.elicit, args.declare)
    target, options = target_of(args, args.url), wire_options(args)
    listen = bool(args.subscribe or args.listen)
    target = replace(target, declare=stance.declare, listen=listen)
    console = console_of(args)
    session = new_session(target)
    redaction = Redaction(session, keep=args.with_secrets)
    lines = Lines(console, redaction)
    printer = Printer(lines, lists=args.list)
    trace = Trace(args.trace, redaction) if args.trace else None
    answering = Answering(stance, console)
    walk = Walk(session, Wire(options), on_rejected=mention(console), responder=answering.respond)

    keeping = Keeping(Path(args.state_dir) / "journal" if args.state_dir else None)

    def on_event(event: Event) -> None:
        if why := keeping.keep(walk.session):
            console.tell(f"  No journal: {visible(why)}")
        redaction.learn(event)
        if trace:
            trace.write(event)
        if isinstance(event, Reran):
            printer.again(event.step)
        if isinstance(event, Received):
            console.say(*lines.notice(event))
        else:
            printer.update(walk)
        if isinstance(event, Exchanged) and event.exchange.request.method == "DELETE":
            console.say(lines.exchange(event))

    walk.on_event = on_event
    console.say(*lines.head(target))
    if args.list:
        walk.answer("tools", list=" ".join(OPTIONAL))
    try:
        ending = asyncio.run(_closing(walk, args, acts, answering, console))
    except KeyboardInterrupt:
        ending = interrupted(walk.current)
    except BaseException as error:  # of ours, or nobody reads any more: what happened is kept
        if args.save:
            save_walk(walk, args.save, args.with_secrets, Console(sys.stderr, quiet=True))
        if not isinstance(error, Exception) or isinstance(error, Failure | OSError):
            raise
        raise Crash(error, redaction.text) from None
    finally:
        if trace:
            trace.close()
    printer.finish(walk)
    console.say(*lines.declared(walk.facts))
    console.tell(*lines.ending(walk, ending))
    if ending.outcome == "unreachable" and not options.proxy:
        _mention_proxy(console)
    failure = None
    if args.save:
        failure = save_walk(walk, args.save, args.with_secrets, console, walk.diagnosis)
    if not failure:
        keeping.leave()
    if args.json:
        document = report(walk, ending, redaction)
        if failure:
            document["error"] = {"code": failure.code, "text": str(failure)}
        print_document(document)
    if failure:
        print(f"authwalk: {failure}", file=sys.stderr)
        return failure.status
    return ending.status


class Printer:
    """Prints each step once it is settled, in order, however its events arrive."""

    def __init__(self, lines: Lines, *, lists: bool) -> None:
        self._lines = lines
        self._lists = lists
        self._printed = 0
        self._called = 0
        self._phase = ""
        self._told: dict[StepId, StepRow] = {}

    def again(self, step: StepId) -> None:
        """A refused token is mended, from a step on: what comes of that is told too."""
        first = STEP_ORDER[step]
        if first < self._printed:
            self._printed = first
            self._phase = ""
            self._lines.console.say("", f"Again from {numbered(step)}")

    def update(self, walk: Walk) -> None:
        say = self._lines.console.say
        if title := self._under_way(walk.current):
            self._lines.console.progress(f"… {title}")
            return
        steps = rows(walk)
        for row in steps[self._printed :]:
            if row.step.id == "call" and row.state != "skipped":
                break
            if not row.settled:
                if row.state != "pending":
                    self._lines.console.progress(f"… {row.step.title}")
                break
            self._printed += 1
            if self._told.get(row.step.id) == row:
                continue
            self._told[row.step.id] = row
            if row.step.phase != self._phase:
                self._phase = row.step.phase
                say(*self._lines.phase(self._phase))
            say(*self._lines.step(row))
            if row.step.id == "tools" and self._lists:
                say(*self._lines.catalogue(walk.facts))
        if self._printed >= len(steps) - 1:
            called = calls(walk)
            move = walk.moves.get("call")
            # Refused for want of a better token, or asked for input, the last goes on.
            over = isinstance(move, Done) or (isinstance(move, Blocked) and move.remedy is None)
            self._calls(steps[-1], called if over else called[:-1])

    def _under_way(self, move: Move | None) -> str:
        """The title of the next step to print while it goes on; the checks can wait for its end."""
        if self._printed < len(STEPS) - 1 and isinstance(move, Send | Ask):
            step = STEPS[self._printed]
            return step.title if step.id == move.step else ""
        return ""

    def _calls(self, row: StepRow, answered: Iterable[Called]) -> None:
        for called in tuple(answered)[self._called :]:
            if called.exchanges or called.result is not None:  # of a stream yet to end
                self._lines.console.say(*self._lines.call(row, called))
            self._called += 1

    def finish(self, walk: Walk) -> None:
        self._lines.console.progress("")
        self.update(walk)
        self._calls(rows(walk)[-1], calls(walk))


async def _closing(
    walk: Walk,
    args: argparse.Namespace,
    acts: Iterable[Values],
    answering: Answering,
    console: Console,
) -> Ending:
    try:
        ending = await _walk(walk, args, acts, answering, console)
        if ending.outcome != "unreachable":
            await walk.end_session()
        return ending
    finally:
        await walk.close()


async def _walk(
    walk: Walk,
    args: argparse.Namespace,
    acts: Iterable[Values],
    answering: Answering,
    console: Console,
) -> Ending:
    if ending := await _advance(walk, args, answering, console):
        return ending
    if args.refresh and isinstance(skipped := walk.moves["refresh"], Skipped):
        says = f"--refresh could not be done: {skipped.reason}"
        return stopped(walk, Blocked("refresh", says, "client", "skipped"))
    for act in (*subscriptions(walk.facts, args.subscribe, args.listen is not None), *acts):
        if walk.facts.call is not None:
            walk.rerun("call")
        walk.answer("call", **act)
        ending = await _advance(walk, args, answering, console)
        if ending and not (walk.current and walk.current.step == "call"):
            return ending
    if args.listen:
        console.progress("… listening")
        await walk.listen(args.listen)
    return ending_of(walk)


async def _advance(
    walk: Walk, args: argparse.Namespace, answering: Answering, console: Console
) -> Ending | None:
    """Walk on until a tool may be chosen or all is done, mending a refused token on the way as a
    client would; an ending where it stops before."""
    refresh = args.refresh and walk.facts.refreshed is None
    while True:
        hold: frozenset[StepId] = frozenset({"connect"} if refresh else ())
        move = await walk.run(hold=hold, remedies=True)
        match move:
            case None | Ask(kind="tool"):
                return None
            case Blocked():
                await ask_why(walk)
                return ending_of(walk)
            case Ask(kind="input"):
                responses = answering.responses(move.requests)
                if responses is None:
                    return ending_of(walk)
                walk.answer("call", inputResponses=responses)
            case Ask(kind="client"):
                if not await credentials(walk, move, console):
                    return ending_of(walk)
            case Ask():
                if ending := await _authorize(walk, move, args, console):
                    return ending
            case _:
                refresh = False
                if isinstance(optional := walk.moves.get("refresh"), Send):
                    await walk.perform(optional)
                if ending := _refresh_failed(walk):
                    return ending


def _refresh_failed(walk: Walk) -> Ending | None:
    """The walk could go on with the token it has; asked for, the refresh is what matters."""
    failed = walk.facts.failed.get("refresh")
    return stopped(walk, refused("refresh", failed, walk.facts)) if failed else None


async def _authorize(
    walk: Walk, ask: Ask, args: argparse.Namespace, console: Console
) -> Ending | None:
    """Get the authorization response; an ending when there is none to be had."""
    if args.approve:
        console.progress("… approving")
        why = await walk.approve()
        if not why:
            return None
        if walk.facts.client and walk.facts.client.source == "CIMD":
            await Prober(walk).send([FETCH_CLIENT_DOCUMENT])  # as the server found it
        if refused := _refused(walk, why):
            return refused
        console.tell(f"  Not approved without a person: {visible(why)}.")
    if await response(walk, console, open_url=args.open, wait=args.wait):
        return None
    if args.wait or args.open:
        return needs_person(ask, "No authorization response came in time.")
    return needs_person(
        ask,
        "The authorization server wants a person, and none is at this terminal.",
        "Run this in a terminal, with --wait SECONDS and a browser on this machine, or with "
        "--approve where the server needs no person.",
    )


def _refused(walk: Walk, why: str) -> Ending | None:
    """The end when approving failed for a reason that no person can mend."""
    exchange = last_exchange(walk.session, "callback")
    if exchange is None or (exchange.status is not None and exchange.status < 400):
        return None
    if exchange.response is None:
        blocked = Blocked("callback", why, "network", "unreachable")
    else:
        says = f"The authorization endpoint answers {exchange.status} {exchange.response.reason}"
        blocked = Blocked(
            "callback",
            says.strip(),
            "authorization-server",
            str(exchange.status),
            standard="RFC 6749 §4.1.2.1",
            check="AZ-01",
        )
    return stopped(walk, blocked)


def save_walk(
    walk: Walk,
    name: str,
    with_secrets: bool,
    console: Console,
    diagnosis: Diagnosis | None = None,
) -> Failure | None:
    """Why the session could not be saved. The walk has happened, so its report still follows."""
    try:
        write_walk(name, walk, with_secrets=with_secrets, diagnosis=diagnosis)
    except Failure as failure:
        return failure
    if name != STDOUT:
        secrets = "included" if with_secrets else "redacted"
        console.say(f"  Saved to {visible(name)}, secrets {secrets}.")
    return None


def _mention_proxy(console: Console) -> None:
    if name := next((name for name in _PROXIES if os.environ.get(name)), None):
        console.tell(f"  {name} is set and was not used; --proxy URL would use it.")
