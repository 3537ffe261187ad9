"""Words that change often: drawn again, and laid out anew, only when they need it."""

from __future__ import annotations

from textual.content import Content, Span
from textual.widgets import Static


class Words(Static):
    """Textual draws a Static at each update, and lays out the whole screen; here only where the
    words are others, or take other lines."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._said: tuple[str, list[Span]] = "", []

    def say(self, words: Content) -> None:
        said = words.plain, list(words.spans)
        if said == self._said:
            return
        self._said = said
        width, height = self.size
        fits = bool(width) and len(words.wrap(width)) == height
        self.update(words, layout=self.styles.auto_dimensions and not fits)
