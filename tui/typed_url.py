"""The URL that a person means by what they typed."""

from __future__ import annotations

import re

from flows.network import reach_of
from flows.text import visible
from flows.wellknown import url_problem

_HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d+)?(?:[/?].*)?")


class UnusableUrl(ValueError):
    """What is wrong with a typed URL, in words for the person who typed it."""


def web_url(typed: str) -> str:
    """The http or https URL a person means: quotes and blanks around it fall, and a bare host gets
    a scheme (http for this machine, https for every other). Raises UnusableUrl."""
    url = typed.strip().strip("<>\"'`").strip()
    if not url:
        raise UnusableUrl("Type or paste a URL.")
    if re.search(r"\s", url):
        raise UnusableUrl("A URL has no blanks in it.")
    if "://" not in url and _HOST.fullmatch(url):
        url = f"{'http' if reach_of(f'//{url}') == 'loopback' else 'https'}://{url}"
    scheme, separator, _ = url.partition(":")
    if separator and scheme.lower() not in ("http", "https"):
        raise UnusableUrl(f"MCP servers answer over http or https, not over {scheme}:")
    if problem := url_problem(url):
        raise UnusableUrl(f"Not a URL: {problem}.")
    from flows.paste import came_back, response_in  # not needed to draw the start screen

    if response := response_in(url):
        raise UnusableUrl(f"This is {visible(came_back(response), limit=400)}")
    return url
