"""The line above the keys: what enter will do. The next move is never a surprise."""

from __future__ import annotations

from datetime import datetime

from flows.exchange import Request
from flows.facts import Facts
from flows.moves import Act, Ask, Blocked, Compose, Make, Send, Validate
from flows.session import Pairs, StepId
from flows.steps import STEP
from flows.text import duration, visible
from flows.walk import Walk
from tui.hint_keys import HintKeys
from tui.view import Item

DEFAULT = HintKeys()


def hint(
    walk: Walk,
    step: StepId,
    item: Item | None,
    now: datetime,
    edit: Request | Pairs | None = None,
    *,
    typing: bool = False,
    keys: HintKeys = DEFAULT,
) -> str:
    """Words for a walk of which `item` of `step` is on show, `edit` in place of its own. With
    `typing` a field has the focus, and takes the letters that are keys elsewhere."""
    if typing:
        return _while_typing(item, keys)
    if item and isinstance(item.move, Blocked):
        extra = f", {keys.override} goes on all the same" if item.move.can_override else ""
        if remedy := item.move.remedy:
            does = visible(remedy.label, limit=80)
            return f"✗ stopped: {keys.next}: {does}; {keys.rerun} tries again{extra}"
        return f"✗ stopped: {keys.rerun} tries this step again, {keys.back} goes back{extra}"
    move = item.move if item and item.pending else walk.current
    if move is None:
        again = f"{keys.rerun} on tools/call calls another tool"
        return f"✓ the walk is complete: {again}, {keys.save} saves"
    if isinstance(move, Blocked):
        return f"✗ stopped, {keys.next} tells more: {visible(move.reason, limit=200)}"
    if item is None or not item.pending:
        there = "what comes next" if move.step == step else STEP[move.step].title
        wrong = step == "token" and _fails(walk, "claims")  # which no act leads to
        found = f"✗ {STEP['claims'].title} found something wrong; " if wrong else ""
        return f"{found}{keys.next}: on to {there}"
    assert isinstance(move, Act)
    return _of_move(move, walk.facts, now, edit, keys)


def _fails(walk: Walk, step: StepId) -> bool:
    return any(one.step == step and one.result == "fail" for one in walk.findings)


def _while_typing(item: Item | None, keys: HintKeys) -> str:
    match item and item.move:
        case Ask(kind="authorization-response"):
            leave, then = keys.leave_answer, f"{keys.approve} approves, {keys.open} opens"
            return f"enter takes what is pasted; {leave} leaves the field, and then {then}"
        case Ask():
            return "esc leaves the form, so that the keys of the walk work"
        case _:
            back = f"{keys.leave_token} goes back to the walk"
            return f"paste any token, or type one and enter; {back}"


def _of_move(
    move: Act, facts: Facts, now: datetime, edit: Request | Pairs | None, keys: HintKeys
) -> str:
    enter = keys.next
    match move:
        case Ask(kind="authorization-response"):
            others = (
                f"{keys.paste} pastes what came back; {keys.approve} approves without a browser"
            )
            return f"{keys.open} opens the browser; {others}"
        case Ask(kind="tool"):
            return f"{enter}: choose what to call or read, and its arguments"
        case Ask(kind="input"):
            return f"{enter}: answer what the server asks; {keys.rerun} calls another tool"
        case Ask():
            return f"{enter}: give the client's identifier"
        case Send(request=own):
            request = edit if isinstance(edit, Request) else own
            words = f"{enter} sends {visible(request.method)} {visible(request.url, limit=100)}"
            if task := facts.call and facts.call.task:
                told = visible(task.words, limit=60)
                sends = f"{enter} sends {move.label}, {keys.run} goes on"
                return f"the task is {told}: {sends}; {keys.cancel} cancels it"
            return words + _code_age(move, facts, now)
        case Compose():
            return f"{enter} makes this the authorization URL; {keys.edit} edits it first"
        case Make():
            return f"{enter} takes these values; {keys.edit} edits them first"
        case Validate(name=name):
            return f"{enter} holds the result against the {name}"
        case _:
            return f"{enter} binds the loopback listener"


def until_next(facts: Facts, move: Send, now: datetime, *, keys: HintKeys = DEFAULT) -> str:
    """Words while a request waits for the time that the server asked for."""
    left = max(0.0, move.delay - (now - facts.at).total_seconds())
    task = facts.call.task if facts.call else None
    about = f"the task is {visible(task.words, limit=60)}; " if task else ""
    wait = duration(float(round(left)))
    return f"{about}{visible(move.label)} in {wait} …  {keys.cancel} cancels"


def _code_age(move: Send, facts: Facts, now: datetime) -> str:
    """How old the code is that this move would spend: codes live for minutes."""
    if move.step != "token" or facts.response is None:
        return ""
    age = max(0.0, (now - facts.response.at).total_seconds())
    return f"  with a code {duration(float(round(age)))} old"
