import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from flows.export.page import (
    Diagram,
    Heading,
    Listing,
    Page,
    Preformatted,
    Table,
    Text,
    hypertext,
    mapped,
    markdown,
)
from flows.text import visible
from tests.hostile import HOSTILE


def page(text: str) -> Page:
    blocks = (
        Heading(text),
        Text(text),
        Table(("Name", "Value"), ((text, "x"),)),
        Listing((text,)),
        Preformatted(text, "http"),
        Diagram(text, "sequenceDiagram"),
    )
    return Page(text, blocks)


def test_a_page_as_markdown() -> None:
    assert markdown(page("plain words")) == (
        "# plain words\n\n## plain words\n\nplain words\n\n"
        "| Name | Value |\n| --- | --- |\n| plain words | x |\n\n- plain words\n\n"
        "```http\nplain words\n```\n\n"
        "```mermaid\nsequenceDiagram\n```\n\n```\nplain words\n```\n"
    )


def test_html_has_one_diagram_that_can_be_read() -> None:
    rendered = hypertext(Page("", (Diagram("drawn", "sequenceDiagram"),)))
    assert "<pre>drawn</pre>" in rendered and "sequenceDiagram" not in rendered


def read(text: str) -> list[Token]:
    """What a reader of Markdown makes of a cell with this text."""
    table = markdown(Page("x", (Table(("A",), ((text,),)),)))
    tokens = MarkdownIt().enable("table").parse(table)
    (cell,) = [tokens[at + 1] for at, one in enumerate(tokens) if one.type == "td_open"]
    return cell.children or []


def test_urls_can_be_copied_from_markdown() -> None:
    url = "https://a.example/authorize?response_type=code&state=a*b_c~d&x=[1]$"
    words, code, rest = read(f"GET {url}, then *more*")
    assert (words.content, code.type, code.content) == ("GET ", "code_inline", url)
    assert rest.content == ", then *more*"


URLS = st.lists(st.sampled_from(["https://", "`", "|", "\\", "_", "&amp;", "a", ".", " ", "<b>"]))


@given(URLS.map("".join).filter(str.strip))
def test_urls_of_any_kind_read_as_they_are(text: str) -> None:
    tokens = read(text)
    assert {token.type for token in tokens} <= {"text", "code_inline", "text_special"}
    assert "".join(token.content for token in tokens) == text.strip()


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("src", "href")]


OURS = {"html", "meta", "title", "style", "h1", "h2", "p", "table", "tr", "th", "td", "ul", "li"}


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_is_markup(text: str) -> None:
    made = page(text)
    for rendered in (markdown(made), hypertext(made)):
        assert visible(rendered, lines=True) == rendered
    tags = Tags()
    tags.feed(hypertext(made))
    assert tags.tags <= OURS | {"pre"}


@given(st.text(alphabet="`|*_<>[]()#+-~!\\\n ab"))
def test_no_text_leaves_its_place(text: str) -> None:
    lines = markdown(page(text)).partition("\n\n```mermaid\n")[0].split("\n")
    assert lines[0].startswith("# ")
    (row,) = [at for at, line in enumerate(lines) if line == "| --- | --- |"]
    assert lines[row + 1].endswith(" | x |")
    body = lines[row + 1].replace("\\\\", "").replace("\\|", "")
    assert body.count("|") == 3, "a bar in a text makes no cell"
    fence = next(line for line in lines if line.endswith("http") and line.startswith("```"))
    ticks = fence.removesuffix("http")
    assert [line for line in lines if line == ticks] == [ticks], "nothing closes it early"


def test_every_text_is_changed_before_rendering() -> None:
    made = mapped(page("a_b"), lambda text: text.replace("a_b", "gone"))
    ours = re.compile("gone|Value|Name|mermaid|sequenceDiagram")
    assert "a" not in ours.sub("", markdown(made))
    (diagram,) = mapped(Page("", (Diagram("", "a_b"),)), lambda text: text + "gone").blocks
    assert diagram == Diagram("gone", "a_bgone")
