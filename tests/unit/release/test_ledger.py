from dataclasses import replace

import pytest

from mlops_ci.errors import ProgramFailed
from mlops_ci.release.ledger import Decision, Page, judge_budget, parse

DIGEST = f"sha256:{'a' * 64}"
ONE = Decision("sha256:m", "sha256:c", "sha256:r", "pass", "2026-11-22T10:00:00Z", "c" * 40)


@pytest.mark.parametrize(
    ("decisions", "code"),
    [
        (0, None),
        (159, None),
        (160, "MCI-GATE-010"),
        (199, "MCI-GATE-010"),
        (200, "MCI-GATE-011"),
        (999, "MCI-GATE-011"),
    ],
)
def test_a_budget_is_announced_at_four_fifths_and_blocks_when_it_is_spent(decisions: int, code: str | None) -> None:
    found = judge_budget(decisions, 200)
    assert (found.code if found else None) == code
    assert found is None or found.effect == ("blocks" if code == "MCI-GATE-011" else "informs")


def test_a_budget_of_one_allows_one_decision() -> None:
    assert judge_budget(0, 1) is None
    spent = judge_budget(1, 1)
    assert spent is not None
    assert spent.effect == "blocks"


def test_the_same_question_is_not_another_decision() -> None:
    page = Page(DIGEST, "1", (ONE,))
    assert page.others(*ONE.question) == 0
    assert page.others("sha256:m", "sha256:c", "sha256:other") == 1


def test_a_question_that_is_asked_again_keeps_its_number_whatever_came_since() -> None:
    page = Page(DIGEST, "1", (ONE, replace(ONE, model="sha256:n")))
    assert page.others(*ONE.question) == 0
    assert page.others("sha256:n", "sha256:c", "sha256:r") == 1
    assert page.others("sha256:new", "sha256:c", "sha256:r") == 2


def test_a_page_is_read_as_it_was_written() -> None:
    page = Page(DIGEST, "2026-11", (ONE,))
    assert parse(page.to_bytes().decode(), DIGEST) == page


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", Page("sha256:b").to_bytes().decode(), Page(DIGEST).to_bytes().decode().replace("/v1", "/v2")],
)
def test_what_is_no_page_of_this_golden_set_is_refused(text: str) -> None:
    with pytest.raises(ProgramFailed, match="no page of the ledger"):
        parse(text, DIGEST)
