"""The first walk on the lab, one line at a time: what just happened, and the key that goes on.

The lines follow from the record, so that whoever wanders off finds the right one on coming back.
"""

from __future__ import annotations

from collections.abc import Mapping

from flows.moves import Blocked
from flows.session import StepId
from flows.walk import Walk
from tui.hint_keys import HintKeys

LINES: Mapping[StepId, str] = {
    "challenge": "Not sent yet: {0.next} sends this request. {0.explain} tells what for.",
    "resource-metadata": "401, as it should be, and where to read on. {0.next} reads.",
    "server-metadata": "It names who issues its tokens. {0.next} asks that server.",
    "keys": "Its endpoints and abilities. up and down look back. {0.next}.",
    "client": "The keys to check tokens with. {0.next} registers a client.",
    "pkce": "We are a client now. {0.curl} copies any request as curl. {0.next}.",
    "authorize": "The verifier stays here, its hash goes out. {0.run} runs on.",
    "callback": "Here a person logs in. On the lab {0.approve} does, without one.",
    "token": "The code is back and works once. {0.edit} edits, {0.next} spends it.",
    "connect": "The token is taken apart: {0.token} goes there. {0.run} runs on.",
    "call": "Done. Break it: {0.faults}, missing-aud; {0.rerun} on step 8; {0.approve}; {0.run}. "
    "{0.help}: keys.",
}
"""By the step that the walk stands at; {0} are the `HintKeys`."""
_SAME: Mapping[StepId, StepId] = {"claims": "connect", "refresh": "connect", "tools": "connect"}
"""Steps that have the line of another."""
STOPPED = "Stopped: read why. {0.faults} mends the lab, {0.rerun} tries the step again."
LAST = len(LINES)


def tour_line(walk: Walk, keys: HintKeys) -> tuple[int, str]:
    """The number of the line, from 1 to `LAST`, and the line."""
    move = walk.current
    step: StepId = move.step if move else "call"
    step = _SAME.get(step, step)
    line = STOPPED if isinstance(move, Blocked) else LINES[step]
    return list(LINES).index(step) + 1, line.format(keys)
