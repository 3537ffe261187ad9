"""Text as a hostile server might send it, for every test that shows server text somewhere."""

from __future__ import annotations

HOSTILE: tuple[str, ...] = (
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H cleared",
    "\x1b[?1049h other screen",
    "\x1b]0;title\x07",
    "\x1b]52;c;cm0gLXJmIH4=\x07",  # OSC 52: writes the clipboard
    "\x1b]8;;https://evil.example\x1b\\https://good.example\x1b]8;;\x1b\\",  # OSC 8: hyperlink
    "\x1bP+q544e\x1b\\",  # DCS: asks the terminal to answer on stdin
    "\x1b[6n\x05",  # cursor report and ENQ, answered as if typed
    "\x9b31mred\x9b0m",  # the one-character CSI of C1
    "\x9d52;c;aGk=\x9c",
    "over\rwritten",
    "back\b\b\b\bspace",
    "bell\x07 del\x7f nul\x00end",
    "two\nlines\r\nand\x0bmore\x0c",
    "\ttab\tseparated",
    "https://good.example/\u202egnp.elpmaxe.live",
    "\u2066isolate\u2069 \u200emark\u200f \u061cletter",
    "ze\u200bro\u200cwi\u200ddth\u2060\ufeff",
    "line\u2028paragraph\u2029end\u0085next",
    "hid\U000e0068\U000e0069\U000e007f",  # tag characters: words only a machine reads
    "a\ufe0f\ufe0eb\U000e0100c",  # variation selectors can carry bytes
    "soft\xadhyphen \u3164filler \u115f\u1160",
    "lone \ud800 surrogate \udfff",
    "\ufffe\uffff\ufdd0 noncharacters \U0001fffe",
    "[@click=app.quit]x[/]",
    "[@click=app.bell]x[/@click]",
    "[/x]",
    "[/]",
    "[bold",
    "[bold]b[/bold] [link=https://evil.example]l[/link] [on red]x",
    "\\[escaped] [[double]]",
    "$PATH ${HOME} `id` $(id) %s {0} {x!r}",
    "'; rm -rf ~; echo '",
    "<script>alert(1)</script> </pre> <!-- ![x](https://evil.example/x.png)",
    "| a | b |\n```\n# heading",
    "全角文字と한국어 עברית العربية",
    "e\u0301 Z\u0351\u036b\u0343\u036a\u0302 a" + "\u0300" * 40,
    "👩\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e007f ❤\ufe0f 🇩🇪",
    "",
    " ",
    "\x00",
    "x" * 10_000,
    "\x1b" * 2_000,
    "word " * 2_000,
)
