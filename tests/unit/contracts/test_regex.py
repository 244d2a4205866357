import re
import sys
import unicodedata

import pytest

from mlops_ci.contracts.regex import to_re2

VALUES = [
    "",
    "A",
    "AB",
    "ab\n",
    "\n",
    "a\nb",
    "x y",
    "é",
    "٣",
    "3",
    "12",
    "a.b",
    "a[b",
    "2013-01-02",
    "_",
    "-",
    "\u00a0",
]
SAME = [
    r"^[A-Z]{1,2}$",
    r"^\d+$",
    r"^\w$",
    r"\s",
    r"\S\s\S",
    r"^\D*$",
    r"a\.b",
    r"a.b",
    r"^(?:A|B|\d)$",
    r"(AB|x)",
    r"^[^\d\s]$",
    r"^\d{4}-\d\d-\d{2}$",
    r"^$",
    r"a|b$",
    r"b??",
    r"[a-c.\]-]",
    r"",
]
LEFT = [
    r"(?i)a",
    r"a$|b",
    r"(?=a)",
    r"(a)\1",
    r"\bA",
    r"a++",
    r"[[:alpha:]]",
    r"(?P<n>a)",
    r"\Z",
    r"[\W]",
    r"a{,2}",
    r"x{500}",
]


@pytest.mark.parametrize("pattern", SAME)
def test_the_translated_pattern_finds_what_python_finds(pattern: str) -> None:
    import duckdb

    translated = to_re2(pattern)
    assert translated is not None
    with duckdb.connect() as connection:
        found = {
            value: connection.execute("SELECT regexp_matches(?, ?)", [value, translated]).fetchall()[0][0]
            for value in VALUES
        }
    assert found == {value: re.search(pattern, value) is not None for value in VALUES}


@pytest.mark.parametrize("pattern", LEFT)
def test_a_pattern_without_a_certain_equal_is_left_alone(pattern: str) -> None:
    assert to_re2(pattern) is None


@pytest.mark.parametrize("letter", ["d", "w", "s"])
def test_a_class_holds_the_same_letters_of_every_script(letter: str) -> None:
    import duckdb

    every = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    known = [one for one in every if unicodedata.category(one) != "Cn"]  # what this Python knows of Unicode
    mine = {one for one in known if re.match(rf"\{letter}", one)}
    query = (
        f"SELECT chr(code::INTEGER) FROM range(1, {sys.maxunicode + 1}) numbers(code)"  # noqa: S608 - numbers
        " WHERE code NOT BETWEEN 55296 AND 57343 AND regexp_matches(chr(code::INTEGER), ?)"
    )
    with duckdb.connect() as connection:
        theirs = {row[0] for row in connection.execute(query, [to_re2(rf"\{letter}")]).fetchall()}
    assert mine - theirs == set()
    assert theirs & set(known) - mine == set()
