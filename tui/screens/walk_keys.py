"""The keys of the walk screen. Help and palette read them from here."""

from __future__ import annotations

from textual.binding import Binding, BindingType

KEYS: list[BindingType] = [
    Binding("enter", "next", "Next", id="walk.next", tooltip="Make the next move"),
    Binding("e", "edit", "Edit", id="walk.edit", tooltip="Edit the move before it is made"),
    Binding("r", "rerun", "Rerun", id="walk.rerun", tooltip="A new attempt of this step"),
    Binding("a", "run", "Run on", id="walk.run", tooltip="Run to the next stop"),
    Binding("x", "cancel", "Cancel", id="walk.cancel", tooltip="Cancel what is being sent"),
    Binding(
        "exclamation_mark",
        "override",
        "Go on anyway",
        id="walk.override",
        tooltip="Go on where the standard says stop",
    ),
    Binding(
        "c", "copy_curl", "Curl", id="walk.curl", tooltip="Copy as curl, secrets as $VARIABLES"
    ),
    Binding("o", "open", "Open", id="walk.open", tooltip="Open the authorization URL in a browser"),
    Binding("p", "paste", "Paste", id="walk.paste", tooltip="Paste the redirect, query or code"),
    Binding(
        "A",
        "approve",
        "Approve",
        id="walk.approve",
        tooltip="Follow the authorization URL without a browser: servers that ask no person",
    ),
    Binding("t", "token", "Token", id="walk.token", tooltip="Token and findings; paste any token"),
    Binding("s", "sequence", "Sequence", id="walk.sequence", tooltip="The walk as a diagram"),
    Binding("n", "note", "Note", False, id="walk.note", tooltip="Write a note on this step"),
    Binding("ctrl+s", "save", "Save", id="walk.save", tooltip="Save the session to a file"),
    Binding(
        "C",
        "copy_curl_secrets",
        "Curl with secrets",
        False,
        id="walk.curl-secrets",
        tooltip="Copy as curl with the real values",
    ),
    Binding(
        "u",
        "copy_url",
        "Copy URL",
        False,
        id="walk.copy-url",
        tooltip="Copy the URL of the request on show",
    ),
    Binding(
        "b",
        "back",
        "Step back",
        False,
        id="walk.back",
        tooltip="Take the last step back and do it anew",
    ),
    Binding(
        "left_square_bracket",
        "attempt(-1)",
        "Earlier attempt",
        False,
        id="walk.attempt-earlier",
        tooltip="Show the attempt before this one",
    ),
    Binding(
        "right_square_bracket",
        "attempt(1)",
        "Later attempt",
        False,
        id="walk.attempt-later",
        tooltip="Show the attempt after this one",
    ),
    Binding("f", "faults", "Faults", False, id="walk.faults", tooltip="Switch faults of the lab"),
    Binding("l", "steps", "Steps", False, id="walk.steps", tooltip="To the step list"),
    Binding("m", "middle", "Exchange", False, id="walk.middle", tooltip="To the exchange"),
    Binding(
        "z",
        "maximise",
        "Maximise",
        False,
        id="walk.maximise",
        tooltip="Give the focused pane the whole screen, or back",
    ),
]
