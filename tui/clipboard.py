"""Ways to a clipboard beside OSC 52, which the app always writes.

    tmux       its paste buffer and, by `-w`, the clipboard of the terminal around it
    desktop    the window system's own, by pyperclip, when the terminal is on this machine

Both run in a child process: pyperclip may start programs that block or write to the terminal.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from flows.text import size

TIMEOUT = 3.0
OSC_52_SAFE = 74_994
"""Bytes of text: what is longer passes 100,000 in base64, where terminals begin to cut."""
OSC_52_MOST = 1_000_000
"""Bytes of text beyond which OSC 52 is not tried: it would hold up the screen for nothing."""

_PYPERCLIP = """
import sys, pyperclip
text = sys.stdin.buffer.read().decode()
pyperclip.copy(text)
sys.exit(pyperclip.paste() != text)
"""  # read back, because pyperclip does not look at the exit codes of what it starts


def copy(text: str, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Put `text` into every clipboard that can be reached from `environ`; the names of those that
    took it. Blocks for up to twice TIMEOUT: call it in a thread."""
    data = text.encode()
    ways = []
    if environ.get("TMUX") and _runs(["tmux", "load-buffer", "-w", "-"], data, environ):
        ways.append("tmux")
    if is_local(environ) and _runs([sys.executable, "-P", "-c", _PYPERCLIP], data, environ):
        ways.append("the desktop")
    return tuple(ways)


def is_local(environ: Mapping[str, str]) -> bool:
    """Whether this machine's window system is the one the person sits at."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY") or environ.get("SSH_CLIENT"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    shown = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    return bool(shown or environ.get("WSL_DISTRO_NAME"))


def copied(text: str, ways: tuple[str, ...]) -> str:
    """What happened, in words: "copied 312 B by tmux and OSC 52"."""
    length = len(text.encode())
    if length <= OSC_52_MOST:
        ways = (*ways, "OSC 52")
    if not ways:
        return f"{size(length)} are too much for the clipboard of a terminal: save to a file"
    words = f"copied {size(length)} by {_listed(ways)}"
    if ways == ("OSC 52",) and length > OSC_52_SAFE:
        words += f"; many terminals cut that at {size(OSC_52_SAFE)}"
    return words


def _listed(words: tuple[str, ...]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def encodable(text: str) -> str:
    """`text` with lone surrogates, which no clipboard takes, as escapes."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _runs(command: list[str], data: bytes, environ: Mapping[str, str]) -> bool:
    try:
        # No pipes for its output: xclip keeps them open for as long as it owns the clipboard.
        done = subprocess.run(
            command,
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
            env=dict(environ),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
