"""The first walk on the lab, one line at a time: what just happened, and the key that goes on.

The lines follow from the record, so that whoever wanders off finds the right one on coming back.
"""

from __future__ import annotations

from flows.moves import Ask
from flows.walk import Walk

LAST = 7


def tour_line(walk: Walk) -> tuple[int, str]:
    """The number of the line, from 1 to `LAST`, and the line."""
    move, facts, tried = walk.current, walk.facts, walk.attempts
    if not walk.session.events:
        return 1, "Not sent yet: enter sends this request, byte for byte."
    if len(tried) == 1:
        return 2, "401, as it should be, with where the metadata is. enter goes on."
    if isinstance(move, Ask) and move.kind == "authorization-response":
        return 4, "Here a person logs in. On the lab A approves without a browser."
    if facts.response is None:
        return 3, "up and down look back; c copies as curl; a runs to the next stop."
    if facts.tokens is None:
        return 5, "The code is back and works once. e edits, enter spends it."
    if isinstance(move, Ask) and move.kind == "tool":
        return (
            7,
            "Done. Break it: f, missing-aud; r on step 9; a. ? lists all keys.",
        )
    return 6, "The token is taken apart: t goes there. a runs on to the tools."
