"""What the values of options mean, and what is wrong with one that means nothing."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

CAPABILITIES = ("roots", "sampling", "elicitation", "tasks")


_LEVELS = {
    **dict.fromkeys(("errors", "fail", "must"), "error"),
    **dict.fromkeys(("warning", "warnings", "should"), "warn"),
    **dict.fromkeys(("notice", "any", "all"), "info"),
    **dict.fromkeys(("none", "nothing", "off"), "never"),
}
"""Words that others use for the levels of --fail-on."""


def level(text: str) -> str:
    return _LEVELS.get(text.lower(), text.lower())


def capabilities(text: str) -> tuple[str, ...]:
    if text == "none":
        return ()
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if unknown := [name for name in names if name not in CAPABILITIES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(CAPABILITIES)}")
    return names


def seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return seconds


def time(text: str) -> datetime:
    """In UTC; without an offset it is the time of this machine."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time of ISO 8601") from None


def port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port")
