"""Handing a URL that a server made to the person's browser."""

from __future__ import annotations

import os
import sys

from flows.text import visible
from flows.wellknown import is_web_url


def open_in_browser(url: str | None) -> str:
    """ "" when a browser took the URL, else why not. Blocks; call it from a thread.

    Only plain http and https, as one argument and never through a shell: mcp-remote handed a
    hostile authorization_endpoint to the system's opener (CVE-2025-6514).
    """
    import webbrowser

    if not url:
        return "There is no authorization URL yet."
    if not is_web_url(url) or visible(url) != url or " " in url:
        return "This URL is no plain http or https URL; it is not handed to a browser."
    if over_ssh():
        return "No browser on this side of SSH: copy the URL with u, paste what comes back."
    try:
        opened = webbrowser.open(url)
    except webbrowser.Error:
        opened = False
    return "" if opened else "No browser could be started: copy the URL with u."


def over_ssh() -> bool:
    """Whether the person sits elsewhere, and their browser with them."""
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(os.environ.get("SSH_CONNECTION")) and not display and sys.platform != "darwin"
