from dataclasses import replace

import pytest

from mlops_ci.errors import NothingToJudge
from mlops_ci.release.state import Release, State
from mlops_ci.rollout.journal import Unrecorded
from mlops_ci.rollout.rollback import Plan, make_plan
from unit.rollout.fakes import CHALLENGER, CHAMPION, RELEASED, with_canary

OLDEST = Release("5", f"sha256:{'5' * 64}", "e" * 40, "evidence/e.json", "2026-11-01T10:00:00Z")
MIDDLE = Release("6", f"sha256:{'6' * 64}", "f" * 40, "evidence/f.json", "2026-11-10T10:00:00Z")
PAST = [RELEASED, with_canary(replace(RELEASED, champion=MIDDLE)), replace(RELEASED, champion=OLDEST)]


def test_before_the_first_release_there_is_nothing_to_do() -> None:
    plan = make_plan(State("production", "flight-delay"), [], None)
    assert plan == Plan(None)
    assert "nothing to roll back" in plan.describe()


def test_a_bare_rollback_ends_a_canary() -> None:
    plan = make_plan(with_canary(), PAST, None)
    assert plan == Plan(CHAMPION, CHALLENGER)
    assert plan.describe() == f"All traffic to {CHAMPION.name}; the challenger {CHALLENGER.name} goes."


def test_a_bare_rollback_never_leaves_the_champion() -> None:
    plan = make_plan(RELEASED, PAST, None)
    assert plan == Plan(CHAMPION)
    assert "keeps all traffic" in plan.describe()


def test_a_judgement_that_could_not_be_recorded_is_recorded_with_it() -> None:
    plan = make_plan(
        with_canary(), PAST, None, Unrecorded(CHALLENGER.name, rejected=True, subject="Roll back v8: errors")
    )
    assert (plan.rejected, plan.why) == (True, "Roll back v8: errors")
    other = Unrecorded("v1-aa", rejected=True, subject="Roll back v1")
    assert not make_plan(with_canary(), PAST, None, other).rejected


def test_to_the_champions_own_version_ends_a_canary_too() -> None:
    assert make_plan(with_canary(), PAST, CHAMPION.version) == Plan(CHAMPION, CHALLENGER)


def test_previous_is_the_champion_before_this_one() -> None:
    plan = make_plan(RELEASED, PAST, "previous")
    assert plan == Plan(MIDDLE, CHAMPION, new_champion=True)
    assert "the champion" in plan.describe()


def test_previous_skips_what_was_rejected() -> None:
    state = replace(RELEASED, rejected=(MIDDLE.model_digest,))
    assert make_plan(state, PAST, "previous").target == OLDEST


def test_twice_previous_goes_further_back_not_forth() -> None:
    after_one = replace(RELEASED, champion=MIDDLE, rejected=(CHAMPION.model_digest,))
    assert make_plan(after_one, [after_one, *PAST], "previous").target == OLDEST


def test_a_version_is_found_by_its_number() -> None:
    assert make_plan(RELEASED, PAST, "5").target == OLDEST


@pytest.mark.parametrize(("to", "said"), [("99", "version 99 among past champions"), ("8", "version 8 among")])
def test_a_version_that_was_never_champion_is_refused(to: str, said: str) -> None:
    with pytest.raises(NothingToJudge, match=said):
        make_plan(RELEASED, PAST, to)


def test_without_an_earlier_champion_previous_is_refused() -> None:
    with pytest.raises(NothingToJudge, match="earlier champion that was not rejected"):
        make_plan(RELEASED, [RELEASED], "previous")
