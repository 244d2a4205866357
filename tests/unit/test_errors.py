from itertools import combinations

import pytest

from mlops_ci import errors
from mlops_ci.errors import MlopsCiError, worst

DOCUMENTED = {1, 2, 3, 4, 5, 10, 11, 130}


def classes() -> list[type[MlopsCiError]]:
    return [MlopsCiError, *MlopsCiError.__subclasses__()]


def test_there_is_one_class_for_each_exit_code() -> None:
    ours = [kind for kind in classes() if kind.__module__ == errors.__name__]
    assert sorted(kind.exit_code for kind in ours) == sorted(DOCUMENTED)


def test_every_headline_says_whether_a_judgement_was_made() -> None:
    for kind in classes():
        assert any(word in kind.headline for word in ("nothing was judged", "judged", "judgement")), kind


@pytest.mark.parametrize(("stronger", "weaker"), [*combinations((130, 1, 2, 10, 5, 4, 3, 11, 0), 2)])
def test_the_worse_of_two_exit_codes_wins_in_either_order(stronger: int, weaker: int) -> None:
    assert worst([stronger, weaker]) == worst([weaker, stronger]) == stronger


def test_no_exit_code_at_all_is_a_pass() -> None:
    assert worst([]) == 0
