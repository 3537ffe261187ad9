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
from tui.view import Item


def hint(
    walk: Walk,
    step: StepId,
    item: Item | None,
    now: datetime,
    edit: Request | Pairs | None = None,
    *,
    typing: bool = False,
) -> str:
    """Words for a walk of which `item` of `step` is on show, `edit` in place of its own. With
    `typing` a field has the focus, and takes the letters that are keys elsewhere."""
    if typing:
        return _while_typing(item)
    if item and isinstance(item.move, Blocked):
        extra = ", ! goes on all the same" if item.move.can_override else ""
        if remedy := item.move.remedy:
            return f"✗ stopped: enter: {visible(remedy.label, limit=80)}; r tries again{extra}"
        return f"✗ stopped: r tries this step again, b goes back{extra}"
    move = item.move if item and item.pending else walk.current
    if move is None:
        return "✓ the walk is complete: r on tools/call calls another tool, ctrl+s saves"
    if isinstance(move, Blocked):
        return f"✗ stopped, enter tells more: {visible(move.reason, limit=200)}"
    if item is None or not item.pending:
        return f"enter: on to {'what comes next' if move.step == step else STEP[move.step].title}"
    assert isinstance(move, Act)
    return _of_move(move, walk.facts, now, edit)


def _while_typing(item: Item | None) -> str:
    match item and item.move:
        case Ask(kind="authorization-response"):
            return "enter takes what is pasted; esc leaves the field, and then A approves, o opens"
        case Ask():
            return "esc leaves the form, so that the keys of the walk work"
        case _:
            return "paste or type any token; esc goes back to the walk"


def _of_move(move: Act, facts: Facts, now: datetime, edit: Request | Pairs | None) -> str:
    match move:
        case Ask(kind="authorization-response"):
            return "o opens the browser; p pastes what came back; A approves without a browser"
        case Ask(kind="tool"):
            return "enter: choose what to call or read, and its arguments"
        case Ask(kind="input"):
            return "enter: answer what the server asks; r calls another tool"
        case Ask():
            return "enter: give the client's identifier"
        case Send(request=own):
            request = edit if isinstance(edit, Request) else own
            words = f"enter sends {visible(request.method)} {visible(request.url, limit=100)}"
            if task := facts.call and facts.call.task:
                told = visible(task.words, limit=60)
                return f"the task is {told}: enter sends {move.label}, a goes on; x cancels it"
            return words + _code_age(move, facts, now)
        case Compose():
            return "enter makes this the authorization URL; e edits it first"
        case Make():
            return "enter takes these values; e edits them first"
        case Validate(name=name):
            return f"enter holds the result against the {name}"
        case _:
            return "enter binds the loopback listener"


def until_next(facts: Facts, move: Send, now: datetime) -> str:
    """Words while a request waits for the time that the server asked for."""
    left = max(0.0, move.delay - (now - facts.at).total_seconds())
    task = facts.call.task if facts.call else None
    about = f"the task is {visible(task.words, limit=60)}; " if task else ""
    return f"{about}{visible(move.label)} in {duration(float(round(left)))} …  x cancels"


def _code_age(move: Send, facts: Facts, now: datetime) -> str:
    """How old the code is that this move would spend: codes live for minutes."""
    if move.step != "token" or facts.response is None:
        return ""
    age = max(0.0, (now - facts.response.at).total_seconds())
    return f"  with a code {duration(float(round(age)))} old"
