"""Texts that would be markup if they were let, and what a renderer of GitHub's Markdown makes of a text."""

from markdown_it import MarkdownIt
from markdown_it.token import Token

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example)",
    "![picture](https://evil.example/p.png)",
    "`code` | **bold** | _more_",
    "line\n\n# heading\n\n<b>html</b>",
    "# heading",
    "- item",
    "---",
    "> quote",
    "a`b <b>c</b>",
    "&lt;b&gt;",
    "~~~\nfence",
    "```\nfence",
    "    indented",
    "\\[x](https://evil.example)",
    "<https://evil.example>",
]


def tokens(text: str) -> list[Token]:
    parsed = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text)
    return [one for token in parsed for one in (token, *(token.children or ()))]
