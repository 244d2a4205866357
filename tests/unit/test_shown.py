import re

import pytest

from mlops_ci import shown
from unit.render.hostile import HOSTILE, tokens

# What GitHub acts on although no markup stands there, and what it must not find any more.
ACTED_ON = [
    ("@team and a@b.example", r"@\w"),
    ("fixes #12", r"#\d"),
    ("owner/repo#12", r"#\d"),
    ("GH-12", r"GH-\d"),
    ("https://evil.example", r"://"),
    ("www.evil.example", r"www\."),
    ("$a$", r"\$a"),
]


@pytest.mark.parametrize("hostile", [*HOSTILE, *(one for one, _ in ACTED_ON)])
def test_text_is_a_paragraph_of_text(hostile: str) -> None:
    kinds = {token.type for token in tokens(shown.text(hostile))}
    assert kinds <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}


@pytest.mark.parametrize(("hostile", "acted_on"), ACTED_ON)
def test_github_finds_nothing_to_act_on(hostile: str, acted_on: str) -> None:
    seen = "".join(token.content for token in tokens(shown.text(hostile)) if token.type.startswith("text"))
    assert re.search(acted_on, hostile)
    assert not re.search(acted_on, seen)
    assert seen.replace("\N{WORD JOINER}", "") == hostile, "people read what was written"


def test_an_entity_does_not_become_what_it_names() -> None:
    assert shown.text("&#64;team") == "&amp;#\N{WORD JOINER}64;team"


@pytest.mark.parametrize("hostile", [*HOSTILE, "a``b`", "`", "src/a_b.py:3"])
def test_code_is_one_piece_of_code(hostile: str) -> None:
    kinds = [token.type for token in tokens(shown.code(hostile))]
    assert kinds == ["paragraph_open", "inline", "code_inline", "paragraph_close"]


def test_a_path_with_underscores_is_shown_as_it_is() -> None:
    assert shown.code("src/flight_delay/data.py:3") == "`src/flight_delay/data.py:3`"


def test_what_turns_the_reading_direction_is_made_visible() -> None:
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in shown.text("a\N{RIGHT-TO-LEFT OVERRIDE}b")
