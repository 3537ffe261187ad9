"""A document for people as plain data, and its two renderings: Markdown and self-contained HTML.

    Page ── title
         ── blocks   Heading | Text | Table | Listing | Preformatted | Diagram

Every text in it may come from a server: both renderings make it visible and escape it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace

from flows.frozen import frozen
from flows.text import visible


@frozen
class Heading:
    text: str


@frozen
class Text:
    text: str


@frozen
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@frozen
class Listing:
    items: tuple[str, ...]


@frozen
class Preformatted:
    """Text line by line. `language` is a hint for Markdown viewers, such as "sh"."""

    text: str
    language: str = ""


@frozen
class Diagram:
    """A diagram as text, and its Mermaid source for the Markdown viewers that draw it."""

    text: str
    mermaid: str


Block = Heading | Text | Table | Listing | Preformatted | Diagram


@frozen
class Page:
    title: str
    blocks: tuple[Block, ...]


LIMIT = 2000
"""Characters of one text; a server may write a book."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~$&]|^[#+-])")
"""What Markdown obeys anywhere in a line, and what it obeys at the start of one."""
_URL = re.compile(r"(https?://[^\s\\|`<>\"]*[^\s\\|`<>\".,;:!?)])")
"""A URL in a text. It ends before what no URL holds, and a code span or a cell would obey."""


def markdown(page: Page) -> str:
    """CommonMark with GitHub's tables."""
    parts = [f"# {_escaped(page.title)}"]
    parts += [_markdown(block) for block in page.blocks]
    return "\n\n".join(parts) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text=text):
            return f"## {_escaped(text)}"
        case Text(text=text):
            return _escaped(text)
        case Listing(items=items):
            return "\n".join(f"- {_escaped(item)}" for item in items)
        case Table(head=head, rows=rows):
            lines = [_row(head), _row(tuple("---" for _ in head), escape=False)]
            return "\n".join((*lines, *(_row(row) for row in rows)))
        case Preformatted(text=text, language=language):
            return _fenced(text, language)
        case Diagram(text=text, mermaid=mermaid):
            return f"{_fenced(mermaid, 'mermaid')}\n\n{_fenced(text, '')}"


def _fenced(text: str, language: str) -> str:
    shown = visible(text, lines=True)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown.rstrip()}\n{fence}"


def _row(cells: tuple[str, ...], *, escape: bool = True) -> str:
    shown = (_escaped(cell) if escape else cell for cell in cells)
    return f"| {' | '.join(shown)} |"


def _escaped(text: str) -> str:
    """Text as it reads; URLs in code spans, where they can be copied as they are."""
    parts = _URL.split(visible(text, limit=LIMIT))
    return "".join(
        f"`{part}`" if at % 2 else _MARKDOWN.sub(r"\\\1", part) for at, part in enumerate(parts)
    )


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
  color: #1c1e21; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; }
td, th { border-bottom: 1px solid #d5d8dc; padding: .3rem .6rem .3rem 0; vertical-align: top;
  overflow-wrap: anywhere; }
pre { background: #f4f5f7; padding: .8rem; overflow-x: auto; line-height: 1.25; }
@media (prefers-color-scheme: dark) { body { color: #e4e6eb; background: #16181c; }
  td, th { border-color: #3a3d42; } pre { background: #22252a; } }
"""


def hypertext(page: Page) -> str:
    """One HTML file that loads nothing and runs nothing."""
    body = "\n".join(_hypertext(block) for block in page.blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{_html(page.title)}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{_html(page.title)}</h1>\n{body}\n</html>\n"
    )


def _hypertext(block: Block) -> str:
    match block:
        case Heading(text=text):
            return f"<h2>{_html(text)}</h2>"
        case Text(text=text):
            return f"<p>{_html(text)}</p>"
        case Listing(items=items):
            return f"<ul>{''.join(f'<li>{_html(item)}</li>' for item in items)}</ul>"
        case Table(head=head, rows=rows):
            return (
                f"<table>{_cells(head, 'th')}{''.join(_cells(row, 'td') for row in rows)}</table>"
            )
        case Preformatted(text=text) | Diagram(text=text):
            return f"<pre>{html.escape(visible(text, lines=True))}</pre>"


def _cells(cells: tuple[str, ...], tag: str) -> str:
    return f"<tr>{''.join(_cell(cell, tag) for cell in cells)}</tr>"


def _cell(cell: str, tag: str) -> str:
    return f"<{tag}>{_html(cell)}</{tag}>"


def _html(text: str) -> str:
    return html.escape(visible(text, limit=LIMIT))


def mapped(page: Page, change: Callable[[str], str]) -> Page:
    """The page with every text changed: before rendering, which may hide a text in escapes."""
    return Page(change(page.title), tuple(_mapped(block, change) for block in page.blocks))


def _mapped(block: Block, change: Callable[[str], str]) -> Block:
    match block:
        case Table(head=head, rows=rows):
            return Table(head, tuple(tuple(map(change, row)) for row in rows))
        case Listing(items=items):
            return Listing(tuple(map(change, items)))
        case Diagram(text=text, mermaid=mermaid):
            return Diagram(change(text), change(mermaid))
        case _:
            return replace(block, text=change(block.text))
