"""Copies of real requests go to a challenger behind a real Envoy; users and counters notice nothing of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.released import BETTER, GOOD, Scene
from integration.tiny import CHALLENGER, CHAMPION, Tiny, tiny
from mlops_ci.errors import ProgramFailed
from mlops_ci.process import SystemClock
from mlops_ci.rollout.shadow import Shadow, shadow

pytestmark = pytest.mark.integration


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Tiny]:
    with tiny(tmp_path) as made:
        made.start(CHAMPION)
        yield made


def shadowed(both: Tiny, seconds: float = 3.0) -> Shadow:
    before = both.engine.counts()[CHALLENGER]
    with both.load() as load:
        found = shadow(both.engine, SystemClock(), CHAMPION, CHALLENGER, seconds=seconds, key="prediction")
    assert set(load.by_status()) == {"200"}, "nobody sees the challenger's answers"
    assert both.engine.counts()[CHALLENGER] == before, "copies count nowhere"
    assert both.engine.weights() == {CHAMPION: 100}
    assert both.engine.proxy.mirror() is None
    return found


def test_an_equal_challenger_answers_alike(both: Tiny) -> None:
    both.start(CHALLENGER)
    found = shadowed(both)
    assert found.pairs > 200
    assert (found.different, found.challenger_failed, found.refusal) == (0, 0, None)
    assert {one.verdict for one in found.measurements()} == {"pass", None}


def test_different_answers_are_counted_in_pairs(both: Tiny) -> None:
    both.start(CHALLENGER, wrong=0.3)
    found = shadowed(both)
    assert found.different / found.pairs == pytest.approx(0.3, abs=0.1)
    assert found.refusal is None, "a new model may answer otherwise"


def test_a_challenger_that_fails_every_copy_is_refused(both: Tiny) -> None:
    both.start(CHALLENGER, fail=1.0)
    found = shadowed(both)
    assert found.challenger_failed == found.pairs > 0
    assert "all of" in str(found.refusal)
    assert "fail" in {one.verdict for one in found.measurements()}


def test_without_a_request_log_there_is_nothing_to_compare(both: Tiny) -> None:
    both.start(CHALLENGER)
    both.engine.request_log(CHALLENGER).unlink()
    with pytest.raises(ProgramFailed, match="writes no request log"):
        shadow(both.engine, SystemClock(), CHAMPION, CHALLENGER, seconds=0.1, key="prediction")


def test_a_canary_with_a_shadow_step(scene: Scene) -> None:
    scene.release(GOOD)
    scene.extra = {"MLOPS_CI_CANARY__SHADOW": "2s"}
    with scene.load(100) as load:
        code, report, err = scene.run("canary", "run", "--version", BETTER)
    assert code == 0, err
    assert set(load.by_status()) == {"200"}
    shadowed = {one["name"]: one for one in report["measurements"] if one["name"].startswith("shadow")}
    assert shadowed["shadow: failed answers"]["verdict"] == "pass"
    assert 100 < shadowed["shadow: different answers"]["n"] < 300, "paired by the proxy's request id"
