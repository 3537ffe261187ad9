"""The first walk on the lab, one line at a time: what just happened, and the key that goes on.

The lines follow from the record, so that whoever wanders off finds the right one on coming back.
"""

from __future__ import annotations

from collections.abc import Mapping

from flows.moves import Blocked
from flows.session import StepId
from flows.walk import Walk

LINES: Mapping[StepId, str] = {
    "challenge": "Not sent yet: enter sends this request. i tells what for.",
    "resource-metadata": "401, as it should be, and where to read on. enter reads.",
    "server-metadata": "It names who issues its tokens. enter asks that server.",
    "keys": "Its endpoints and abilities. up and down look back. enter.",
    "client": "The keys to check tokens with. enter registers a client.",
    "pkce": "We are a client now. c copies any request as curl. enter.",
    "authorize": "Its hash goes out, the verifier stays here. a runs on.",
    "callback": "Here a person logs in. On the lab A does, without one.",
    "token": "The code is back and works once. e edits, enter spends it.",
    "connect": "The token is taken apart: t goes there. a runs on.",
    "call": "Done. Break it: f, missing-aud; r on step 9; a. ? lists keys.",
}
"""By the step that the walk stands at."""
_SAME: Mapping[StepId, StepId] = {"claims": "connect", "refresh": "connect", "tools": "connect"}
"""Steps that have the line of another."""
STOPPED = "Stopped: read why. f mends the lab, r tries the step again."
LAST = len(LINES)


def tour_line(walk: Walk) -> tuple[int, str]:
    """The number of the line, from 1 to `LAST`, and the line."""
    move = walk.current
    step: StepId = move.step if move else "call"
    step = _SAME.get(step, step)
    return list(LINES).index(step) + 1, STOPPED if isinstance(move, Blocked) else LINES[step]
