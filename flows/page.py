"""What a person would read of an answer that is a page, in a few words."""

from __future__ import annotations

from contextlib import suppress
from html.parser import HTMLParser

from flows.exchange import Response, media_type
from flows.text import visible

_READ = 16 * 1024
"""Bytes looked at: what explains a failure is at the top, and parsing hostile HTML takes long."""
_MOST = 120
_HIDDEN = frozenset({"head", "script", "style", "noscript", "template", "svg"})


class _Words(HTMLParser):
    """The text of the body, or what there is of it."""

    def __init__(self) -> None:
        super().__init__()
        self.title: list[str] = []
        self.body: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN or tag == "title":
            self._open.append(tag)
        elif tag == "body":
            self._open.clear()  # whatever was left open

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[self._open.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.body.append(data)
        elif self._open[-1] == "title":
            self.title.append(data)


def page_words(response: Response) -> str:
    """The first words of a web page or a plain text, in quotation marks, safe to show; "" of any
    other answer, and of a page without words."""
    kind = media_type(response.headers)
    text = response.body[:_READ].decode("utf-8", "replace")
    if kind == "text/html":
        parser = _Words()
        with suppress(AssertionError):  # what is no declaration of HTML: "<![x"
            parser.feed(text)
        text = " ".join(parser.body).strip() or " ".join(parser.title)
    elif kind != "text/plain":
        return ""
    words = " ".join(text.split())
    return f'"{visible(words, limit=_MOST)}"' if words else ""
