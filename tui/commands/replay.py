"""`authwalk replay SESSION`: a saved walk made again, each answer held against the recorded one."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace

from flows.compare import Comparison, Pairing
from flows.moves import Ask
from flows.rehearsal import Rehearsal
from flows.replay import Person, Replay, Unsaved
from flows.session import STEP_IDS, Session, Target
from flows.steps import STEP
from flows.text import visible
from flows.walk import Walk, new_session
from flows.wire import Wire
from tui.commands import PERSON, SOUND, STOPPED, UNREACHABLE, Failure, usage
from tui.commands.options import replayed_target, wire_options
from tui.commands.person import credentials, mention, response
from tui.commands.run import save_walk
from tui.commands.show import load_session
from tui.comparison import Comparing, Walked
from tui.console import Console
from tui.ending import ending_of
from tui.output import console_of
from tui.redaction import Redaction
from tui.report import print_document


def main(args: argparse.Namespace) -> int:
    _check(args)
    recorded = load_session(args.session)
    console = console_of(args)
    answers = _Answers(args, console)

    def progress(pairing: Pairing) -> None:
        console.progress(f"… {STEP[pairing.step].title}")

    if args.offline:
        replay: Replay = Rehearsal(recorded, on_pairing=progress)
    else:
        walk = Walk(
            _session(recorded, args), Wire(wire_options(args)), on_rejected=mention(console)
        )
        person = Person(answers.response, answers.credentials)
        replay = Replay(recorded, walk, person, only=args.step, on_pairing=progress)
    try:
        comparison = asyncio.run(replay.run())
    except Unsaved as error:
        raise _unsaved(str(error)) from error
    return _tell(replay, comparison, args, answers, console)


def _check(args: argparse.Namespace) -> None:
    """Raises Failure."""
    if args.step and args.step not in STEP_IDS:
        raise usage(f"{visible(args.step)} is no step; the steps are {' '.join(STEP_IDS)}")
    for name in ("against", "offline"):
        if args.step and getattr(args, name):
            raise usage(f"--step makes one step again where it was made, not with --{name}")
    if args.offline and args.against:
        raise usage("--offline sends nothing, to no --against")
    if args.offline and args.save:
        raise usage("--offline makes nothing that --save could write")


def _session(recorded: Session, args: argparse.Namespace) -> Session:
    """What the replay starts from: nothing, or for a step alone what the record knows."""
    target: Target = replayed_target(args, recorded.target)
    return replace(recorded, target=target) if args.step else new_session(target)


class _Answers:
    """What only a person can do, and whether they were there to do it."""

    def __init__(self, args: argparse.Namespace, console: Console) -> None:
        self._args = args
        self._console = console
        self.missed = False

    async def response(self, walk: Walk) -> str:
        why = ""
        if self._args.approve:
            self._console.progress("… approving")
            if not (why := await walk.approve()):
                return ""
        self._console.progress("")
        if await response(walk, self._console, open_url=self._args.open, wait=self._args.wait):
            return ""
        self.missed = not why
        return why or "the authorization server wants a person, and none is at this terminal"

    async def credentials(self, walk: Walk, ask: Ask) -> bool:
        given = await credentials(walk, ask, self._console)
        self.missed = not given
        return given


def _tell(
    replay: Replay,
    comparison: Comparison,
    args: argparse.Namespace,
    answers: _Answers,
    console: Console,
) -> int:
    walk, recorded = replay.walk, replay.recorded.session
    redaction = _redaction(recorded, walk.session, keep=args.with_secrets)
    comparing = Comparing(console, redaction.text)
    a = Walked(args.session, recorded)
    b = Walked("what is made today" if args.offline else "made again", walk.session)
    notes = [redaction.text(note) for note in replay.notes]
    stopped = redaction.text(replay.stopped)
    console.say(
        *comparing.lines("authwalk replay", comparison, a, b),
        *(f"  {visible(note)}" for note in notes),
        "",
    )
    if stopped:
        says = f"Not all was made again: {visible(stopped)}"
        console.tell(*console.wrapped(says, first=f"{console.mark('error')} ", rest=2))
    console.tell(comparing.verdict(comparison))
    failure = save_walk(walk, args.save, args.with_secrets, console) if args.save else None
    if args.json:
        document = comparing.document(comparison, a, b)
        document |= {"stopped": stopped or None, "notes": notes}
        print_document(document)
    if failure:
        raise failure
    if answers.missed:
        return PERSON
    if not args.offline and _unreachable(replay):
        return UNREACHABLE
    return SOUND if comparison.same else STOPPED


def _unreachable(replay: Replay) -> bool:
    """Whether this time nobody answered where somebody had."""
    now, then = (ending_of(walk).outcome for walk in (replay.walk, replay.recorded))
    return now == "unreachable" != then


def _redaction(recorded: Session, made: Session, *, keep: bool) -> Redaction:
    redaction = Redaction(made, keep=keep)
    for event in recorded.events:
        redaction.learn(event)
    return redaction


def _unsaved(what: str) -> Failure:
    says = f"{visible(what)}: the session was saved without its secrets, and this needs one of them"
    return usage(says)
