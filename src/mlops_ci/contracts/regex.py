r"""Say a Python regular expression in RE2, or not at all: both must find the same values, `\d` in any script."""

import re

# What Python's classes hold for text, written for RE2, whose own hold ASCII only.
_CLASSES = {
    "d": r"\p{Nd}",
    "w": r"\p{L}\p{N}_",
    "s": r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}",
}
_SAME = frozenset("ntr")
_TOKEN = re.compile(
    r"(?P<escape>\\.)"
    r"|(?P<set>\[\^?(?:[^\]\[\\]|\\.)+\])"
    r"|(?P<end>\$\Z)"
    r"|(?P<repeat>(?:[*+?]|\{\d{1,2}(?:,\d{0,2})?\})\??(?![+*?]))"
    r"|(?P<open>\((?:\?:)?(?!\?))"
    r"|(?P<plain>[^\\\[\](){}*+?$])"
    r"|(?P<close>\))",
    re.DOTALL,
)


def to_re2(pattern: str) -> str | None:
    r"""Return an RE2 pattern that searches like Python's `pattern`; None when it has no certain equal.

    None are look-around, back-references, `\b`, flags, possessive repeats, and `$` anywhere but at the end.
    """
    said, position = [], 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        word = _translate(token) if token else None
        if token is None or word is None:
            return None
        said.append(word)
        position = token.end()
    return "".join(said)


def _translate(token: re.Match[str]) -> str | None:
    word = token.group()
    match token.lastgroup:
        case "end":
            return r"\n?\z"  # Python's $ also stands before a last line feed
        case "escape":
            return _escape(word[1], inside=False)
        case "set":
            negated = "^" if word.startswith("[^") else ""
            parts = re.findall(r"\\.|[^\\]", word[1 + len(negated) : -1], re.DOTALL)
            inner = [_escape(part[1], inside=True) if part[0] == "\\" else part for part in parts]
            return None if None in inner else f"[{negated}{''.join(map(str, inner))}]"
        case _:
            return word


def _escape(letter: str, *, inside: bool) -> str | None:
    if letter in _CLASSES:
        return _CLASSES[letter] if inside else f"[{_CLASSES[letter]}]"
    if letter.lower() in _CLASSES and not inside:
        return f"[^{_CLASSES[letter.lower()]}]"
    same = letter in _SAME or (letter.isascii() and not letter.isalnum())
    return f"\\{letter}" if same else None
